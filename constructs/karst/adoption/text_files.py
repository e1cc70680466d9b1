"""Reads a file that somebody else wrote as text, whatever it really is, within limits of size."""

import os
import stat
from pathlib import Path

from karst.adoption.values import MAX_FILE_BYTES, Notice, UnreadableError

_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


def read_text(path: Path, *, follow_links: bool = True) -> tuple[str, list[Notice]]:
    """The text of `path` with line feeds as line ends, and what had to be put right to have it.

    Raises `UnreadableError` for whatever is no text file of at most 8 MiB: devices and pipes are not even waited for.
    """
    raw = _read_bytes(path, follow_links=follow_links)
    notices: list[Notice] = []
    if raw.startswith(_OTHER_MARKS):
        raise UnreadableError(path, 1, "This is text as UTF-16 or UTF-32. Save it as UTF-8.")
    raw = raw.removeprefix(_UTF8_MARK)
    if (zero := raw.find(b"\0")) >= 0:
        line = 1 + raw.count(b"\n", 0, zero)
        raise UnreadableError(path, line, "This is no text: it holds a zero byte. Check that this is the right file.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        text = raw.decode("latin-1")
        notices.append(
            Notice(file=path, line=line, message="This is no valid UTF-8; it was read as Latin-1. Look at its accents.")
        )
    if "\r\n" in text:
        line = 1 + text.count("\n", 0, text.index("\r\n"))
        text = text.replace("\r\n", "\n")
        notices.append(
            Notice(file=path, line=line, message="Lines end as on Windows. They were read as if they did not.")
        )
    return text, notices


def _read_bytes(path: Path, *, follow_links: bool) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            is_file = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            raw = stream.read(MAX_FILE_BYTES + 1) if is_file else b""
    except FileNotFoundError:
        raise UnreadableError(path, 0, "This file does not exist. Correct the path.") from None
    except IsADirectoryError:
        raise UnreadableError(path, 0, "This is a folder. Name a file in it.") from None
    except PermissionError:
        raise UnreadableError(path, 0, "This user may not read it. Give yourself permission (`chmod u+r`).") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(path, 0, f"It cannot be read ({reason.lower()}). Check the path.") from None
    if not is_file:
        raise UnreadableError(path, 0, "This is a device, a pipe or a folder. Name a file.")
    if len(raw) > MAX_FILE_BYTES:
        raise UnreadableError(
            path, 0, f"It is larger than {MAX_FILE_BYTES >> 20} MiB, so hardly a configuration. Check the path."
        )
    return raw
