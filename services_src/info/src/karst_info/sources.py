"""How addresses of data are written, as clients and viewers read them, and what to write instead where one is wrong.

Each function returns what is wrong in one line, or None. `advice` names what works, but not everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Check = Callable[[str], str | None]
LONGEST = 2000
_IMAGES = ("precomputed", "zarr", "zarr2", "zarr3", "n5")
_SEGMENTATIONS = ("graphene", "precomputed")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_SERVER = re.compile(rf"https?://{_HOST}")
_SITE = re.compile(rf"https?://{_HOST}(?:/[^\s#?\"'<>\\^`{{|}}]*)?")
_PLACE = re.compile(rf"(?:middleauth\+)?(?:(?:gs|s3)://[a-z0-9][a-z0-9._-]+|https?://{_HOST})(?:/[^\s\"'<>\\^`{{}}]*)?")


def image(text: str) -> str | None:
    """Where images are read."""
    return _source(text, _IMAGES, "precomputed://gs://bucket/folder or precomputed://https://host/folder")


def segmentation(text: str) -> str | None:
    """Where a segmentation is read: of a graph, the last part of the path is the name of its table."""
    instead = "graphene://https://host/segmentation/table/name or precomputed://gs://bucket/folder"
    wrong = _source(text, _SEGMENTATIONS, instead)
    if wrong is None and text.endswith("/"):
        return "ends with '/'. Clients take what stands behind the last '/' for the name of the table: leave it out."
    return wrong


def skeletons(text: str) -> str | None:
    """Where viewers read skeletons."""
    return _source(text, ("precomputed",), "precomputed://https://host/skeletoncache/api/v1/name/precomputed/skeleton")


def server(text: str) -> str | None:
    """Where the local services of a datastack answer."""
    if _SERVER.fullmatch(text):
        return None
    if _SERVER.fullmatch(text.rstrip("/")):
        return f"ends with '/'. Clients put paths behind it: write {text.rstrip('/')}."
    return "is no address of a server. Write https://host, without a path."


def site(text: str) -> str | None:
    """Where a viewer stands."""
    return None if _SITE.fullmatch(text) else "is no address of a viewer. Write https://host or https://host/path."


def advice(text: str) -> str | None:
    """What to change in an address that is no mistake: a slash at the end."""
    if text.endswith("/"):
        return "ends with '/', behind which some clients put another one. Better leave it out."
    return None


def _source(text: str, formats: tuple[str, ...], instead: str) -> str | None:
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters."
    format_name, _, place = text.partition("://")
    if format_name not in formats:
        return f"begins with none of {', '.join(f'{each}://' for each in formats)}. Write {instead}."
    if not _PLACE.fullmatch(place):
        return f"names no place behind {format_name}://. Write {instead}."
    return None
