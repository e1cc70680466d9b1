"""What readers copy from Markdown: blocks of code, in their order, with the language that a fence names."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?m)^```(\w*)\n((?s:.*?))^```$|((?:^ {4}.*\n)+)")


@dataclass(frozen=True)
class Block:
    """A block; one that is only indented has no language."""

    language: str
    text: str

    @property
    def is_shell(self) -> bool:
        """Whether it is for a shell."""
        return self.language in ("sh", "")

    @property
    def commands(self) -> list[str]:
        """Its lines, those that end with a backslash joined with the next."""
        return self.text.replace("\\\n", "").strip().splitlines()


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(language=found[1] or "", text=found[2] or textwrap.dedent(found[3]))
