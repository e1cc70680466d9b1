"""Which roles the deployment's PostgreSQL has: the document that the service `sql-roles` brings about.

Each database has groups of readers and writers, and one that owns it where it is copied whole. A workload is a member
of exactly those that its declaration asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from karst.blueprint import Blueprint
from karst.config.service_needs import Access, Scope, StoreUse
from karst.config.service_runtime import ImageOrigin
from karst.config.types import Kind
from karst.derived.sql_login import needs_password, password_file, sql_login
from karst.derived.workloads import Workload
from karst.name_forms import shorten
from karst.naming import Names

ROLES_FILE = "/etc/karst-sql/roles.json"
"""Where the document is mounted."""
_ROLE_CHARS = 63
_ANNOTATIONS = "annotations"
_SPATIAL = "postgis"


@dataclass(frozen=True, kw_only=True)
class _Use:
    workload: Workload
    store: StoreUse


@dataclass(kw_only=True)
class _Database:
    name: str
    uses: list[_Use] = field(default_factory=list[_Use])

    @property
    def is_copied(self) -> bool:
        return any(use.store.creates_databases for use in self.uses)

    @property
    def extensions(self) -> list[str]:
        """Upstream's images keep points as geometries, wherever there are annotations; ours don't."""
        keeps_points = any(
            use.store.scope is Scope.DATASET and use.workload.service.image.source is ImageOrigin.UPSTREAM
            for use in self.uses
        )
        return [_SPATIAL] if keeps_points else []


def sql_roles(blueprint: Blueprint) -> str:
    """The document, in JSON; equal for equal configuration."""
    databases = _databases(blueprint)
    copies = copies_group(blueprint.names) if any(one.is_copied for one in databases) else None
    document = {
        "deployment": blueprint.deployment.name,
        "databases": [_described(one) for one in databases],
        "copies": copies,
        "logins": list(_logins(blueprint, databases)),
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def database_roles(blueprint: Blueprint, workload: Workload) -> dict[str, str]:
    """Database to the group that a workload acts as there (`SET ROLE`), so that the group owns the tables it makes."""
    databases = _databases(blueprint)
    used = {one.name: access for one in databases if (access := _access(one, workload)) is not None}
    if _copies(workload):
        return dict.fromkeys(used, copies_group(blueprint.names))
    return {name: group(name, access.value) for name, access in used.items()}


def group(database: str, kind: str) -> str:
    """Name of a database's group: `read`, `write` or `owner`."""
    return shorten(f"{database}_{kind}", _ROLE_CHARS)


def copies_group(names: Names) -> str:
    """Name of the group that makes frozen copies of databases, and owns them."""
    return shorten(f"{names.of.name}_copies", _ROLE_CHARS)


def _databases(blueprint: Blueprint) -> tuple[_Database, ...]:
    """Every database of the deployment by name, with what uses it; also one that nothing uses yet."""
    found: dict[str, _Database] = {}
    for name in (name for names in _by_store(blueprint).values() for name in names):
        found.setdefault(name, _Database(name=name))
    for workload in blueprint.workloads:
        for store in workload.service.stores.relational:
            for name in _by_store(blueprint).get((store.scope, store.name), ()):
                found[name].uses.append(_Use(workload=workload, store=store))
    return tuple(database for _, database in sorted(found.items()))


def _by_store(blueprint: Blueprint) -> Mapping[tuple[Scope, str], tuple[str, ...]]:
    """Scope and role of a store to the names of its databases."""
    databases, names = blueprint.deployment.sql.databases, blueprint.names
    found: dict[tuple[Scope, str], tuple[str, ...]] = {}
    if blueprint.has(Kind.GLOBAL):
        found |= {(Scope.DEPLOYMENT, "auth"): (databases.auth,), (Scope.DEPLOYMENT, "info"): (databases.info,)}
    if blueprint.has(Kind.LOCAL):
        found[Scope.DEPLOYMENT, "annotation"] = (databases.annotation,)
        found[Scope.DEPLOYMENT, "materialization"] = (databases.materialization,)
        found[Scope.DATASET, _ANNOTATIONS] = tuple(names.sql_database(dataset) for dataset in blueprint.live_datasets)
    return found


def _described(database: _Database) -> dict[str, object]:
    kinds = ("read", "write", "owner") if database.is_copied else ("read", "write")
    groups = {kind: group(database.name, kind) for kind in kinds}
    return {"name": database.name, "extensions": database.extensions, **groups}


def _logins(blueprint: Blueprint, databases: Iterable[_Database]) -> Iterable[dict[str, object]]:
    listed = tuple(databases)
    for workload in blueprint.workloads:
        used = {one.name: access.value for one in listed if (access := _access(one, workload)) is not None}
        if used:
            yield {
                "name": sql_login(blueprint.deployment, workload),
                "password": password_file(workload) if needs_password(workload) else None,
                "can_copy": _copies(workload),
                "databases": used,
            }


def _access(database: _Database, workload: Workload) -> Access | None:
    """What a workload may do there: writing includes reading."""
    wanted = {use.store.access for use in database.uses if use.workload.name == workload.name}
    return max(wanted, key=lambda access: access is Access.WRITE) if wanted else None


def _copies(workload: Workload) -> bool:
    return any(use.creates_databases for use in workload.service.stores.relational)
