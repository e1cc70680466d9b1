"""Where the server is, as whom to log in, and where the wanted roles stand."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from karst_platform.settings import JobSettings

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]


class SqlRolesSettings(JobSettings):
    """Settings of a run."""

    document: Path = Field(default=Path("/etc/karst-sql/roles.json"), validation_alias="KARST_SQL_ROLES")
    """The wanted roles, in JSON (`karst_sql_roles.document`)."""
    secrets: Path = Field(default=Path("/run/secrets/karst"), validation_alias="KARST_SECRETS")
    """Folder with the passwords that the document names."""
    host: str = Field(default="localhost", validation_alias="KARST_SQL_HOST", min_length=1)
    """The server's name or address, or the folder of its socket."""
    port: int = Field(default=5432, validation_alias="KARST_SQL_PORT", ge=1, le=65535)
    """The server's port."""
    user: str = Field(default="postgres", validation_alias="KARST_SQL_USER", min_length=1)
    """Who logs in. Without a password it is a service account, spelled as Cloud SQL does."""
    password: SecretStr | None = Field(default=None, validation_alias="KARST_SQL_PASSWORD")
    """Only where the one who logs in is no service account."""
    database: str = Field(default="postgres", validation_alias="KARST_SQL_DATABASE", min_length=1)
    """A database that always exists; what concerns the whole server is done from there."""
    admin_role: str = Field(default="cloudsqlsuperuser", validation_alias="KARST_SQL_ADMIN_ROLE")
    """The role to act as, where the one who logs in may not create roles itself; nothing to act as itself."""
    ssl_mode: SslMode = Field(default="require", validation_alias="KARST_SQL_SSLMODE")
    """How far the connection is secured, in PostgreSQL's words."""
    timeout_s: int = Field(default=15, validation_alias="KARST_SQL_TIMEOUT_S", ge=1, le=600)
    """Seconds to wait for a connection, and for each lock that somebody else holds."""
