"""A user as the API shows one, and what a caller may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Roles = frozenset[str]
EXAMPLE: Any = {
    "email": "ada@example.org",
    "name": None,
    "org": None,
    "picture": None,
    "disabled": False,
    "global_roles": ["clio_general"],
    "datasets": {"mb20": ["clio_write"]},
    "datasets_ignore_tos": {},
    "missing_tos": [],
    "groups": ["lab"],
}
"""A user as the API shows one."""


class Role(StrEnum):
    """The roles that mean something here; applications keep others of their own beside them."""

    ADMIN = "admin"
    GENERAL = "clio_general"
    WRITE = "clio_write"
    READ = "clio_read"
    DATASET_ADMIN = "dataset_admin"


class User(BaseModel):
    """A user: who it is and which roles it has, everywhere and in single datasets."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    email: str
    name: str | None = None
    org: str | None = None
    picture: str | None = None
    disabled: bool = False
    global_roles: list[str] = Field(default_factory=list, description="Roles that hold in every dataset.")
    datasets: dict[str, list[str]] = Field(default_factory=dict, description="Roles by dataset.")
    datasets_ignore_tos: dict[str, list[str]] = Field(
        default_factory=dict, description="Roles that would hold if the terms of service were accepted."
    )
    missing_tos: list[dict[str, object] | str | int] = Field(
        default_factory=list, description="Terms of service that wait to be accepted."
    )
    groups: list[str] = Field(default_factory=list, description="Groups whose members share annotations.")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever sent the request, with the datasets that were public when it came."""

    user: User
    public: frozenset[str] = frozenset()
    gateway_token: str | None = field(default=None, repr=False)
    """The caller's token of the auth gateway, to speak for the caller elsewhere."""
    claims: tuple[tuple[str, str | bool], ...] = ()
    """What Google said about the caller, now or when a token of ours was made."""

    @property
    def email(self) -> str:
        """The caller's e-mail, spelled as in the token."""
        return self.user.email

    def is_(self, email: str) -> bool:
        """Whether an e-mail is the caller's, however it is spelled."""
        return email.lower() == self.email.lower()

    @property
    def is_admin(self) -> bool:
        """Whether it manages the store. That alone lets nobody read data."""
        return self._has_global(Role.ADMIN)

    def has_role(self, role: str, dataset: str | None = None) -> bool:
        """Whether it has a role everywhere, or in a dataset; in public ones everybody is `clio_general`."""
        if self._has_global(role):
            return True
        return dataset is not None and (
            role in self._roles(dataset) or (role == Role.GENERAL and dataset in self.public)
        )

    def can_read(self, dataset: str) -> bool:
        """Whether it may read a dataset's data."""
        return self.can_write_own(dataset) or Role.READ in self._roles(dataset)

    def can_write_own(self, dataset: str) -> bool:
        """Whether it may write in its own name."""
        return self.has_role(Role.GENERAL, dataset) or Role.WRITE in self._roles(dataset)

    def can_write_others(self, dataset: str) -> bool:
        """Whether it may write in the names of others, and verify."""
        return self.has_role(Role.WRITE, dataset)

    def is_dataset_admin(self, dataset: str) -> bool:
        """Whether it manages a dataset."""
        return self.is_admin or Role.DATASET_ADMIN in self._roles(dataset)

    def can_list(self, dataset: str) -> bool:
        """Whether it may know about a dataset: its description, not its data. Terms of service don't matter here."""
        if self.is_admin or self.can_read(dataset):
            return True
        return not {Role.READ, Role.GENERAL, Role.WRITE}.isdisjoint(self.user.datasets_ignore_tos.get(dataset, ()))

    def _has_global(self, role: str) -> bool:
        return role in self.user.global_roles

    def _roles(self, dataset: str) -> list[str]:
        return self.user.datasets.get(dataset, [])
