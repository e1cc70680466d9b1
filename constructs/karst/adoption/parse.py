"""Texts of upstream's files as values of ours. A text that doesn't fit raises `ValueError`, which never repeats it."""

from __future__ import annotations

import ast
import json
import math
import re
from ipaddress import AddressValueError, IPv4Address

from karst.adoption.values import Plain

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n", "none"})
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|K|k|M|G)?\Z")
_MIB = {"Ki": 1 / 1024, "Mi": 1.0, "Gi": 1024.0, "K": 1e3 / 2**20, "k": 1e3 / 2**20, "M": 1e6 / 2**20, "G": 1e9 / 2**20}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\Z")
_MOST_CHARS = 1_000_000


def text(value: str) -> str:
    """The text itself, on one line."""
    if "\n" in value:
        raise ValueError("it has several lines, and one is wanted")
    return value


def integer(value: str) -> int:
    """A whole number."""
    number = numeric(value)
    if not float(number).is_integer():
        raise ValueError("it is no whole number")
    return int(number)


def numeric(value: str) -> int | float:
    """A number; whole ones stay whole."""
    try:
        number = float(value)
    except ValueError:
        raise ValueError("it is no number") from None
    if not math.isfinite(number):
        raise ValueError("it is no number")
    return int(number) if number.is_integer() else number


def boolean(value: str) -> bool:
    """`True`, `true`, `1`, `yes` and their opposites, as Python, the shell and YAML write them."""
    folded = value.strip("\"'").lower()
    if folded in _TRUE or folded in _FALSE:
        return folded in _TRUE
    raise ValueError("it is neither true nor false")


def host(value: str) -> str:
    """A host name without scheme, path, port and the dot at its end."""
    bare = re.sub(r"^[a-z]+://", "", value.strip().strip("\"'").lower())
    return bare.partition("/")[0].partition(":")[0].removesuffix(".")


def https_url(value: str) -> str:
    """A URL with the scheme that every viewer demands."""
    bare = value.strip()
    if bare.startswith("http://"):
        raise ValueError("it is reached without TLS. Write its https:// URL")
    return bare if bare.startswith("https://") else f"https://{bare}"


def bucket(value: str) -> dict[str, str]:
    """Name and folder of a bucket, with `gs://` before it never, once or twice."""
    bare = value.strip()
    while bare.startswith("gs://"):
        bare = bare.removeprefix("gs://")
    name, _, path = bare.partition("/")
    if not _BUCKET.match(name):
        raise ValueError("it names no bucket that can be: 3 to 63 lower-case letters, digits, dashes, dots and '_'")
    found = {"name": name}
    if path.strip("/"):
        found["path"] = path.strip("/")
    return found


def address(value: str) -> str:
    """An IPv4 address."""
    try:
        return str(IPv4Address(value.strip()))
    except AddressValueError:
        raise ValueError("it is no IPv4 address") from None


def mebibytes(value: str) -> int:
    """Memory in MiB; a number without a unit counts bytes, as Kubernetes has it."""
    found = _MEMORY.match(value)
    if found is None:
        raise ValueError("it is no amount of memory such as 850Mi or 4Gi")
    number, unit = float(found[1]), found[2]
    return max(1, round(number * _MIB[unit] if unit else number / 2**20))


def processor(value: str) -> str:
    """Processor time: `500m`, `2`, `0.5`."""
    if not re.fullmatch(r"[1-9][0-9]*m|[0-9]*\.?[0-9]+", value) or value.strip("0.") == "":
        raise ValueError("it is no processor time such as 500m or 2")
    return value if value.endswith("m") or value.isdecimal() else f"{round(float(value) * 1000)}m"


def literal(value: str) -> Plain:
    """Data as JSON or Python write it; lists and mappings as JSON has them. Nothing is run."""
    if len(value) > _MOST_CHARS:
        raise ValueError("it is longer than a megabyte")
    try:
        found: Plain = json.loads(value)
    except (ValueError, RecursionError):
        pass
    else:
        return found
    try:
        return plain(ast.literal_eval(value.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("it is neither JSON nor a list or mapping of Python") from None


def plain(value: object) -> Plain:
    """Python data as JSON has it: tuples become lists, keys text."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, list | tuple):
        items: list[object] = list(value)
        return [plain(one) for one in items]
    if isinstance(value, dict):
        mapping: dict[object, object] = dict(value)
        return {str(key): plain(one) for key, one in mapping.items()}
    raise ValueError("it holds something that is no text, number, list or mapping")


def cloud_path(value: str) -> str:
    """A path of a bucket with `gs://` before it, once."""
    found = bucket(value)
    return "/".join(("gs:/", *found.values()))
