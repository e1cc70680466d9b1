"""What the table leaves: pairs of variables for one thing, pools, unknown variables, and secrets in wrong places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from karst.adoption import parse
from karst.adoption.draft import Draft, is_shown
from karst.adoption.report import Unknown, Warned
from karst.adoption.rows import Row, parsed
from karst.adoption.values import Items, Structure, Text
from karst.config.cloud import default_pools
from karst.config.errors import nearest, show_path
from karst.config.rules.secrets import looks_secret
from karst.drafts.yaml_text import Node

_TWINS = {
    "upload": ("MATERIALIZATION_UPLOAD_BUCKET_PATH", "MATERIALIZATION_UPLOAD_BUCKET_NAME"),
    "nglstate": ("NGLSTATE_BUCKET_PATH", "NGLSTATE_BUCKET_NAME"),
}
_MOST_KEPT_CHARS = 300_000
"""Of all unknown variables together: a configuration that people read holds no more."""
_LOOKS_SECRET = "It looks like a secret, so its value is kept nowhere. Store it where whoever needs it reads it."  # noqa: S105 - words for a person


def add_twins(draft: Draft) -> None:
    """Buckets that two variables name, one with a folder and one without."""
    for role, names in _TWINS.items():
        found = {name: bucket for name in names if isinstance(bucket := parsed(draft, name, parse.bucket), Mapping)}
        if not found:
            continue
        first, *others = found.values()
        if any(other["name"] != first["name"] for other in others):
            draft.warn(names[0], f"It names another bucket than {names[1]}. This one counts.")
        for key, value in first.items():
            draft.put(("buckets", role, key), value, *found)


def add_pools(draft: Draft) -> None:
    """Pools as Karst has them, under the names that upstream's have."""
    if "local" not in draft.get_list(("kinds",)):
        return
    for key, pool in default_pools().items():
        for field in ("machine_type", "min_nodes", "max_nodes", "disk_gib", "spot", "tainted"):
            value: Node = getattr(pool, field)
            if draft.get(("gcp", "pools", key, field)) is None:
                draft.put(("gcp", "pools", key, field), value)
    draft.comment(
        ("gcp", "pools"),
        "Sizes of upstream's scripts, where pods fit on them; see which quota they need. Lightweight machines are\n"
        "larger than upstream's e2-small, on which a pod with its limits has no place.",
    )


def settle_rest(draft: Draft, table: Mapping[str, Row]) -> None:
    """Whatever nothing read: known names have nothing to say here, unknown ones are kept, secrets are not."""
    for name in draft.environment.variables:
        if draft.is_settled(name):
            continue
        if name in table:
            draft.drop(name, draft.why_not(name) or "there is nothing here that it counts for")
        else:
            _keep_unknown(draft, name, table)


def _keep_unknown(draft: Draft, name: str, known: Iterable[str]) -> None:
    raw = _as_text(draft, name)
    if raw is None:
        draft.drop(name, f"it is {draft.why_not(name) or 'nothing that a text could hold'}, which is not read")
    elif looks_secret(name, raw):
        draft.hide(name, meaning=_LOOKS_SECRET)
    else:
        draft.unknown.append(Unknown(name=name, line=draft.line(name), nearest=nearest(name, known)))
        if len(raw) > _MOST_KEPT_CHARS - _kept(draft):
            draft.warn(name, "It is longer than a configuration should be, and is not kept.")
        else:
            draft.put(("extra", "env", name), raw, *([] if is_shown(raw) else [name]))


def _kept(draft: Draft) -> int:
    """Characters that are kept of unknown variables so far."""
    env = draft.get(("extra", "env"))
    return sum(len(str(value)) for value in env.values()) if isinstance(env, Mapping) else 0


def _as_text(draft: Draft, name: str) -> str | None:
    variable = draft.variable(name)
    match variable.value if variable else None:
        case Text(value=text):
            return text
        case Items(values=values):
            return ",".join(values)
        case Structure():
            return str(variable.value.value) if variable and isinstance(variable.value, Structure) else None
        case _:
            return None


def notices(draft: Draft) -> tuple[Warned, ...]:
    """What the reader of the file had to say."""
    found = draft.environment.notices
    return tuple(Warned(place=f"{show_path(one.file.name)}:{one.line}", message=one.message) for one in found)
