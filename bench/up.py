"""Times `karst up` as a person waits for it: from the command to the lines that say what to do next."""

from __future__ import annotations

import signal
import statistics
import subprocess
import time
from pathlib import Path

from bench.measure import RUNS, BenchError, Figure
from bench.steps import KARST, ROOT

_READY = "Ctrl-C stops it"
_PATIENCE_S = 60


def running(folder: Path) -> tuple[Figure, Figure]:
    """The first run, which makes a database, and later ones."""
    first_s = _until_ready_s(folder / "state")
    later_s = statistics.median(_until_ready_s(folder / "state") for _ in range(RUNS))
    return (
        Figure(step="`karst up`, for the first time", value=first_s, limit=90, unit="s", note="makes a database"),
        Figure(step="`karst up`, later", value=later_s, limit=4, unit="s"),
    )


def _until_ready_s(state: Path) -> float:
    command = [KARST, "up", "environments/demo", "--state", str(state), "--port", "0", "--https-port", "0"]
    begin_s = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines: list[str] = []
        took_s = None
        for line in process.stdout or ():
            lines.append(line)
            if _READY in line:
                took_s = time.perf_counter() - begin_s
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=_PATIENCE_S)
    if took_s is None or process.returncode:
        raise BenchError(f"{' '.join(command)} failed with status {process.returncode}:\n{''.join(lines).strip()}")
    return took_s
