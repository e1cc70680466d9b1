"""What is known of a user: the record that every service of CAVE decides by, and its JSON, which clients read too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

_LEVELS: Mapping[str, int] = {"view": 1, "edit": 2}
"""What clients made before permissions had names know of them; every other name is 0."""

Grants = Mapping[str, tuple[str, ...]]
"""Names of permissions, by dataset."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Affiliation:
    """An institution, and from when to when: ISO times without a zone, in UTC."""

    id: int
    name: str
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingTos:
    """Terms of service that keep a grant from being in force until the user accepts them."""

    dataset_id: int
    dataset_name: str
    tos_id: int
    tos_name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """A user or a service account as of one moment. Id 0 is nobody in particular.

    `permissions` are grants in force; `permissions_ignoring_tos` are those that would be, were all terms accepted.
    """

    id: int
    name: str
    email: str
    parent_id: int | None = None
    """Whoever made this service account; None for people."""
    service_account: bool = False
    admin: bool = False
    """Whether they are a superadmin, which grants no permission on a dataset by itself."""
    pi: str = ""
    affiliations: tuple[Affiliation, ...] = ()
    groups: tuple[str, ...] = ()
    permissions: Grants = field(default_factory=dict[str, tuple[str, ...]])
    permissions_ignoring_tos: Grants = field(default_factory=dict[str, tuple[str, ...]])
    missing_tos: tuple[MissingTos, ...] = ()
    datasets_admin: tuple[str, ...] = ()
    groups_admin: tuple[str, ...] = ()

    def may(self, permission: str, dataset: str, *, ignore_tos: bool = False) -> bool:
        """Whether a group of theirs has the permission on the dataset."""
        grants = self.permissions_ignoring_tos if ignore_tos else self.permissions
        return permission in grants.get(dataset, ())

    @property
    def has_role(self) -> bool:
        """Whether they may read what only people with some duty may: lists of users and groups."""
        return bool(self.admin or self.service_account or self.datasets_admin or self.groups_admin)

    def to_json(self) -> dict[str, object]:
        """The record as clients read it; `affiliations` is a list within a list, as it always was."""
        affiliations = [_fields(each) for each in self.affiliations]
        return {
            "id": self.id,
            "parent_id": self.parent_id,
            "service_account": self.service_account,
            "name": self.name,
            "email": self.email,
            "admin": self.admin,
            "pi": self.pi,
            "affiliations": [affiliations],
            "affiliations_v2": affiliations,
            "groups": list(self.groups),
            "permissions": {dataset: _level(names) for dataset, names in self.permissions.items()},
            "permissions_v2": _lists(self.permissions),
            "permissions_v2_ignore_tos": _lists(self.permissions_ignoring_tos),
            "missing_tos": [_fields(each) for each in self.missing_tos],
            "datasets_admin": list(self.datasets_admin),
            "groups_admin": list(self.groups_admin),
        }

    def to_bytes(self) -> bytes:
        """The record as JSON text."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, value: object) -> UserRecord:
        """Read a record, of an older service too; keys that we don't know are ignored. Raises ValueError."""
        try:
            return _read(cast("Mapping[str, Any]", value))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no user record: {type(error).__name__} {error}") from error


ANONYMOUS = UserRecord(id=0, name="", email="")
"""Whoever reads what is public without saying who they are."""
EVERYBODY = UserRecord(id=0, name="AUTH_DISABLED", email="", admin=True)
"""Whoever calls a service that asks nobody who they are."""


def _read(told: Mapping[str, Any]) -> UserRecord:
    permissions = _grants(told.get("permissions_v2") or {})
    ignoring = told.get("permissions_v2_ignore_tos")
    nested: Sequence[Any] = told.get("affiliations") or ()
    affiliations = told.get("affiliations_v2") or (nested[0] if nested and isinstance(nested[0], list) else nested)
    return UserRecord(
        id=int(told["id"]),
        parent_id=told.get("parent_id"),
        service_account=bool(told.get("service_account")),
        name=told.get("name") or "",
        email=told.get("email") or "",
        admin=told.get("admin") is True,
        pi=told.get("pi") or "",
        affiliations=tuple(
            Affiliation(id=each["id"], name=each["name"], start=each.get("start"), end=each.get("end"))
            for each in affiliations
        ),
        groups=tuple(told.get("groups") or ()),
        permissions=permissions,
        permissions_ignoring_tos=_grants(ignoring) if ignoring is not None else permissions,
        missing_tos=tuple(_missing(told.get("missing_tos") or ())),
        datasets_admin=tuple(told.get("datasets_admin") or ()),
        groups_admin=tuple(told.get("groups_admin") or ()),
    )


def _missing(told: Iterable[Mapping[str, Any]]) -> Iterable[MissingTos]:
    for each in told:
        yield MissingTos(
            dataset_id=each["dataset_id"],
            dataset_name=each["dataset_name"],
            tos_id=each["tos_id"],
            tos_name=each["tos_name"],
        )


def _grants(told: Mapping[str, Iterable[str]]) -> Grants:
    return {dataset: tuple(names) for dataset, names in told.items()}


def _lists(grants: Grants) -> dict[str, list[str]]:
    return {dataset: list(names) for dataset, names in grants.items()}


def _level(names: Iterable[str]) -> int:
    return max((_LEVELS.get(name, 0) for name in names), default=0)


def _fields(each: Affiliation | MissingTos) -> dict[str, object]:
    return {name: getattr(each, name) for name in each.__slots__}
