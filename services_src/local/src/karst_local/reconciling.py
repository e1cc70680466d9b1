"""What the deployment declares, made in auth and info as a deployment's last job makes it: by their API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp

from karst_local.faults import Exit, LocalError
from karst_local.people import AuthHere
from karst_local.progress import Progress, counted
from karst_local.services import Declared
from karst_local.state import State
from karst_reconcile.calls import Calls, printable
from karst_reconcile.document import read_file
from karst_reconcile.faults import ReconcileError
from karst_reconcile.run import Order, Outcome, reconcile
from karst_reconcile.secret_store import Folder
from karst_reconcile.steps import Verb

INFO = "info"
_HOST = "http://localhost"
_START_S = 60
_LOOK_S = 0.05


async def reconcile_here(
    app: ASGIApp,
    here: AuthHere,
    declared: tuple[Declared, ...],
    state: State,
    known: Mapping[str, str],
    progress: Progress,
) -> None:
    """Make what is declared, in this process. Raises LocalError.

    What people made by hand stays, and so does what is no longer declared.
    """
    await _started(here)
    prefixes = {one.name: one.prefix for one in declared}
    with progress.step("Declared datasets") as step:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, timeout=_START_S, trust_env=False) as client:
            try:
                outcome = await reconcile(_order(client, prefixes, state, known), lambda _: None, lambda _: None)
            except ReconcileError as error:
                raise LocalError(Exit.USAGE, f"what is declared can't be made: {error}") from error
        step.note = f"{counted(len(outcome.done), 'change')}" if outcome.done else "as declared"
    _tell(outcome, progress)


def _order(client: httpx.AsyncClient, prefixes: Mapping[str, str], state: State, known: Mapping[str, str]) -> Order:
    document, token = read_file(state.datasets), known["KARST_RECONCILE_TOKEN"]

    def calls(name: str) -> Calls:
        return Calls(client, name, _HOST + prefixes[name], token, document.deployment, _START_S)

    return Order(
        document=document,
        auth=calls("auth"),
        info=calls(INFO) if INFO in prefixes else None,
        store=Folder(state.subfolder("tokens")),
    )


async def _started(here: AuthHere) -> None:
    """Until auth has done what each of its starts does first."""
    missing: str | None = None
    for _ in range(int(_START_S / _LOOK_S)):
        missing = here.auth.start.missing()
        if missing is None:
            return
        await asyncio.sleep(_LOOK_S)
    raise LocalError(Exit.DATABASE, f"auth doesn't start: {missing}")


def _tell(outcome: Outcome, progress: Progress) -> None:
    for each in outcome.plan:
        if each.verb in (Verb.CONFLICT, Verb.KEEP):
            progress.warn(printable(f"{each.title}: {each.detail}"))
    for each, why in outcome.failed:
        progress.warn(printable(f"{each.title} was refused: {why}"))
