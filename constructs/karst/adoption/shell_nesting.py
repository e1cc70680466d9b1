"""Finds where a quote, a substitution or a bracket of a shell text ends, by walking and never by recursing."""

import re


class UnclosedError(Exception):
    """Something opens at `start` and never closes; `closers` would close it at the end of the text."""

    def __init__(self, start: int, closers: str) -> None:
        super().__init__(closers)
        self.start = start
        self.closers = closers


# What may stand inside what. The key's last character closes it; "q}" is a `${` inside double quotes, where a single
# quote means itself, and "a)" is arithmetic, where `<<` and `#` do.
_STOPS = {
    ")": re.compile(r"\$[({']|\\|'|\"|`|\(|\)|<<<|<<-?|(?<![^ \t\n;&|(])#[^\n]*"),
    "a)": re.compile(r"\$[({]|\\|'|\"|`|\(|\)"),
    "}": re.compile(r"\$[({']|\\|'|\"|`|\}"),
    "q}": re.compile(r"\$[({]|\\|\"|`|\}"),
    "]": re.compile(r"\$[({]|\\|'|\"|`|\]"),
    '"': re.compile(r"\$[({]|\\|\"|`"),
}
_BACKQUOTE_STOP = re.compile(r"[\\`]")
_BACKQUOTE_ESCAPE = re.compile(r"\\([\\`$])")
_ANSI_STOP = re.compile(r"[\\']")
_ANSI_ESCAPE = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.))",
    re.DOTALL,
)
_ANSI_NAMED = dict(zip("abeEfnrtv\\'\"?", "\a\b\x1b\x1b\f\n\r\t\v\\'\"?", strict=True))
_DOCUMENT_MARK = re.compile(r"[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|\\?([^ \t\n;&|<>()'\"]+))")


def end_of_nesting(text: str, position: int, closer: str) -> int:
    """The position after what closes `closer`, which opens just before `position`."""
    start = position
    stack = [closer]
    documents: list[tuple[str, bool]] = []
    while stack:
        context = stack[-1]
        found = _STOPS[context].search(text, position)
        if documents and (line_end := text.find("\n", position, found.start() if found else len(text))) >= 0:
            position = after_documents(text, line_end + 1, documents)
            continue
        if found is None:
            raise UnclosedError(start, "".join(key[-1] for key in reversed(stack)))
        stop = found.group()
        position = found.end()
        if stop == context[-1]:
            stack.pop()
        elif stop.startswith("<<") and stop != "<<<":
            position = read_mark(text, position, documents, strips_tabs=stop == "<<-")
        else:
            position = _enter(text, found.start(), stop, stack)
    return position


def _enter(text: str, start: int, stop: str, stack: list[str]) -> int:
    """Go into, or past, what begins at `start` inside the innermost bracket of `stack`."""
    end = start + len(stop)
    if stop == "\\":
        return end + 1
    if stop == "'":
        return _end_of_single(text, start, stack)
    if stop == "$'":
        return _end_of_ansi(text, start, stack)
    if stop == "`":
        return end_of_backquotes(text, start)[0]
    if stop == "$(":
        is_arithmetic = text.startswith("(", end)
        stack.append("a)" if is_arithmetic else ")")
    elif stop == "(":
        stack.append(stack[-1])
    elif stop == "${":
        stack.append("q}" if stack[-1] in {'"', "q}"} else "}")
    elif stop == '"':
        stack.append('"')
    return end


def _end_of_single(text: str, start: int, stack: list[str]) -> int:
    end = text.find("'", start + 1)
    if end < 0:
        raise UnclosedError(start, "'" + "".join(key[-1] for key in reversed(stack)))
    return end + 1


def _end_of_ansi(text: str, start: int, stack: list[str]) -> int:
    position = start + 2
    while found := _ANSI_STOP.search(text, position):
        if found.group() == "'":
            return found.end()
        position = found.end() + 1
    raise UnclosedError(start, "'" + "".join(key[-1] for key in reversed(stack)))


def end_of_backquotes(text: str, start: int) -> tuple[int, str]:
    """The position after the backquotes that open at `start`, and the command between them."""
    position = start + 1
    while found := _BACKQUOTE_STOP.search(text, position):
        if found.group() == "`":
            return found.end(), _BACKQUOTE_ESCAPE.sub(r"\1", text[start + 1 : found.start()])
        position = found.end() + 1
    raise UnclosedError(start, "`")


def unescape_ansi(text: str, start: int) -> tuple[int, str]:
    """The position after the `$'...'` at `start`, and what it says. As in bash, a zero byte ends it."""
    end = _end_of_ansi(text, start, [])
    raw = text[start + 2 : end - 1]
    if "\\" not in raw:
        return end, raw
    # `\x` and octal escapes are bytes, of which several can make one character.
    value = bytearray()
    position = 0
    for found in _ANSI_ESCAPE.finditer(raw):
        value += raw[position : found.start()].encode("utf-8", "surrogatepass")
        value += _ansi_bytes(found)
        position = found.end()
    value += raw[position:].encode("utf-8", "surrogatepass")
    return end, bytes(value).split(b"\0", 1)[0].decode("utf-8", "replace")


def _ansi_bytes(found: re.Match[str]) -> bytes:
    named, octal, hexadecimal, short, long, control = found.groups()
    if named:
        return _ANSI_NAMED[named].encode()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if control:
        return bytes([ord(control) & 0x1F]) if control.isascii() else found.group().encode("utf-8", "replace")
    number = int(short or long, 16)
    return chr(number).encode("utf-8", "replace") if number < 0x110000 else b"?"


def read_mark(text: str, position: int, documents: list[tuple[str, bool]], *, strips_tabs: bool) -> int:
    """Remember the word at `position`, which ends a here-document; returns where it stops."""
    found = _DOCUMENT_MARK.match(text, position)
    if found is None:
        return position
    documents.append((next(group for group in found.groups() if group is not None), strips_tabs))
    return found.end()


def after_documents(text: str, position: int, documents: list[tuple[str, bool]]) -> int:
    """The position after the here-documents whose first line begins at `position`."""
    for mark, strips_tabs in documents:
        while position < len(text):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            line = text[position:end]
            position = min(end + 1, len(text))
            if (line.lstrip("\t") if strips_tabs else line) == mark:
                break
    documents.clear()
    return position
