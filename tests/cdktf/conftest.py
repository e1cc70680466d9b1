"""A project in a temporary folder with a synthesized application, and programs that write down how they were called."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from karst_cli.cdktf import run

FAKE_TERRAFORM = """\
import json, os, pathlib, signal, sys, time
folder = pathlib.Path.cwd()
home = pathlib.Path(os.environ["FAKE_HOME"])
name, command = folder.name, sys.argv[1]
with open(home / "calls", "a") as stream:
    stream.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
behaviour = json.loads((home / "behaviour").read_text())
told = behaviour.get(f"{command} {name}") or {}
if told.get("wait_for_interrupt"):
    count = 0
    def note(*_):
        global count
        count += 1
    signal.signal(signal.SIGINT, note)
    (home / "waiting").touch()
    while not count:
        time.sleep(0.01)
    time.sleep(0.5)
    (home / "interrupts").write_text(str(count))
if command == "plan":
    (folder / "karst.tfplan").write_text(name)
if command == "apply":
    (home / f"applied-{name}").write_text((folder / "karst.tfplan").read_text())
if command == "show":
    print(told.get("plan") or json.dumps({"format_version": "1.2", "resource_changes": [], "applyable": True}))
elif command == "state":
    print(json.dumps({"resources": told.get("resources", [])}))
elif command == "output":
    print(json.dumps({"url": {"value": f"https://{name}"}, "key": {"value": "secret", "sensitive": True}}))
else:
    print(f"{command} of {name}")
print(told.get("stderr", ""), file=sys.stderr)
sys.exit(told.get("status", 0))
"""

FAKE_APPLICATION = """\
import json, os, pathlib, sys
home = pathlib.Path(os.environ["FAKE_HOME"])
keys = ("KARST_ENVIRONMENTS", "KARST_ONLY", "CDKTF_OUTDIR", "JSII_NODE")
with open(home / "application", "a") as stream:
    stream.write(json.dumps([sys.argv[1:], {key: os.environ.get(key) for key in keys}]) + "\\n")
said = os.environ.get("FAKE_APPLICATION_SAYS")
if said:
    print(said, file=sys.stderr)
    sys.exit(int(os.environ["FAKE_APPLICATION_STATUS"]))
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
out.mkdir(exist_ok=True)
(out / "manifest.json").write_bytes((home / "manifest").read_bytes())
"""

FAKE_CDKTN = """\
import json, os, pathlib, sys
home = pathlib.Path(os.environ["FAKE_HOME"])
keys = ("KARST_ENVIRONMENTS", "KARST_ONLY", "JSII_NODE")
with open(home / "toolkit", "a") as stream:
    stream.write(json.dumps([sys.argv[1:], {key: os.environ.get(key) for key in keys}]) + "\\n")
sys.exit(int(os.environ.get("FAKE_CDKTN_STATUS", "0")))
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project whose programs are fakes."""

    folder: Path

    def cdktf(self, *words: str) -> int:
        return run(list(words), self.folder)

    def synthesize(self, dependencies: Mapping[str, Sequence[str]], removals: Sequence[str] = ()) -> None:
        """Write what the toolkit writes for stacks with these dependencies."""
        out = self.folder / "cdktf.out"
        stacks = {}
        for name, needs in dependencies.items():
            path = out / "stacks" / name
            path.mkdir(parents=True, exist_ok=True)
            content = {"provider": {"google": [{}]}}
            if name not in removals:
                content["resource"] = {"terraform_data": {"x": {}}}  # pyright: ignore[reportArgumentType]
            (path / "cdk.tf.json").write_text(json.dumps(content))
            stacks[name] = {"name": name, "workingDirectory": f"stacks/{name}", "dependencies": list(needs)}
        self.manifest(json.dumps({"version": "0.24.0", "stacks": stacks}))

    def manifest(self, text: str) -> None:
        """Have this manifest in the output, now and after each synthesis."""
        for path in (self.folder / "manifest", self.folder / "cdktf.out" / "manifest.json"):
            path.write_text(text)

    def content(self, stack: str, content: Mapping[str, object]) -> None:
        """Declare something else in a stack."""
        (self.folder / "cdktf.out" / "stacks" / stack / "cdk.tf.json").write_text(json.dumps(content))

    def behave(self, **told: object) -> None:
        """Tell the fake Terraform what to do: `plan demo` -> {"status": 1, "stderr": "..."}."""
        (self.folder / "behaviour").write_text(json.dumps(told))

    def calls(self, command: str) -> list[str]:
        """The stacks for which Terraform was called with `command`, in order."""
        return [call[0] for call in self.all_calls() if call[1] == command]

    def all_calls(self) -> list[list[str]]:
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def toolkit_calls(self) -> list[tuple[list[str], dict[str, str | None]]]:
        return self._starts("toolkit")

    def application_calls(self) -> list[tuple[list[str], dict[str, str | None]]]:
        return self._starts("application")

    def _starts(self, program: str) -> list[tuple[list[str], dict[str, str | None]]]:
        path = self.folder / program
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def write_program(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable} -S\n{source}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    write_program(tmp_path / "bin" / "terraform", FAKE_TERRAFORM)
    write_program(tmp_path / "node_modules" / ".bin" / "cdktn", FAKE_CDKTN)
    write_program(tmp_path / "bin" / "application", FAKE_APPLICATION)
    (tmp_path / "cdktf.json").write_text(json.dumps({"app": "application"}))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TERRAFORM_BINARY_NAME", "KARST_ENVIRONMENTS", "KARST_ONLY"):
        monkeypatch.delenv(name, raising=False)
    project = Project(folder=tmp_path)
    project.behave()
    project.synthesize(
        {
            "demo": ["demo-apps-blue", "demo-data-h01", "demo-data-old"],
            "demo-apps-blue": ["demo-foundation"],
            "demo-data-h01": ["demo-foundation"],
            "demo-data-old": ["demo-foundation"],
            "demo-foundation": [],
            "other": [],
        },
        removals=["demo-data-old"],
    )
    return project
