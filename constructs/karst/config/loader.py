"""Loads deployments with their datasets: `environments/<deployment>/deployment.yaml` and `datasets/<dataset>.yaml`.

Each file is read once. All files are read and checked before anything fails, so one run shows every mistake.
Types are YAML's own and exact: `'4'` is no number, `yes` is no boolean, `12` is no text.
Files whose name begins with a dot are not part of a configuration and are passed over.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from karst.config.approvals import Approvals
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.errors import ConfigError, Location, Problem, did_you_mean, raise_if_any, show, show_path
from karst.config.folder import APPROVALS_FILE, DATASETS_FOLDER, DEPLOYMENT_FILE, README_FILE
from karst.config.translate import explain
from karst.config.yaml_source import Source, read_source

AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A deployment as its folder declares it, with its datasets by name in order, and where everything stands."""

    folder: Path
    deployment: Deployment
    datasets: Mapping[str, Dataset]
    deployment_source: Source
    dataset_sources: Mapping[str, Source]

    @property
    def name(self) -> str:
        """The deployment's name, which is also the folder's."""
        return self.deployment.name

    def problem(self, location: Location, message: str, remedy: str) -> Problem:
        """A problem of `deployment.yaml`."""
        return self.deployment_source.problem(location, message, remedy)

    def dataset_problem(self, dataset: str, location: Location, message: str, remedy: str) -> Problem:
        """A problem of a dataset's file."""
        return self.dataset_sources[dataset].problem(location, message, remedy)


def load_model(path: Path, model: type[AnyModel]) -> AnyModel:
    """The file at `path` as a `model`. Raises `ConfigError` that names line, key and remedy of every mistake."""
    return check(read_source(path), model)


def check(source: Source, model: type[AnyModel]) -> AnyModel:
    """What was read, as a `model`."""
    try:
        return model.model_validate_json(json.dumps(dict(source.data)), strict=True)
    except ValidationError as error:
        raise ConfigError(explain(error, model, source)) from None


def load_environment(folder: Path) -> Environment:
    """One deployment with its datasets. Checks each file for itself; `karst.config.rules` checks them together."""
    problems: list[Problem] = []
    _entries(folder, problems)
    raise_if_any(problems)  # of a folder that isn't there, that is all there is to say
    deployment = _collect(problems, partial(_load_named, folder / DEPLOYMENT_FILE, Deployment, folder.absolute().name))
    datasets: dict[str, tuple[Source, Dataset]] = {}
    for path in _yaml_files(folder, problems):
        loaded = _collect(problems, partial(_load_named, path, Dataset, path.stem))
        if loaded is not None:
            datasets[path.stem] = loaded
    approvals = folder / APPROVALS_FILE
    if approvals.exists() or approvals.is_symlink():
        _collect(problems, partial(load_model, approvals, Approvals))
    raise_if_any(problems)
    if deployment is None:
        raise AssertionError("a deployment that failed to load left no problem")
    return Environment(
        folder=folder,
        deployment=deployment[1],
        deployment_source=deployment[0],
        datasets=MappingProxyType({name: dataset for name, (_, dataset) in datasets.items()}),
        dataset_sources=MappingProxyType({name: source for name, (source, _) in datasets.items()}),
    )


def load_environments(root: Path, only: Sequence[str] | None = None) -> dict[str, Environment]:
    """All deployments under `root`, or those named in `only`, by name in order."""
    problems: list[Problem] = []
    folders = {path.name: path for path in _entries(root, problems) if _is_environment(path, problems)}
    for name in only or ():
        if name not in folders:
            remedy = did_you_mean(name, folders, "Deployments there")
            problems.append(_about(root, f"has no deployment {show(name)}", remedy))
    if not folders and not problems:
        problems.append(_about(root, "holds no deployment", f"Create <name>/{DEPLOYMENT_FILE} in it."))
    chosen = [path for name, path in folders.items() if only is None or name in only]
    loaded = [_collect(problems, partial(load_environment, path)) for path in chosen]
    raise_if_any(problems)
    return {environment.name: environment for environment in loaded if environment is not None}


Result = TypeVar("Result")


def _collect(problems: list[Problem], load: Callable[[], Result]) -> Result | None:
    """What `load` gives, or None when its problems went to `problems`."""
    try:
        return load()
    except ConfigError as error:
        problems += error.problems
        return None


def _load_named(path: Path, model: type[AnyModel], name: str) -> tuple[Source, AnyModel]:
    """A file whose `name` must be that of its folder or file."""
    source = read_source(path)
    written = source.data.get("name")
    problems: list[Problem] = []
    if isinstance(written, str) and written != name:
        where = "folder" if path.name == DEPLOYMENT_FILE else "file"
        remedy = f"Write `name: {name}`, or rename the {where}."
        problems.append(
            source.problem(("name",), f"is {show(written)}, but the {where} is called {show(name)}", remedy)
        )
    found = _collect(problems, partial(check, source, model))
    raise_if_any(problems)
    if found is None:
        raise AssertionError("a file that failed its checks left no problem")
    return source, found


def _is_environment(path: Path, problems: list[Problem]) -> bool:
    if path.is_symlink():
        problems.append(_about(path, "is a symbolic link", "Put the folder itself here."))
        return False
    if path.is_dir():
        return True
    if path.name != README_FILE:
        problems.append(_about(path, "is a file among the deployments", "Move it away: a deployment is a folder."))
    return False


def _yaml_files(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """The files of datasets; everything that nobody would read is a problem, for it was meant to be read."""
    for path in _entries(folder, problems):
        if path.name in (DEPLOYMENT_FILE, APPROVALS_FILE, README_FILE):
            continue
        if path.name != DATASETS_FOLDER:
            problems.append(_stray(path))
        elif path.is_symlink() or not path.is_dir():
            problems.append(_about(path, "is no folder", "Make it a folder with one file a dataset."))
        else:
            for file in _entries(path, problems):
                if file.name == README_FILE:
                    continue
                if file.suffix == ".yaml" and (file.is_symlink() or not file.is_dir()):
                    yield file
                else:
                    problems.append(_stray(file))


def _stray(path: Path) -> Problem:
    if path.suffix.lower() in (".yml", ".yaml") and not path.is_dir():
        expected = DEPLOYMENT_FILE if path.stem.lower() == "deployment" else f"{path.stem}.yaml"
        if path.parent.name != DATASETS_FOLDER and expected != DEPLOYMENT_FILE:
            return _about(path, "is not read", f"Move a dataset to {DATASETS_FOLDER}/{show_path(expected)}.")
        return _about(path, "is not read", f"Rename it to {show_path(expected)}.")
    kind = "folder" if path.is_dir() else "file"
    return _about(path, f"is a {kind} that is not read", "Remove it: here stand only .yaml files (and a README.md).")


def _entries(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        problems.append(_about(folder, "does not exist", "Create it, or correct the path."))
    except NotADirectoryError:
        problems.append(_about(folder, "is no folder", "Name the folder of a deployment, or that of all of them."))
    except PermissionError:
        problems.append(_about(folder, "may not be listed by this user", "Give yourself permission (`chmod u+rx`)."))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problems.append(_about(folder, f"cannot be listed ({reason.lower()})", "Check the path and the disk."))
    return []


def _about(path: Path, message: str, remedy: str) -> Problem:
    return Problem(file=show_path(path), line=0, key="", message=message, remedy=remedy)
