"""Writes configuration files with the secrets in their places, in the pod, before the program of the image starts.

`python fill_secrets.py SKELETONS SECRETS OUTPUT`: SKELETONS is a JSON file with the parts of each file by its name,
SECRETS a folder with a file for each secret, OUTPUT the folder to write to. A part is text, or says which secret stands
there and how its value is written in the language of the file; so a value is data from beginning to end, whatever
characters it has. One line break at the end of a secret is dropped: editors and `echo` add it.

Runs in upstream's images, so it needs nothing but Python 3.6. Ends with 1 and a message, which never holds a value.
"""

import json
import sys
from pathlib import Path
from urllib.parse import quote


class FillError(Exception):
    """A file that can't be written; the message names the secret, never its value."""


class Secrets:
    """The files of a folder, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def value(self, name: str) -> str:
        """The secret called `name`."""
        try:
            content = (self._folder / name).read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FillError(
                f"the secret {name} can't be read from {self._folder} ({reason.lower()}). Give it a value in Secret "
                "Manager, and see that the account of the pod may read it"
            ) from None
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise FillError(f"the secret {name} is no text in UTF-8. Store it again as text") from None
        return text[: -len("\r\n")] if text.endswith("\r\n") else text[:-1] if text.endswith("\n") else text


def pyliteral(value: object) -> str:
    """`value` as Python source, in ASCII."""
    return ascii(value)


def to_json(value: object) -> str:
    """`value` as JSON on one line, keys in order."""
    return json.dumps(value, sort_keys=True, allow_nan=False)


def ini(value: object) -> str:
    """`value` as an entry of an INI file that `configparser` reads; it takes `%` for its own sign."""
    text = str(value)
    if text != text.strip() or not text.isprintable():
        raise FillError("a value for an INI file has blanks at an end, or breaks its line. Write one without these")
    return text.replace("%", "%%")


def quoted(value: object) -> str:
    """`value` as a part of a URL."""
    return quote(str(value), safe="")


ENCODERS = {"pyliteral": pyliteral, "json": to_json, "ini": ini, "quote": quoted}


def evaluate(expression: object, secrets: Secrets) -> object:
    """What an expression stands for: text and numbers are themselves, a mapping of one key says what is done."""
    if not isinstance(expression, dict):
        return expression
    [(verb, inner)] = expression.items()
    if verb == "secret":
        return secrets.value(inner)
    if verb == "join":
        return "".join(str(evaluate(part, secrets)) for part in inner)
    if verb == "list":
        return [evaluate(part, secrets) for part in inner]
    if verb == "map":
        return {key: evaluate(part, secrets) for key, part in inner.items()}
    if verb not in ENCODERS:
        raise FillError(f"the skeleton asks for '{verb}', which this program does not know. Render it again")
    value = evaluate(inner, secrets)
    try:
        return ENCODERS[verb](value)
    except FillError as error:
        raise FillError(f"{', '.join(secrets_in(inner))}: {error}") from None


def secrets_in(expression: object) -> "list[str]":
    """Names of the secrets that an expression needs, in order."""
    if isinstance(expression, dict):
        if isinstance(expression.get("secret"), str):
            return [expression["secret"]]
        return sorted({name for inner in expression.values() for name in secrets_in(inner)})
    if isinstance(expression, list):
        return sorted({name for inner in expression for name in secrets_in(inner)})
    return []


def fill(skeletons: "dict[str, list[object]]", secrets: Secrets) -> "dict[str, str]":
    """The text of each file by its name. Raises `FillError` with what is wrong in all of them."""
    filled = {}
    problems = []
    for name in sorted(skeletons):
        try:
            filled[name] = str(evaluate({"join": skeletons[name]}, secrets))
        except FillError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise FillError("\n".join(problems))
    return filled


def write(folder: Path, name: str, text: str) -> None:
    """`text` as a file that everybody in the pod may read and nobody may write; whole or not at all."""
    unfinished = folder / f".{name}.unfinished"
    if unfinished.exists():
        unfinished.unlink()
    unfinished.write_bytes(text.encode("utf-8"))
    unfinished.chmod(0o444)
    unfinished.replace(folder / name)


def main(arguments: "list[str]") -> int:
    """Fill every skeleton, then write them all."""
    if len(arguments) != 3:
        sys.stderr.write("usage: fill_secrets.py SKELETONS SECRETS OUTPUT\n")
        return 2
    skeletons, secrets, output = (Path(argument) for argument in arguments)
    try:
        filled = fill(json.loads(skeletons.read_text(encoding="utf-8")), Secrets(secrets))
    except FillError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, text in sorted(filled.items()):
        write(output, name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
