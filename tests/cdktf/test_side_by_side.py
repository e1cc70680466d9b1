"""Deployments synthesized side by side give what one program would have written, and say what it would have said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from karst import side_by_side
from karst.forks import run_forked
from karst.invocation import invocation
from karst_cli.direct_runtime import direct_runtime
from karst_cli.toolkit import find_node
from tests.examples import ROOT

PROLOGUE = """
import os, sys
from karst import early_runtimes
early_runtimes.start(int(os.environ["KARST_PROGRAMS"]), os.environ)
import constructs
from jsii._runtime import kernel
"""


def part(folder: Path, *stacks: str) -> Path:
    """A folder as a synthesis leaves it."""
    listed = {name: {"synthesizedStackPath": f"stacks/{name}/cdk.tf.json"} for name in stacks}
    for name in stacks:
        (folder / "stacks" / name).mkdir(parents=True)
        (folder / "stacks" / name / "cdk.tf.json").write_text(name, encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"version": "1", "stacks": listed}), encoding="utf-8")
    return folder


def run(program: str, programs: int = 1, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program that starts runtimes first."""
    runtime = {**direct_runtime({}), "JSII_NODE": str(find_node()), "KARST_PROGRAMS": str(programs)}
    environment = {**os.environ, **runtime, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    return subprocess.run(
        [sys.executable, "-c", PROLOGUE + program],
        env={name: value for name, value in environment.items() if value},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_parts_are_joined_under_one_manifest(tmp_path: Path) -> None:
    output = tmp_path / "out"
    old = part(output, "b")
    (old / "stacks/b/.terraform").mkdir()
    (old / "stacks/b/assets").mkdir()
    (old / "stacks/b/assets/old").touch()
    new = part(tmp_path / "2", "b")
    (new / "stacks/b/assets").mkdir()
    (new / "stacks/b/assets/new").touch()
    side_by_side.join([part(tmp_path / "1", "c"), new], output)
    assert list(json.loads((output / "manifest.json").read_text("utf-8"))["stacks"]) == ["b", "c"]
    assert sorted(path.name for path in (output / "stacks/b").iterdir()) == [".terraform", "assets", "cdk.tf.json"]
    assert [path.name for path in (output / "stacks/b/assets").iterdir()] == ["new"]


def test_each_number_is_taken_once() -> None:
    queue = side_by_side._queue(1000)
    first, second = (side_by_side._take_from(queue) for _ in range(2))
    taken = [next(first) if number % 3 else next(second) for number in range(1000)]
    assert taken == list(range(1000))
    assert list(first) == list(second) == []
    os.close(queue)


def test_forks_say_in_order_and_once_what_they_say() -> None:
    def task(text: str, status: int) -> int:
        os.write(2, f"{text * 100_000}\n".encode())
        return status

    status, said = run_forked([lambda: task("a", 0), lambda: task("b", 2), lambda: task("a", 0)])
    assert status == 2
    assert said == f"{'a' * 100_000}\n{'b' * 100_000}\n"


def test_a_fork_that_fails_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> int:
        raise ArithmeticError("no such number")

    def killed() -> int:
        os.kill(os.getpid(), 9)
        return 0

    def interrupted() -> int:
        raise KeyboardInterrupt

    with capfd.disabled():
        status, said = run_forked([broken])
    assert status == 1
    assert said.startswith("Traceback")
    assert said.endswith("ArithmeticError: no such number\n")
    assert run_forked([killed, lambda: 0]) == (1, "")
    assert run_forked([interrupted]) == (130, "")


@pytest.mark.parametrize(
    ("told", "programs"),
    [
        ({}, 1),
        ({"KARST_PROGRAMS": "2"}, 2),
        ({"KARST_PROGRAMS": "9"}, 3),
        ({"KARST_PROGRAMS": "9", "KARST_ONLY": "a,b,"}, 2),
        ({"KARST_PROGRAMS": "0"}, 1),
        ({"KARST_PROGRAMS": "2", "KARST_ENVIRONMENTS": "nowhere"}, 1),
    ],
)
def test_no_more_programs_than_deployments(tmp_path: Path, told: dict[str, str], programs: int) -> None:
    for name in "abc":
        (tmp_path / "environments" / name).mkdir(parents=True)
        (tmp_path / "environments" / name / "deployment.yaml").touch()
    assert invocation(tmp_path, told).programs == programs


def test_a_number_of_programs_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^KARST_PROGRAMS is 'two'\. Write how many programs may"):
        invocation(tmp_path, {"KARST_PROGRAMS": "two"})


def test_who_asks_early_has_one_runtime_and_all_its_answers() -> None:
    done = run(
        "node = constructs.Construct(constructs.RootConstruct('root'), 'child').node\n"
        "print(node.path, early_runtimes.started().count, len(kernel.provider._told))\n"
        "kernel.provider.finish()\n",
        programs=3,
    )
    assert (done.stdout, done.stderr) == ("root/child 1 1\n", "")


def test_a_binding_that_cannot_be_loaded_is_named_when_its_answer_is_read() -> None:
    done = run("kernel.load('@cdktn/nothing', '1.0', '/nowhere.tgz')\nconstructs.RootConstruct('root')\n")
    assert done.returncode == 1
    assert "LoadError: @cdktn/nothing 1.0 cannot be loaded: " in done.stderr


def test_a_runtime_that_ends_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "short.js").write_text('console.log(JSON.stringify({ hello: "" }).slice(0, 3));')
    done = run("constructs.RootConstruct('root')\n", programs=2, JSII_RUNTIME=str(tmp_path / "short.js"))
    assert done.returncode == 1
    assert "LoadError: the toolkit's runtime ended before it answered" in done.stderr


def test_without_a_runtime_of_its_own_nothing_is_started_early() -> None:
    done = run("print(early_runtimes.started(), type(kernel.provider).__name__)", JSII_RUNTIME="")
    assert (done.stdout, done.stderr) == ("None ProcessProvider\n", "")
