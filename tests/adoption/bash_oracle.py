"""A real bash as judge of what a file says. It gets texts that tests made, an empty folder and no commands."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

BASH = shutil.which("bash")

# Each file is read in a process of its own, which an error may end; a name that is not set says 0 values.
_ASK = r"""
files=$1; shift
for ((number = 0; number < files; number++)); do
  (
    "$BASH" -n ".$number.sh" 2>/dev/null && printf 'valid\0' || printf 'invalid\0'
    set -f
    source "./.$number.sh" >/dev/null 2>&1
    for name in "$@"; do
      declare -n held=$name
      printf '%s\0' "${#held[@]}" "${held[@]}"
    done
    printf 'end\0'
  ) </dev/null >".$number.out" 2>/dev/null
done
"""


def ask(texts: Sequence[str], names: Sequence[str], folder: Path) -> list[dict[str, tuple[str, ...]] | None]:
    """For each text the values of each of `names` after it; None if bash finds the text to be no shell."""
    assert BASH is not None, "these tests need bash"
    for number, text in enumerate(texts):
        (folder / f".{number}.sh").write_bytes(text.encode())
    environment = {"PATH": "", "LC_ALL": "C.UTF-8"}
    command = [BASH, "--norc", "--noprofile", "-c", _ASK, "ask", str(len(texts)), *names]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    return [_answer((folder / f".{number}.out").read_bytes(), names) for number in range(len(texts))]


def _answer(raw: bytes, names: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    fields = raw.decode("utf-8", "replace").split("\0")
    if fields[0] != "valid" or fields[-2:] != ["end", ""]:
        return None
    rest = iter(fields[1:])
    return {name: tuple(next(rest) for _ in range(int(next(rest)))) for name in names}
