"""Templates of services' configuration files, read where declarations are: nothing later reads a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from karst.config.errors import ConfigError, Problem, show_path
from karst.config.service import DECLARATION, Service

Templates = Mapping[str, str]
"""Template as a declaration names it to its text."""


def load_templates(directory: Path, services: Mapping[str, Service]) -> dict[str, Templates]:
    """The templates of each service whose declaration stands in `<directory>/<name>`.

    Raises ConfigError that names every template that can't be read.
    """
    problems: list[Problem] = []
    found: dict[str, Templates] = {}
    for name, service in sorted(services.items()):
        texts: dict[str, str] = {}
        for template in sorted({file.template for file in service.config_files.values()}):
            path = directory / name / template
            problems += _misplaced(directory, name, template, path)
            if path.is_file():
                texts[template] = path.read_text(encoding="utf-8")
        found[name] = texts
    if problems:
        raise ConfigError(problems)
    return found


def _misplaced(directory: Path, name: str, template: str, path: Path) -> Iterator[Problem]:
    declaration = show_path(directory / name / DECLARATION)
    if not path.resolve().is_relative_to(directory.resolve()):
        message, remedy = f"the template '{template}' lies outside of the declarations", "Move it beside them."
    elif not path.is_file():
        message, remedy = f"there is no template '{template}'", "Write it beside the declaration, or correct the path."
    else:
        return
    yield Problem(file=declaration, line=0, key="config_files", message=message, remedy=remedy)
