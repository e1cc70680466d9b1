"""What tests of the import share: a file imported as `karst import` does it, without a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from karst.adoption.mapping import Options, adopt
from karst.adoption.report import Report, markdown
from karst.adoption.shell import read_environment
from karst.drafts.check import neighbours, problems
from karst.drafts.folder import write_folder

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services_src"
NUMBER = "123456789012"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A written deployment with its report."""

    folder: Path
    deployment: dict[str, Any]
    datasets: dict[str, Any]
    report: Report
    problems: tuple[str, ...]

    @property
    def warned(self) -> str:
        return "\n".join(f"{one.place}: {one.message}" for one in self.report.warnings)

    def mapped(self, name: str) -> tuple[str, ...]:
        return next((one.places for one in self.report.mapped if one.name == name), ())

    def why(self, name: str) -> str:
        return next((one.reason for one in self.report.derived if one.name == name), "")

    def everything(self) -> str:
        """All that was written or said."""
        texts = [path.read_text("utf-8") for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return "\n".join([*texts, markdown(self.report), repr(self.report)])


def import_file(file: Path, output: Path, *, name: str | None = None) -> Imported:
    """Import `file` below `output`."""
    options = Options(name=name, project_number=NUMBER)
    adoption = adopt(read_environment(file), options, neighbours(output))
    folder = output / adoption.report.deployment
    found: list[str] = []

    def inspect(draft: Path) -> dict[str, str]:
        found.extend(str(one) for one in problems(draft, output, SERVICES))
        return {"README.md": markdown(adoption.report)}

    write_folder(folder, adoption.files, may_replace=False, elsewhere="Go elsewhere", inspect=inspect)
    datasets = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.glob("datasets/*.yaml"))}
    return Imported(
        folder=folder,
        deployment=yaml.safe_load((folder / "deployment.yaml").read_text("utf-8")),
        datasets=datasets,
        report=adoption.report,
        problems=tuple(found),
    )
