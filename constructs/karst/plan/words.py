"""Makes names from a plan harmless wherever they are printed: in Markdown, in HTML, on a terminal."""

from __future__ import annotations

import html
import re

MAX_CHARS = 160
_HARMFUL = re.compile(r"[^A-Za-z0-9_.,:;=/\[\] ()+\"'\-]")
_INSTANCE_KEY = re.compile(r"\[\s*\"(?:[^\"\\]|\\.)*\"?\s*\]?")


def printable(text: str) -> str:
    """Text on one line, whole, with what can't be printed written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def plain(text: str) -> str:
    """Text of letters, digits and little else: what Markdown, HTML or a terminal would act on becomes a dot.

    So nothing in it is a link, a mention, a tag, a comment, a table's border, or runs from right to left.
    """
    cleaned = _HARMFUL.sub("·", text)
    return cleaned if len(cleaned) <= MAX_CHARS else f"{cleaned[: MAX_CHARS - 1]}…"


def address(text: str) -> str:
    """An object's address; the key of one of many, which is a value of somebody's, is left out."""
    return plain(_INSTANCE_KEY.sub("[...]", text))


def prose(text: str) -> str:
    """A sentence that may have names in it, to stand as it is in Markdown: no part of it becomes a link."""
    kept = address(text).replace("[", "(").replace("]", ")")
    return kept.replace("://", ":··").replace("www.", "www·")


def code(text: str) -> str:
    """A name as code, for Markdown."""
    return f"`{plain(text) or '·'}`"


def escaped(text: str) -> str:
    """A name or a sentence for HTML."""
    return html.escape(address(text), quote=True)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 resource`, `2 resources`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
