"""Which images of Karst's own services a synthesized stack runs."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[^\s\"/:@]+/[^\s\"/:@]+/[^\s\"/:@]+:[0-9a-f]{8,64}(?![\w.-])")


def images_in(stack_json: str) -> tuple[str, ...]:
    """Find the images in Artifact Registry whose tag is a content hash, sorted: `HOST/PROJECT/REPOSITORY/SERVICE:HASH`.

    Other images (upstream's, or pinned by a name) are nobody's to build.
    """
    return tuple(sorted(set(_IMAGE.findall(stack_json))))
