"""Which stacks a changed file can reach, and why: derived from the configuration and from what imports what.

It answers what a change could do; the plans say what it does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

from karst.config.folder import APPROVALS_FILE, DATASETS_FOLDER, DEPLOYMENT_FILE
from karst.config.loader import Environment
from karst.config.service_runtime import ImageOrigin, Runtime
from karst.derived.workloads import Catalog, Workload, workloads
from karst.packaging.sources import ALLOWED
from karst.plan.summary import Cause
from karst.stack_names import StackNames

SHARED, DOCKERFILE, DECLARATION = "platform", "Dockerfile", "service.yaml"
_EVERYTHING = ("main.py", "requirements.lock", "requirements.txt", "pyproject.toml", "cdktf.json", "karst.pin")
"""What the application itself is made of, or, in a repository of environments, which Karst it pins."""
_NO_STACK = re.compile(r"(^|/)(tests?|bench|docs|\.github|__pycache__)(/|$)|\.md$|\.css$")
_KINDS_OF_STACKS = ("foundation", "dataset", "cluster", "addons", "apps", "run", "edge")


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What reaches what, for one state of the repository."""

    root: Path
    """Of the repository; changed files are named from here."""
    environments: Path
    loaded: Mapping[str, Environment]
    catalog: Catalog | None
    """The services' declarations, where they stand in this repository."""
    changed_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By configuration file, the keys that differ, where an earlier revision is at hand."""

    def of(self, file: str) -> dict[str, str]:
        """Stack to why the changed `file` reaches it; empty where it reaches none."""
        path = PurePosixPath(file)
        inside = self._below(path, self.environments)
        if inside is not None:
            return self._of_environment(file, inside)
        if file in _EVERYTHING:
            return dict.fromkeys(self._all_stacks(), "every stack is built with it")
        if _NO_STACK.search(file):
            return {}
        match path.parts:
            case ("services_src", *rest):
                return self._of_service(rest)
            case ("constructs", "karst", "upstream", service, *rest) if rest:
                return self._of_workloads(service, ImageOrigin.UPSTREAM, "declares or configures upstream's")
            case ("constructs", "karst", *_) | ("stacks", *_):
                return self._of_module(path)
            case _:
                return {}

    def datasets(self) -> dict[str, str]:
        """Every dataset's stack, and the dataset's name."""
        return {
            StackNames(deployment=name).dataset(dataset): dataset
            for name, environment in self.loaded.items()
            for dataset in environment.datasets
        }

    def _of_environment(self, file: str, inside: PurePosixPath) -> dict[str, str]:
        match inside.parts:
            case (name, part) if name in self.loaded and part == DEPLOYMENT_FILE:
                return dict.fromkeys(self._stacks(name), f"declares the deployment{self._keys(file)}")
            case (name, part, dataset) if name in self.loaded and part == DATASETS_FOLDER:
                return self._of_dataset(name, dataset.removesuffix(".yaml"), self._keys(file))
            case (_, part) if part == APPROVALS_FILE:
                return {}
            case _:
                return {}

    def _of_dataset(self, name: str, dataset: str, keys: str) -> dict[str, str]:
        names = StackNames(deployment=name)
        found = {names.dataset(dataset): f"declares the dataset{keys}"}
        found[names.foundation] = f"databases and accounts follow from datasets{keys}"
        found[names.run] = f"services there read datasets.json{keys}"
        for generation in self._generations(name):
            found[names.apps(generation)] = f"services there read datasets.json{keys}"
        return found

    def _of_service(self, rest: list[str]) -> dict[str, str]:
        match rest:
            case [one] if one == DOCKERFILE:
                return self._of_all_services("is in every image of ours")
            case [folder, part, *_] if folder == SHARED and part in ALLOWED:
                return self._of_all_services("is shared by every service of ours, so each gets another image")
            case [service, part] if part == DECLARATION:
                return self._of_declaration(service)
            case [service, part, *_] if part in ALLOWED:
                return self._of_workloads(service, ImageOrigin.KARST, "is in the image of")
            case _:
                return {}

    def _of_all_services(self, why: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, running in self._running():
            for workload in running:
                if workload.service.image.source is ImageOrigin.KARST:
                    found |= dict.fromkeys(self._where(name, workload), why)
        return found

    def _of_workloads(self, service: str, origin: ImageOrigin, why: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, running in self._running():
            for workload in running:
                is_it = service in {workload.name, "shared"}
                if is_it and workload.service.image.source is origin:
                    found |= dict.fromkeys(self._where(name, workload), f"{why} {workload.name}")
        return found

    def _of_declaration(self, service: str) -> dict[str, str]:
        """A declaration gives accounts, grants, routes and network policies, beside what runs."""
        found: dict[str, str] = {}
        for name, running in self._running():
            if any(one.name == service for one in running):
                why = f"declares {service}: what it runs as, needs, calls and answers"
                found |= dict.fromkeys(self._stacks(name), why)
        return found

    def _of_module(self, path: PurePosixPath) -> dict[str, str]:
        kinds = _importers(self.root, path)
        found: dict[str, str] = {}
        for name in self.loaded:
            names = StackNames(deployment=name)
            generations = self._generations(name)
            stacks: Mapping[str, Iterable[str]] = {
                "foundation": [names.foundation],
                "dataset": [names.dataset(dataset) for dataset in self.loaded[name].datasets],
                "cluster": [names.cluster(one) for one in generations],
                "addons": [names.addons(one) for one in generations],
                "apps": [names.apps(one) for one in generations],
                "run": [names.run],
                "edge": [names.edge],
            }
            for kind in kinds:
                found |= dict.fromkeys(stacks[kind], f"builds {kind} stacks")
        return found

    def _running(self) -> Iterator[tuple[str, tuple[Workload, ...]]]:
        if self.catalog is None:
            return
        for name, environment in self.loaded.items():
            yield name, workloads(environment.deployment, self.catalog)

    def _where(self, name: str, workload: Workload) -> list[str]:
        names = StackNames(deployment=name)
        if workload.runtime is Runtime.CLOUDRUN:
            return [names.run]
        return [names.apps(generation) for generation in self._generations(name)]

    def _generations(self, name: str) -> tuple[str, ...]:
        deployment = self.loaded[name].deployment
        return tuple(sorted(deployment.generations)) if deployment.runs_cluster else ()

    def _stacks(self, name: str) -> list[str]:
        names = StackNames(deployment=name)
        per_generation = (names.cluster, names.addons, names.apps)
        return [
            names.foundation,
            *(names.dataset(dataset) for dataset in self.loaded[name].datasets),
            *(make(generation) for generation in self._generations(name) for make in per_generation),
            names.run,
            names.edge,
        ]

    def _all_stacks(self) -> list[str]:
        return [stack for name in self.loaded for stack in self._stacks(name)]

    def _keys(self, file: str) -> str:
        keys = self.changed_keys.get(file, ())
        some = ", ".join(keys[:6])
        more = f" and {len(keys) - 6} more" if len(keys) > 6 else ""
        return f"; differs: {some}{more}" if keys else ""

    def _below(self, path: PurePosixPath, folder: Path) -> PurePosixPath | None:
        inside = folder.absolute().relative_to(self.root.absolute()).as_posix() if self._is_inside(folder) else None
        return path.relative_to(inside) if inside is not None and path.is_relative_to(inside) else None

    def _is_inside(self, folder: Path) -> bool:
        return folder.absolute().is_relative_to(self.root.absolute())


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Where changed files get to."""

    causes: Mapping[str, tuple[Cause, ...]]
    """By stack, the changed files that reach it, and why."""
    idle: tuple[str, ...]
    """Files that reach no stack."""
    datasets: Mapping[str, str]
    """By stack, the dataset whose stack it is."""


