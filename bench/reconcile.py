"""How long `karst reconcile` takes against `karst up`: to make fifty datasets, and to find nothing to do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import RUNS, BenchError, Figure
from bench.steps import KARST, ROOT

_READY = "Ctrl-C stops it"
_PATIENCE_S = 90
_DATASETS = 50
_DATASET = """\
name: {name}
aligned_volume:
  images: precomputed://gs://bench-images/{name}/em
  resolution_nm: [4, 4, 40]
graphs: {{{name}_seg: {{}}}}
datastacks:
  {name}: {{segmentation: {{graph: {name}_seg}}, synapse_table: synapses, soma_table: nuclei}}
  {name}_flat: {{segmentation: {{source: "precomputed://gs://bench-images/{name}/seg"}}}}
permissions:
  groups:
    {name}_viewers: {{permissions: [view], members: [viewer@example.org]}}
    {name}_editors: {{permissions: [view, edit]}}
"""


def measure(folder: Path) -> list[Figure]:
    """Start with the demo's dataset, declare fifty more, reconcile, and reconcile again. Raises BenchError."""
    deployment = folder / "demo"
    shutil.copytree(ROOT / "environments" / "demo", deployment)
    for number in range(_DATASETS):
        text = _DATASET.format(name=f"bench{number:02}")
        (deployment / "datasets" / f"bench{number:02}.yaml").write_text(text, encoding="utf-8")
    with _platform(folder / "state") as (url, bundle):
        token = (folder / "state" / "secrets" / "reconcile-token").read_text(encoding="utf-8")
        command = [KARST, "reconcile", str(deployment), "--server", url, "--authority", bundle]
        first_s, _ = _took(command, token)
        again = [_took(command, token) for _ in range(RUNS)]
        if any("Everything is as declared." not in text for _, text in again):
            raise BenchError(f"the second run found something to do:\n{again[0][1]}")
    return [
        Figure(step=f"{_DATASETS} datasets, for the first time", value=first_s, limit=60, unit="s"),
        Figure(
            step=f"{_DATASETS} datasets, nothing to do",
            value=statistics.median(took_s for took_s, _ in again),
            limit=3,
            unit="s",
            note="reading the YAML files included",
        ),
    ]


def _took(command: list[str], token: str) -> tuple[float, str]:
    begin_s = time.perf_counter()
    environment = {**os.environ, "KARST_RECONCILE_TOKEN": token, "no_proxy": "localhost", "NO_PROXY": "localhost"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begin_s, done.stdout


@contextmanager
def _platform(state: Path) -> Generator[tuple[str, str]]:
    """The demo, running; its address by HTTPS, and the file of its authority."""
    command = [KARST, "up", "environments/demo", "--state", str(state), "--port", "0", "--https-port", "0"]
    output = state.with_name("output.txt")
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        end_s = time.monotonic() + _PATIENCE_S
        while _READY not in (text := output.read_text(encoding="utf-8")):
            if process.poll() is not None or time.monotonic() > end_s:
                raise BenchError(f"{' '.join(command)} didn't start:\n{text}")
            time.sleep(0.1)
        found = re.search(r"HTTPS +(https://\S+) +authorities: (\S+)", text)
        if found is None:
            raise BenchError(f"karst up printed no address:\n{text}")
        yield found[1], found[2]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_PATIENCE_S)
