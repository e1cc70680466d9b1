"""Which objects must not be lost: what their attributes in state say about deleting them."""

from __future__ import annotations

from karst.plan.model import JsonValue, Values

_FLAGS: dict[str, JsonValue] = {
    "deletion_protection_enabled": True,
    "delete_protection_state": "DELETE_PROTECTION_ENABLED",
}
_GRANT_SUFFIXES = ("_iam_member", "_iam_binding", "_iam_policy")
_SQL_USER = "google_sql_user"
SECRET_VERSION = "google_secret_manager_secret_version"  # noqa: S105 - a type's name holds no secret


def deletion_policy(values: Values) -> str | None:
    """What the provider does when it is told to delete the object: PREVENT, DELETE, ABANDON, DISABLE."""
    policy = values.get("deletion_policy")
    return policy if isinstance(policy, str) else None


def is_abandoned(values: Values) -> bool:
    """Whether deleting leaves the object standing in the cloud, data and all."""
    return deletion_policy(values) == "ABANDON"


def protections(values: Values) -> tuple[str, ...]:
    """Every protection that an object carries, as `attribute = value`; none for what may be deleted."""
    if is_abandoned(values):
        return ()
    policy = ("deletion_policy = PREVENT",) if deletion_policy(values) == "PREVENT" else ()
    return (*policy, *_flags(values, ""))


def _flags(values: Values, prefix: str) -> tuple[str, ...]:
    found: list[str] = []
    for key, value in sorted(values.items()):
        if _is_flag(key, value):
            shown = "true" if value is True else value
            found.append(f"{prefix}{key} = {shown}")
        # Cloud SQL keeps its switch inside the block `settings`, a list of one.
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                found.extend(_flags(item, f"{prefix}{key}."))
    return tuple(found)


def _is_flag(key: str, value: JsonValue) -> bool:
    if key == "deletion_protection":
        return value is True or value == "PROTECTED"
    return key in _FLAGS and value == _FLAGS[key]


def is_grant(resource_type: str) -> bool:
    """Whether a resource is somebody's access: losing one stops services in the middle of an apply."""
    return resource_type.endswith(_GRANT_SUFFIXES) or resource_type == _SQL_USER


def is_rotation(resource_type: str, before: Values, *, is_create_first: bool, is_leftover: bool) -> bool:
    """Whether an old secret version, only disabled, makes room for a new one that already stands."""
    return resource_type == SECRET_VERSION and deletion_policy(before) == "DISABLE" and (is_create_first or is_leftover)
