"""The wanted roles: databases with the groups of each, and who logs in to them. Written by the infrastructure."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from karst_sql_roles.errors import SqlRolesError

_NAME_BYTES = 63

Name = Annotated[str, StringConstraints(min_length=1, max_length=_NAME_BYTES, pattern=r"^[^\x00]+$")]
"""Of a role or database: anything that PostgreSQL takes, it is quoted everywhere."""
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=200)]
Access = Literal["read", "write"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Part):
    """One database and its groups, which nobody logs in as."""

    name: Name
    read: Name
    """Reads every table."""
    write: Name
    """Changes every table and makes new ones."""
    owner: Name | None = None
    """Owns the database, so that it may be copied whole; only where somebody copies it."""
    extensions: tuple[Name, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of its groups."""
        return (self.read, self.write) if self.owner is None else (self.read, self.write, self.owner)


class Login(_Part):
    """One service as it logs in."""

    name: Name
    password: FileName | None = None
    """File of its password. Without one it proves who it is by its service account, and somebody else makes it."""
    can_copy: bool = False
    """Whether it makes databases: frozen copies of whole ones."""
    databases: dict[Name, Access]


class Wanted(_Part):
    """Everything that a deployment wants of a server."""

    deployment: str = Field(min_length=1)
    """Whose roles these are; those of others on the same server stay as they are."""
    databases: tuple[Database, ...] = ()
    copies: Name | None = None
    """The group of all who copy databases; owns the copies."""
    logins: tuple[Login, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        groups = [group for database in self.databases for group in database.groups]
        copies = [self.copies] if self.copies else []
        roles = Counter[str]([*groups, *copies, *(login.name for login in self.logins)])
        if twice := sorted(name for name, count in roles.items() if count > 1):
            raise ValueError(f"two roles are called {twice[0]!r}")
        databases = Counter[str](database.name for database in self.databases)
        if twice := sorted(name for name, count in databases.items() if count > 1):
            raise ValueError(f"the database {twice[0]!r} stands there twice")
        if long := sorted(name for name in [*roles, *databases] if len(name.encode()) > _NAME_BYTES):
            raise ValueError(f"the name {long[0]!r} is longer than {_NAME_BYTES} bytes, so PostgreSQL would cut it")
        for login in self.logins:
            if unknown := sorted(login.databases.keys() - databases.keys()):
                raise ValueError(f"{login.name!r} uses the database {unknown[0]!r}, which is not listed")
            if login.can_copy and self.copies is None:
                raise ValueError(f"{login.name!r} copies databases, and no group is named that owns copies")
        return self


def load_wanted(path: Path) -> Wanted:
    """Read the document. Raises SqlRolesError that names every fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SqlRolesError(
            f"The wanted roles can't be read from {path} ({type(error).__name__}). Mount the file there, or say with "
            "KARST_SQL_ROLES where it is."
        ) from None
    try:
        return Wanted.model_validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    raise SqlRolesError("\n".join([f"The wanted roles in {path} are no valid document:", *lines]))
