"""How an image of ours is called."""

from __future__ import annotations

import re

_TAG = re.compile(r"[0-9a-f]{24}")


def image_reference(registry: str, service: str, tag: str) -> str:
    """Give the address of a service's image in `registry`.

    The tag is the hash of the source, so unchanged source gives the same address and an empty plan.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"'{tag}' is no tag of a bundle. Pass Bundle.tag: 24 hexadecimal digits")
    return f"{registry.rstrip('/')}/{service}:{tag}"
