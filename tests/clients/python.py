"""A Python as the users of clients have it: in an environment of its own, told what they type, line by line."""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import Any, Self

from tests.conftest import find_tool

_LOOP = """
import json, sys, traceback
names, answers = {}, sys.stdout
sys.stdout = sys.stderr
for line in sys.stdin:
    code = json.loads(line)
    try:
        try:
            value = eval(code, names)
        except SyntaxError:
            value = exec(code, names)
        answer = {"value": value}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer, default=lambda each: each.item()), file=answers, flush=True)
"""


class PythonError(Exception):
    """What was typed failed; the text is the traceback."""


class Python:
    """A session that lasts: what one line defines, the next one knows."""

    def __init__(self, environment: dict[str, str], *, of: str = "clio-py") -> None:
        self._home = tempfile.TemporaryDirectory()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the session
        self._process = subprocess.Popen(
            [str(find_tool(of)), "-c", _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment | {"HOME": self._home.name},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._log.close()
        self._home.cleanup()

    def __call__(self, code: str) -> Any:  # noqa: ANN401 - JSON
        """Type something; the value of an expression comes back as JSON. Raises `PythonError`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the session ended"
        answer = json.loads(line)
        if "error" in answer:
            raise PythonError(answer["error"])
        return answer["value"]
