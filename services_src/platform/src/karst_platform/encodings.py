"""Which compression of an answer a client can read."""

from __future__ import annotations

from collections.abc import Sequence


def first_accepted(header: str, offered: Sequence[str]) -> str | None:
    """The first of `offered` that an `Accept-Encoding` allows; `q=0` forbids one, and `x-gzip` means gzip."""
    allowed: dict[str, bool] = {}
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        allowed["gzip" if name == "x-gzip" else name] = not any(_is_zero(each) for each in parameters)
    others = allowed.get("*", False)
    return next((each for each in offered if allowed.get(each, others)), None)


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")