def reached(reach: Reach, files: Iterable[str]) -> Reached:
    """Find every stack that one of `files` reaches."""
    causes: dict[str, list[Cause]] = {}
    idle: list[str] = []
    # What somebody decided about a deployment says more than what the code behind it is.
    for file in sorted(set(files), key=lambda one: (not one.endswith(".yaml"), one)):
        found = reach.of(file)
        for stack, why in found.items():
            causes.setdefault(stack, []).append(Cause(file=file, why=why))
        if not found:
            idle.append(file)
    listed = {stack: tuple(ones) for stack, ones in sorted(causes.items())}
    return Reached(causes=listed, idle=tuple(idle), datasets=reach.datasets())


def _importers(root: Path, path: PurePosixPath) -> list[str]:
    """The kinds of stacks whose module imports that of the file `path`, directly or through others."""
    imports = _all_imports(root)
    # Of a file that is no module, such as a chart or a template, the package that reads it.
    wanted = _module(path) if path.suffix == ".py" else _module(path.parent)
    return [kind for kind in _KINDS_OF_STACKS if _is_reachable(f"stacks.{kind}", wanted, imports)]


@cache
def _all_imports(root: Path) -> Mapping[str, frozenset[str]]:
    files = [file for folder in ("constructs/karst", "stacks") for file in sorted((root / folder).rglob("*.py"))]
    return {_module(file.relative_to(root)): _imports(file) for file in files}


def _is_reachable(start: str, wanted: str, imports: Mapping[str, frozenset[str]]) -> bool:
    seen: set[str] = set()
    pending = [start]
    while pending:
        module = pending.pop()
        if module == wanted or module.startswith(f"{wanted}."):
            return True
        if module and module not in seen:
            seen.add(module)
            pending += [module.rpartition(".")[0], *imports.get(module, ())]
    return False


def _imports(file: Path) -> frozenset[str]:
    """Modules, and names that may be modules, that a file imports."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _module(path: PurePosixPath | Path) -> str:
    parts = [part for part in path.with_suffix("").parts if part != "constructs"]
    return ".".join(parts[:-1] if parts[-1:] == ["__init__"] else parts)
