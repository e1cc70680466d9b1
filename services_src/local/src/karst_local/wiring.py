"""Gives services what they declare to need, and the front page what it shows of the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from karst_landing import Demo
from karst_local import mount
from karst_local.databases import database_of
from karst_local.next_steps import Address, DemoLogin
from karst_local.options import Options
from karst_local.people import AuthHere, declare_owner
from karst_local.services import Declared, Service, make_service
from karst_local.state import State

AUTH = "auth"
"""The one service that knows who calls the others."""
LANDING = "landing"
"""The one service that learns of the others."""
_BUCKETS = {"CLIO_SUBVOL_BUCKET": "subvolumes", "SIG_BUCKET": "signatures", "TRANSFER_DEST": "transfer"}
"""Names of buckets, which are folders here."""


def signing_key(options: Options, state: State) -> str:
    """The key of tokens. Beyond this machine it is another one, so that a demo token opens nothing there."""
    return state.secret("signing-key" if options.is_loopback else "signing-key-open")


def variables(options: Options, state: State, address: Address, dsn: str) -> dict[str, str]:
    """Settings by variable; a service gets those that it declares. The shell may say where cut-outs and the like go."""
    host, listed = address.https.partition("://")[2], options.environment.get("KARST_SIGN_IN_ORIGINS", "")
    return {
        **_BUCKETS,
        **options.environment,
        "AUTH_SECRET_KEY": state.secret("auth-secret-key"),
        "AUTH_URL": f"{host}/auth",
        "KARST_AUTH_DECLARED": declare_owner(state, options.deployment),
        "KARST_SIGN_IN_ORIGINS": ",".join(filter(None, (listed, address.http, address.https))),
        "STICKY_AUTH_URL": f"{host}/sticky_auth",
        "KARST_BUCKETS": str(state.subfolder("buckets")),
        "FLYEM_SECRET": signing_key(options, state),
        "KARST_GLOBAL_HOST": host,
        "KARST_DATASETS": str(state.datasets),
        "KARST_DEPLOYMENT": options.deployment.title,
        "KARST_HOST": address.http,
        "KARST_METRICS_FROM": "127.0.0.0/8,::1/128",
        "KARST_POSTGRES_DSN": dsn,
        "KARST_RECONCILE_TOKEN": state.secret("reconcile-token"),
        # One's own machine is not taken away from anybody.
        "KARST_RATE_PER_ADDRESS": "0",
        "KARST_RATE_PER_USER": "0",
        "KARST_SEARCH_FILE": str(state.folder / "search.duckdb"),
        "KARST_SHOW_ALL_DATASETS": str(options.is_loopback).lower(),
        "KARST_STATE": str(state.folder),
        "OWNER": options.deployment.owner,
    }


async def make_services(
    declared: tuple[Declared, ...], known: Mapping[str, str], login: DemoLogin | None, here: AuthHere | None = None
) -> list[Service]:
    """Make all services; the front page last, for it shows the others. Raises LocalError.

    Those that ask auth ask the one `here`, where there is one.
    """
    extras: dict[str, object] = {"authority": here.auth.needs.authority} if here is not None else {}
    of_auth: dict[str, object] = {"auth": here.auth, "demo": here.demo} if here is not None else {}
    services = [
        make_service(one, told_to(one, known), **(of_auth if one.name == AUTH else extras))
        for one in declared
        if one.name != LANDING
    ]
    front = [one for one in declared if one.name == LANDING]
    if not front:
        return services
    told = {**known, "KARST_SERVICES": await _links(services)}
    demo = Demo(email=login.email, token=login.token) if login is not None else None
    return [*services, make_service(front[0], told, demo=demo, health=partial(mount.health, services))]


def told_to(service: Declared, known: Mapping[str, str]) -> dict[str, str]:
    """What one service is told: where it stands, and the address of its own database where it has one."""
    told = {**known, "URL_PREFIX": service.prefix}
    for store in service.databases:
        told["KARST_POSTGRES_DSN"] = database_of(known["KARST_POSTGRES_DSN"], store)
    return told


async def _links(services: list[Service]) -> str:
    pages = await mount.api_pages(services)
    return json.dumps(
        [
            {
                "name": one.declared.name,
                "description": one.declared.description,
                "url": f"{one.declared.prefix}/",
                **({"api": pages[one.declared.name]} if one.declared.name in pages else {}),
            }
            for one in services
        ]
    )
