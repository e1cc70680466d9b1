"""The tutorial of the laptop as it is pasted: each command in turn, with what it says they print."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorials" / "laptop.md"
READY = "Ctrl-C stops it"
PATIENCE_S = 120
INSTALLING = ("make setup", "source .venv/bin/activate")
UP = "karst up mylab/demo"
_BLOCK = re.compile(r"```(sh|text)\n(.*?)```", re.S)


class Terminals:
    """A folder with what a checkout has, where commands run, and the platform of one terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "environments").symlink_to(ROOT / "environments")
        (folder / "bin").mkdir()
        program = folder / "bin" / "karst"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m karst_cli.main "$@"\n')
        program.chmod(0o755)
        paths = os.pathsep.join([str(ROOT / "constructs"), str(ROOT)])
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KARST_")},
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": paths,
            "no_proxy": "localhost",
            "NO_PROXY": "localhost",
        }
        self.address = "http://localhost:8080"
        self._platform: subprocess.Popen[bytes] | None = None

    def run(self, text: str) -> str:
        """Run a block's lines in one shell; what it exports is there for the next."""
        kept = self.folder / "exported"
        script = f"set -eu\n{text.replace('http://localhost:8080', self.address)}\nenv -0 > {kept}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        told = dict(word.split("=", 1) for word in kept.read_text().split("\0") if "=" in word)
        self.environment |= {name: told[name] for name in ("JILL", "NEW") if name in told}
        return done.stdout

    def start(self) -> None:
        """Start the platform, on ports that are free, until it says what to do next."""
        output = self.folder / "output.txt"
        command = [str(self.folder / "bin" / "karst"), *UP.split()[1:], "--port", "0", "--https-port", "0"]
        with output.open("wb") as file:
            self._platform = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        end_s = time.monotonic() + PATIENCE_S
        while READY not in output.read_text():
            assert self._platform.poll() is None, output.read_text()
            assert time.monotonic() < end_s, output.read_text()
            time.sleep(0.1)
        found = re.search(r"runs at (http://\S+)", output.read_text())
        assert found is not None
        self.address = found[1]

    def stop(self) -> None:
        """Press Ctrl-C."""
        if self._platform is not None:
            self._platform.send_signal(signal.SIGINT)
            assert self._platform.wait(timeout=PATIENCE_S) == 0
            self._platform = None


@pytest.fixture
def terminals() -> Iterator[Terminals]:
    # Not below pytest's folder: PostgreSQL, which refuses to run as root, could not reach it.
    with tempfile.TemporaryDirectory(prefix="karst-") as name:
        made = Terminals(Path(name))
        yield made
        made.stop()


def test_the_tutorial_does_what_it_says(terminals: Terminals) -> None:
    blocks = _BLOCK.findall(PAGE.read_text("utf-8"))
    assert sum(kind == "sh" for kind, _ in blocks) >= 10
    printed = ""
    for kind, text in blocks:
        if kind == "text":
            for line in text.strip("\n").splitlines():
                assert line in printed, f"{line!r} isn't in:\n{printed}"
            continue
        lines = [line for line in text.splitlines() if line not in INSTALLING]
        starts = UP in lines
        if starts or "rm -r mylab .karst" in lines:
            terminals.stop()
        printed = terminals.run("\n".join(line for line in lines if line != UP))
        if starts:
            terminals.start()
    assert not (terminals.folder / "mylab").exists()
    assert not (terminals.folder / ".karst").exists()
