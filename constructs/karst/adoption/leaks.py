"""Variables in which a secret stands, another variable's or one of their own: none of them is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from karst.adoption.report import Hidden
from karst.adoption.rows import Row
from karst.adoption.values import Environment, Items, Structure, Text, Value, Variable
from karst.config.rules.secrets import holds_secret

_SHORTEST_TOLD_SECRET = 8
"""Characters from which a secret can be told inside of other texts; shorter ones are found by who refers to them."""


def without_leaks(environment: Environment, table: Mapping[str, Row]) -> tuple[Environment, tuple[Hidden, ...]]:
    """The environment without variables that hold a secret, and what to say of these.

    What looks like a secret in a variable that nobody knows is told of where those are settled.
    """
    secrets = {name for name, row in table.items() if row.is_secret and name in environment.variables}
    values = [text for name in secrets if len(text := environment.text(name) or "") >= _SHORTEST_TOLD_SECRET]
    leaking = {
        name: variable
        for name, variable in environment.variables.items()
        if name not in secrets
        and (_holds_one(variable, secrets, values) or (name in table and _looks_like_one(variable)))
    }
    kept = {name: variable for name, variable in environment.variables.items() if name not in leaking}
    told = tuple(
        Hidden(name=name, line=one.line, reference=None, command=None, meaning=_meaning(one, secrets))
        for name, one in leaking.items()
    )
    return replace(environment, variables=MappingProxyType(kept)), told


def _holds_one(variable: Variable, secrets: Iterable[str], values: Iterable[str]) -> bool:
    if set(secrets) & {*variable.refers_to}:
        return True
    texts = list(_texts(variable.value))
    return any(secret in text for secret in values for text in texts)


def _looks_like_one(variable: Variable) -> bool:
    return any(map(holds_secret, _texts(variable.value)))


def _texts(value: Value) -> Iterable[str]:
    match value:
        case Text(value=text):
            yield text
        case Items(values=texts):
            yield from texts
        case Structure(value=plain):
            yield repr(plain)
        case _:
            return


def _meaning(variable: Variable, secrets: Iterable[str]) -> str:
    named = sorted(set(secrets) & {*variable.refers_to})
    source = f" ({', '.join(named)})" if named else ""
    return f"The value of a secret{source} stands in it, so it was not read. Write what it was for by hand."
