"""Rules of secrets: no value that opens something stands in plain text. Messages never repeat the value."""

import re
from collections.abc import Iterator

from karst.config.errors import Location, Problem, show
from karst.config.loader import Environment

_TELLING_NAME = re.compile(
    r"(?i)(^|_)(password|passwd|secret|token|(api|access|private|secret|signing|csrf|auth)_?key|credentials?|dsn)$"
)
_TELLING_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bxox[abprs]-|\bgh[pousr]_[A-Za-z0-9]{20}|\bAIza[0-9A-Za-z_-]{30}"
    r"|\bAKIA[0-9A-Z]{16}|\bGOCSPX-|\bya29\.|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s@]+@"
)
_TELLING_ASSIGNMENT = re.compile(
    r"""(?i)(password|passwd|secret|token|(api|access|private|secret|signing|csrf|auth)_?key|dsn)["']?\s*[:=]\s*"""
    r"""[bru]?["'](?!secret:)[^"'\s]{8,}["']"""
)
"""Inside of a program's configuration, where a quoted value stands beside a telling name."""
_MOVE = "Put the value into Secret Manager and name it under"
_REPLACE = "if it was real, replace it, for the history of this file keeps it"


def problems(environment: Environment) -> Iterator[Problem]:
    """Plain values of one deployment that look like secrets."""
    for service, choice in environment.deployment.services.items():
        for name, value in choice.env.items():
            location: Location = ("services", service, "env", name)
            if value.startswith("secret:"):
                message = "is a reference to a secret among plain variables"
                yield environment.problem(location, message, f"Move it to services.{service}.secrets.")
            elif looks_secret(name, value):
                remedy = f"{_MOVE} services.{service}.secrets: `{name}: secret:NAME`; {_REPLACE}."
                yield environment.problem(location, "holds what looks like a secret in plain text", remedy)
    for name, value in environment.deployment.extra.env.items():
        if looks_secret(name, value):
            message = f"{show(name)} holds what looks like a secret in plain text"
            yield environment.problem(("extra", "env", name), message, f"Remove it; {_REPLACE}.")
    yield from _twice(environment)


def _twice(environment: Environment) -> Iterator[Problem]:
    """Two files of one name, of which a service that reads both would see one."""
    extra = environment.deployment.secrets.extra
    for number, one in enumerate(extra):
        others = [other for other in extra[:number] if other.name == one.name]
        if any(not (one.services and other.services) or {*one.services} & {*other.services} for other in others):
            message = f"another secret is the file {show(one.name)} of the same service already"
            yield environment.problem(("secrets", "extra", number, "name"), message, "Rename one, or take it out.")


def looks_secret(name: str, value: str) -> bool:
    """Whether a plain value would open something, by the name that it has or by how it is written."""
    return bool(value) and (bool(_TELLING_NAME.search(name)) or holds_secret(value))


def holds_secret(text: str) -> bool:
    """Whether something in a text is written as secrets are: keys, tokens, addresses with a password, settings."""
    return bool(_TELLING_VALUE.search(text)) or bool(_TELLING_ASSIGNMENT.search(text))
