"""A database of its own for each service that declares one, made where it isn't there, and brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

import psycopg
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from karst_local.faults import Exit, LocalError
from karst_local.services import Declared
from karst_platform.relational_address import engine_url

_NAMES = {"auth": "authentication", "info": "infoservice"}
"""Stores that are called otherwise in deployments."""


class _Steps(Protocol):
    @property
    def newest(self) -> str: ...

    def run(self, dsn: str) -> None: ...

    def step(self, dsn: str) -> str | None: ...


def database_of(dsn: str, store: str) -> str:
    """Address of the database of a store, on the server of `dsn`."""
    url = engine_url(dsn).set(drivername="postgresql", database=_NAMES.get(store, store))
    return url.render_as_string(hide_password=False)


async def prepare_databases(dsn: str, services: Iterable[Declared]) -> int:
    """Make them, and bring each to the newest step; return how many of them changed. Raises LocalError."""
    changed = 0
    for service in services:
        for store in service.databases:
            changed += await asyncio.to_thread(_prepare, dsn, service, store)
    return changed


def _prepare(dsn: str, service: Declared, store: str) -> bool:
    name, address = _NAMES.get(store, store), database_of(dsn, store)
    try:
        _make(dsn, name)
        # The module holds what the annotation says; it can't be imported by name here.
        steps = cast("_Steps", import_module(f"{service.module}.migrations").MIGRATIONS)
        is_old = steps.step(address) != steps.newest
        if is_old:
            steps.run(address)
    except (psycopg.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise LocalError(
            Exit.DATABASE,
            f"The database {name} of {service.name} can't be made ready ({type(cause).__name__}). Let the user of the "
            "address make databases, or make it and let the user make tables in it",
        ) from error
    return is_old


def _make(dsn: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
