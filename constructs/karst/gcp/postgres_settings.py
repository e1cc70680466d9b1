"""What a PostgreSQL instance is made of: its machine, its flags, how far back it can be restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_SAFE_FLAGS = {
    "cloudsql.enable_pgaudit": "on",
    "cloudsql.iam_authentication": "on",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_duration": "on",
    "log_executor_stats": "off",
    "log_hostname": "on",
    "log_lock_waits": "on",
    "log_min_duration_statement": "5000",
    "log_min_error_statement": "error",
    "log_min_messages": "warning",
    # Values of parameters may be people's data: slow statements are logged without them.
    "log_parameter_max_length": "0",
    "log_parser_stats": "off",
    "log_planner_stats": "off",
    "log_statement": "ddl",
    "log_statement_stats": "off",
    "log_temp_files": "0",
    "pgaudit.log": "ddl,role",
}

FIXED_FLAGS = frozenset({"cloudsql.enable_pgaudit", "cloudsql.iam_authentication"})
"""Flags that no deployment may change: auditing, and logging in without passwords."""

_PLUS_CPUS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)


class SqlEdition(StrEnum):
    """Google's product line: the second is faster, dearer, and comes in fixed machine sizes."""

    ENTERPRISE = "ENTERPRISE"
    ENTERPRISE_PLUS = "ENTERPRISE_PLUS"


@dataclass(frozen=True, kw_only=True)
class SqlMachine:
    """Processors and memory. Changing them restarts the instance."""

    cpu: int = 2
    memory_gib: int = 8
    """Ignored by the edition ENTERPRISE_PLUS, which has 8 GiB a processor."""
    edition: SqlEdition = SqlEdition.ENTERPRISE

    @property
    def tier(self) -> str:
        """Google's name of this machine.

        Raises `ValueError` for a size that ENTERPRISE_PLUS does not sell.
        """
        if self.edition is SqlEdition.ENTERPRISE:
            return f"db-custom-{self.cpu}-{self.memory_gib * 1024}"
        if self.cpu not in _PLUS_CPUS:
            sizes = ", ".join(str(cpu) for cpu in _PLUS_CPUS)
            raise ValueError(
                f"Cloud SQL sells ENTERPRISE_PLUS with {sizes} processors, not {self.cpu}: write one of them"
            )
        return f"db-perf-optimized-N-{self.cpu}"


@dataclass(frozen=True, kw_only=True)
class SqlDisk:
    """The disk grows by itself and never shrinks."""

    initial_gib: int = 20
    limit_gib: int = 1000
    """Where growth stops; 0 means never. A full disk stops all writes, so alert well before it."""


@dataclass(frozen=True, kw_only=True)
class SqlBackups:
    """How far back the databases can be brought."""

    start_hour: int = 4
    retained: int = 14
    """Daily backups kept."""
    log_days: int = 7
    """Days over which any moment can be restored."""


@dataclass(frozen=True, kw_only=True)
class SqlMaintenance:
    """When Google may restart the instance."""

    day: int = 7
    """1 is Monday, 7 Sunday."""
    hour: int = 8
    """In UTC."""


@dataclass(frozen=True, kw_only=True)
class SqlServerCa:
    """An authority of the lab's own that signs the server's certificate, so that clients can verify a private name.

    Google's own authority signs no names but Google's; with it, clients verify the authority alone.
    """

    pool: str
    """`projects/P/locations/REGION/caPools/NAME`, in the instance's region."""
    hostnames: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SqlFlags:
    """PostgreSQL's own settings, as strings; logging and auditing flags have safe values unless named here."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])

    def merged(self) -> dict[str, str]:
        """All flags by name, sorted.

        Raises `ValueError` if one of `FIXED_FLAGS` is given.
        """
        forbidden = sorted(FIXED_FLAGS & self.values.keys())
        if forbidden:
            raise ValueError(f"flag {forbidden[0]!r} is always 'on': remove it")
        return dict(sorted({**_SAFE_FLAGS, **self.values}.items()))
