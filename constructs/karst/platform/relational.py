"""The databases that services share: one PostgreSQL server, its private name, and who may log in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_needs import Scope
from karst.config.stores import SqlFlags as FlagSettings
from karst.config.types import Kind
from karst.derived.access import store_grants, users_of
from karst.derived.sql_login import administrator, needs_password
from karst.derived.workloads import Workload
from karst.gcp.dns import PrivateZone
from karst.gcp.members import Accounts
from karst.gcp.network import Network
from karst.gcp.postgres import Postgres, PostgresProps
from karst.gcp.postgres_settings import SqlBackups, SqlDisk, SqlEdition, SqlFlags, SqlMachine, SqlMaintenance
from karst.protection import Protection

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Relational(Construct):
    """PostgreSQL of a deployment, reachable as `sql.<name>.karst.internal`, with one login for each workload."""

    server: Postgres

    def __init__(
        self,
        scope: Construct,
        id: str,
        blueprint: Blueprint,
        accounts: Accounts,
        network: Network,
        zone: PrivateZone,
        protection: Protection,
        alert_channels: Sequence[str],
    ) -> None:
        super().__init__(scope, id)
        sql, gcp, names = blueprint.deployment.sql, blueprint.deployment.gcp, blueprint.names
        self.server = Postgres(
            self,
            "server",
            PostgresProps(
                project=gcp.project,
                region=gcp.region,
                name=names.sql_instance,
                protection=protection,
                network_id=network.network_id,
                private_service_access=network.private_service_access,
                version=sql.version,
                machine=SqlMachine(cpu=sql.cpu, memory_gib=sql.memory_gb, edition=SqlEdition(sql.edition)),
                disk=SqlDisk(initial_gib=sql.disk_gb, limit_gib=sql.disk_limit_gb),
                regional=blueprint.is_production if sql.high_availability is None else sql.high_availability,
                backups=SqlBackups(
                    start_hour=sql.backups.start_hour, retained=sql.backups.retained, log_days=sql.backups.log_days
                ),
                maintenance=SqlMaintenance(day=_DAYS.index(sql.maintenance.day) + 1, hour=sql.maintenance.hour),
                flags=SqlFlags(values=flag_values(sql.flags)),
                alert_channels=alert_channels,
                databases=tuple(_databases(blueprint)),
                manage=sql.manage,
                address=sql.address,
            ),
        )
        if self.server.private_address is not None:
            zone.add_record("sql", names.sql_host, "A", [self.server.private_address])
        # Who knows no other way than a password needs neither a login by identity nor a right to connect.
        for workload in users_of((one for one in blueprint.workloads if not needs_password(one)), "relational"):
            self.server.grant_login(accounts[workload])
        admin = administrator(blueprint.workloads)
        if admin is not None:
            self.server.grant_login(accounts[admin.name], is_admin=True)
        for workload in movers(blueprint.workloads):
            self.server.grant_transfer(accounts[workload])


def movers(workloads: Iterable[Workload]) -> tuple[str, ...]:
    """Names of the workloads that bring uploads into the server, by asking the server itself to import and export."""
    uploaders = {grant.workload for grant in store_grants(workloads, Scope.DEPLOYMENT).get(("objects", "upload"), ())}
    return tuple(name for name in users_of(workloads, "relational") if name in uploaders)


def flag_values(flags: FlagSettings) -> dict[str, str]:
    """The settings that labs tune, in PostgreSQL's own units: kilobytes, unless the name says otherwise."""
    return {
        "work_mem": str(flags.work_mem_mb * 1024),
        "maintenance_work_mem": str(int(flags.maintenance_work_mem_gb * 1024 * 1024)),
        "temp_file_limit": str(flags.temp_file_limit_gb * 1024 * 1024),
        "max_connections": str(flags.max_connections),
        **flags.extra,
    }


def _databases(blueprint: Blueprint) -> Iterable[str]:
    databases = blueprint.deployment.sql.databases
    if blueprint.has(Kind.GLOBAL):
        yield from (databases.auth, databases.info)
    if blueprint.has(Kind.LOCAL):
        yield from (databases.annotation, databases.materialization)
