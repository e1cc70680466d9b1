"""A run from its start to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from rich.text import Text
from starlette.types import ASGIApp

from karst_local import database, demo, mount
from karst_local.authority import certificates
from karst_local.databases import prepare_databases
from karst_local.faults import Exit, LocalError
from karst_local.logs import log_to
from karst_local.next_steps import Address, DemoLogin, next_steps
from karst_local.options import Options
from karst_local.people import AuthHere, auth_here, first_people
from karst_local.ports import free_port
from karst_local.progress import Progress, counted
from karst_local.reconciling import reconcile_here
from karst_local.server import Listener, Stop, drain, listen, stopping_on_signals, until_first
from karst_local.services import Declared, declared_services
from karst_local.state import NEEDED_BYTES, NEEDED_WITHOUT_DATABASE_BYTES, State, open_state, write_private
from karst_local.wiring import AUTH, make_services, signing_key, told_to, variables

CLIO = "clio"
_CATALOG = "/v2/datasets"


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where it listens."""

    address: Address
    listeners: tuple[Listener, ...]


class _Run:
    """One run; its methods stand in the order in which they are done."""

    def __init__(self, options: Options, progress: Progress, state: State) -> None:
        self._options, self._progress, self._state = options, progress, state

    async def serve(self, stop: Stop) -> Exit:
        """Start everything, serve until stopped, end in good order."""
        declared = declared_services(self._options.services)
        clio = next((one for one in declared if one.name == CLIO), None)
        places = self._places()
        write_private(self._state.datasets, self._options.deployment.datasets_json(places.address.https))
        async with self._database() as (dsn, server):
            await self._migrate(dsn, declared)
            login = await self._first_user(dsn) if clio is not None and self._options.is_loopback else None
            known = variables(self._options, self._state, places.address, dsn)
            here = self._auth(declared, known)
            with self._progress.step("Services") as step:
                services = await make_services(declared, known, login, here)
                step.note = ", ".join(one.declared.name for one in services)
            async with mount.started(services):
                app = mount.NothingKept(mount.Mounted(services))
                cave = None
                if here is not None:
                    await reconcile_here(app, here, declared, self._state, known, self._progress)
                    cave = await self._people(here)
                guarded = mount.OnlyThisMachine(app) if self._options.is_loopback else app
                path = clio.prefix + _CATALOG if clio is not None else None
                shown = next_steps(places.address, login, path, _elapsed_s(), cave=cave)
                return await self._listen(guarded, places, server, stop, shown)

    def _places(self) -> _Places:
        options = self._options
        port = free_port(options.host, options.port, "--port")
        https_port = free_port(options.host, options.https_port, "--https-port")
        made = certificates(self._state.subfolder("authority"), options.name)
        name = f"[{options.name}]" if ":" in options.name else options.name
        address = Address(http=f"http://{name}:{port}", https=f"https://{name}:{https_port}", bundle=made.bundle)
        self._state.announce(address.http)
        return _Places(
            address=address,
            listeners=(
                Listener(host=options.host, port=port),
                Listener(host=options.host, port=https_port, certificate=made.certificate, key=made.key),
            ),
        )

    @asynccontextmanager
    async def _database(self) -> AsyncGenerator[tuple[str, database.Server | None]]:
        if self._options.dsn:
            yield self._options.dsn, None
            return
        server = database.embedded(self._state.postgres)
        with self._progress.step("PostgreSQL, for the first time" if self._state.is_new else "PostgreSQL"):
            dsn = await database.start(server)
        try:
            yield dsn, server
        finally:
            await asyncio.to_thread(server.stop)

    async def _migrate(self, dsn: str, declared: tuple[Declared, ...]) -> None:
        with self._progress.step("Schema") as step:
            steps = await database.prepare(dsn) + await prepare_databases(dsn, declared)
            step.note = counted(steps, "migration") if steps else "up to date"

    async def _first_user(self, dsn: str) -> DemoLogin:
        with self._progress.step("Datasets and first user") as step:
            seeded = await demo.seed_database(dsn, self._options.deployment)
            step.note = f"{counted(seeded.changed, 'document')} written" if seeded.changed else "as declared"
        token = demo.token(self._state, signing_key(self._options, self._state), seeded.owner)
        return DemoLogin(email=self._options.deployment.owner, token=token)

    def _auth(self, declared: tuple[Declared, ...], known: Mapping[str, str]) -> AuthHere | None:
        service = next((one for one in declared if one.name == AUTH), None)
        if service is None:
            return None
        return auth_here(told_to(service, known), self._state, is_loopback=self._options.is_loopback)

    async def _people(self, here: AuthHere) -> DemoLogin | None:
        if not self._options.is_loopback:
            return None
        with self._progress.step("People"):
            token = await first_people(here, self._state, self._options.deployment)
        return DemoLogin(email=self._options.deployment.owner, token=token)

    async def _listen(
        self,
        app: ASGIApp,
        places: _Places,
        server: database.Server | None,
        stop: Stop,
        shown: list[Text],
    ) -> Exit:
        servers = listen(app, places.listeners)
        running = [asyncio.create_task(one.serve()) for one in servers]
        await asyncio.sleep(0)  # they bind now
        self._progress.show(*shown)
        watch = [database.Watch(server, self._progress).run()] if server is not None else []
        try:
            await until_first(stop.asked.wait(), *(_ended(one) for one in running), *watch)
        finally:
            self._progress.show("Finishing open requests; Ctrl-C again stops at once.")
            code = await drain(servers, running, stop)
        return code


async def run(options: Options, progress: Progress) -> Exit:
    """Start everything, serve until stopped, and end in good order. Raises LocalError."""
    if not options.is_loopback and options.environment.get("TEST_USER"):
        raise LocalError(
            Exit.USAGE, "TEST_USER lets anybody in, and other machines could connect. Unset it, or leave out --host"
        )
    needed = NEEDED_WITHOUT_DATABASE_BYTES if options.dsn else NEEDED_BYTES
    name = options.deployment.name
    with open_state(options.state, deployment=name, is_fresh=options.is_fresh, needed_bytes=needed) as state:
        log_to(state.log, options.environment.get("KARST_LOG_LEVEL", "INFO"))
        if state.was_cut_off:
            progress.warn("The last run was cut off; what it had committed is there.")
        async with stopping_on_signals() as stop:
            try:
                return await _Run(options, progress, state).serve(stop)
            except LocalError:
                if not stop.asked.is_set():
                    raise
                # Ctrl-C reaches the programs that we run as well: what they say then is no fault.
                return Exit.INTERRUPTED


def _elapsed_s() -> float:
    """Seconds since the command was given: `karst up` became this process."""
    return time.time() - psutil.Process().create_time()


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)
