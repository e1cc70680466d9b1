"""Versions of a dataset as numbers, so that `v0.10` comes after `v0.9`."""

from __future__ import annotations

import re

from karst_clio.neurons.errors import BadInputError

_TAG = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?", re.ASCII)


def version_number(tag: str) -> int:
    """The number of a tag: `v0.3.33` is 3033. The `v` and the last two parts may be missing.

    Raises `BadInputError` where the tag is none.
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        raise BadInputError(f"Bad version {tag!r}: write one like v0.3.33")
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major * 1_000_000 + minor * 1000 + patch
