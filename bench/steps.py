"""What is measured, and how long it may take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.generated import write_environment
from bench.measure import Figure, median_s
from karst.fast_bindings import SWITCH

ROOT = Path(__file__).parent.parent
KARST, CDKTF = (str(Path(sys.executable).parent / name) for name in ("karst", "cdktf"))
MAIN = str(ROOT / "main.py")
_BINDINGS = (
    "import sys, main\n"
    "for name in sorted(sys.modules):\n"
    "    if name in {'cdktn', 'constructs'} or name.startswith('cdktn_provider_') and name.count('.') == 1:\n"
    "        print(name)\n"
)


def measure(folder: Path) -> list[Figure]:
    """Run every step."""
    return [start_up(), validation(), *growth(folder), *examples(folder)]


def start_up() -> Figure:
    """`karst --help`."""
    return Figure(step="`karst --help`", value=median_s([KARST, "--help"]), limit=0.3, unit="s")


def validation() -> Figure:
    """`karst validate` on the examples and the services."""
    return Figure(step="`karst validate`", value=median_s([KARST, "validate"]), limit=0.5, unit="s")


def growth(folder: Path) -> tuple[Figure, Figure]:
    """Synthesis of 5, 20 and 50 datasets: what each costs, and whether the last cost more than the first."""
    took_s = {count: _synthesis_s(write_environment(folder, count), folder / f"{count}.out") for count in (5, 20, 50)}
    early_ms = (took_s[20] - took_s[5]) / 15 * 1000
    late_ms = (took_s[50] - took_s[20]) / 30 * 1000
    whole = ", ".join(f"{count} datasets {seconds:.2f} s" for count, seconds in took_s.items())
    slopes = f"5 to 20: {early_ms:.0f} ms, 20 to 50: {late_ms:.0f} ms"
    each_ms = (took_s[50] - took_s[5]) / 45 * 1000
    return (
        Figure(step="one more dataset, 5 to 50", value=each_ms, limit=40, unit="ms", note=whole),
        Figure(
            step="a late dataset against an early one", value=late_ms / early_ms, limit=1.3, unit="times", note=slopes
        ),
    )


def examples(folder: Path) -> tuple[Figure, ...]:
    """Synthesis of all examples as a user starts it, with the bindings in use and with all of them; their list."""
    synth, listing = ([CDKTF, verb, "--output", str(folder / verb)] for verb in ("synth", "list"))
    synth_s, whole_s = median_s(synth), median_s(synth, {SWITCH: "1"})
    imports_s, modules = _importing_bindings_s()
    importing = f"importing {modules} modules of whole bindings {imports_s:.2f} s; with those {whole_s / imports_s:.2f}"
    return (
        Figure(step="`cdktf synth`, all examples", value=synth_s, limit=4, unit="s"),
        Figure(
            step="the same, against importing the bindings",
            value=synth_s / imports_s,
            limit=1.3,
            unit="times",
            note=importing,
        ),
        Figure(step="the same with whole bindings", value=whole_s, limit=12, unit="s", note=f"`{SWITCH}=1`"),
        Figure(step="`cdktf list`", value=median_s(listing), limit=5, unit="s", note="synthesizes first"),
    )


def _importing_bindings_s() -> tuple[float, int]:
    """How long it takes to do nothing but import what the examples use of the bindings; and how many modules."""
    listed = subprocess.run([sys.executable, "-c", _BINDINGS], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = listed.stdout.split()
    return median_s([sys.executable, "-c", f"import {', '.join(modules)}"]), len(modules)


def _synthesis_s(environments: Path, output: Path) -> float:
    return median_s([sys.executable, MAIN], {"KARST_ENVIRONMENTS": str(environments), "CDKTF_OUTDIR": str(output)})
