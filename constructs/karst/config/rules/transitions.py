"""Rules of change: which states may follow which, compared with the configuration of an earlier revision.

The earlier files are read as plain YAML, for they may have been written for an earlier model. What can't be read there
has no state to compare with.
"""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from karst.config.errors import ConfigError, Location, Problem, choices, dotted, show, show_path
from karst.config.folder import DATASETS_FOLDER, DEPLOYMENT_FILE
from karst.config.loader import Environment
from karst.config.yaml_source import YamlValue, parse_source

GIT_TIMEOUT_S = 60
NEXT_GENERATION_STATES: Mapping[str, frozenset[str]] = {
    "standby": frozenset({"active", "retired"}),
    "active": frozenset({"draining", "standby"}),
    "draining": frozenset({"active", "retired"}),
    "retired": frozenset({"standby", "removed"}),
    "removed": frozenset({"standby"}),
}
NEXT_DATASET_STATES: Mapping[str, frozenset[str]] = {
    "active": frozenset({"retired"}),
    "retired": frozenset({"active", "removed"}),
    "removed": frozenset({"active"}),
}


@dataclass(frozen=True, kw_only=True)
class Before:
    """States in an earlier revision: of generations and datasets, by deployment."""

    generations: dict[str, dict[str, str]] = field(default_factory=dict)
    datasets: dict[str, dict[str, str]] = field(default_factory=dict)


def read_before(root: Path, revision: str, only: str | None = None) -> Before:
    """The states that `revision` of the repository around `root` declares, of one deployment or of all.

    Raises `ConfigError` if git does not know the revision.
    """
    before = Before()
    names = _git(root, revision, "ls-tree", "-r", "-z", "--name-only", "--end-of-options", revision, "--", only or ".")
    for name in names.decode("utf-8", "surrogateescape").split("\0"):
        parts = name.split("/")
        is_dataset = len(parts) == 3 and parts[1] == DATASETS_FOLDER and name.endswith(".yaml")
        if not is_dataset and parts[1:] != [DEPLOYMENT_FILE]:
            continue
        data = _old_data(root, revision, name)
        if is_dataset:
            states = before.datasets.setdefault(parts[0], {})
            states[parts[2].removesuffix(".yaml")] = str(data.get("state", "active"))
        else:
            before.generations[parts[0]] = _generation_states(data.get("generations"))
    return before


def problems(root: Path, before: Before, environments: Mapping[str, Environment], revision: str) -> Iterator[Problem]:
    """Steps between `before` and now that would skip a safeguard."""
    for name in sorted(before.generations.keys() | before.datasets.keys()):
        environment = environments.get(name)
        old_datasets = before.datasets.get(name, {})
        if environment is None:
            yield from _vanished_deployment(root / name, old_datasets, revision)
            continue
        yield from _generations(environment, before.generations.get(name, {}), revision)
        yield from _datasets(environment, old_datasets, revision)


def _generations(environment: Environment, old: Mapping[str, str], revision: str) -> Iterator[Problem]:
    now = environment.deployment.generations
    for name, state in old.items():
        location: Location = ("generations", name, "state")
        if name not in now:
            if state != "removed":
                message = f"it was {state} in {show(revision)} and is gone, so nothing would delete its cluster"
                yield environment.problem(
                    location, message, "Write it again, and go on through its states to `removed`."
                )
            continue
        wrong = _wrong_step(state, str(now[name].state), NEXT_GENERATION_STATES.get(state), revision)
        if wrong is not None:
            yield environment.problem(location, *wrong)


def _datasets(environment: Environment, old: Mapping[str, str], revision: str) -> Iterator[Problem]:
    for name, state in old.items():
        if name in environment.datasets:
            now = str(environment.datasets[name].state)
            wrong = _wrong_step(state, now, NEXT_DATASET_STATES.get(state), revision)
            if wrong is not None:
                yield environment.dataset_problem(name, ("state",), *wrong)
        elif state != "removed":
            yield _vanished_dataset(environment.folder, name, state, revision)


def _wrong_step(before: str, now: str, following: frozenset[str] | None, revision: str) -> tuple[str, str] | None:
    """Message and remedy of a step that is not allowed; None for one that is, and for a state nobody knows any more."""
    if before == now or following is None or now in following:
        return None
    message = f"goes from {before} (in {show(revision)}) to {now}"
    return message, f"After {before} comes {choices(sorted(following))}: deploy that first."


def _vanished_dataset(folder: Path, name: str, state: str, revision: str) -> Problem:
    return Problem(
        file=show_path(folder / DATASETS_FOLDER / f"{name}.yaml"),
        line=0,
        key=dotted(("state",)),
        message=f"the dataset was {state} in {show(revision)} and its file is gone, so nothing would empty its stack",
        remedy="Bring the file back; `state: retired`, deployed, then `state: removed`, deployed, let it go.",
    )


def _vanished_deployment(folder: Path, datasets: Mapping[str, str], revision: str) -> Iterator[Problem]:
    for name, state in datasets.items():
        if state != "removed":
            yield _vanished_dataset(folder, name, state, revision)


def _generation_states(value: YamlValue) -> dict[str, str]:
    if not isinstance(value, dict):
        return {"blue": "active"}
    return {name: str(one.get("state", "")) for name, one in value.items() if isinstance(one, dict)}


def _old_data(root: Path, revision: str, name: str) -> Mapping[str, YamlValue]:
    raw = _git(root, revision, "show", "--end-of-options", f"{revision}:./{name}")
    try:
        return parse_source(raw, name).data
    except ConfigError:
        return {}  # the mistake was in the earlier revision; what stands there now is checked by itself


def _git(root: Path, revision: str, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=GIT_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"git could not be asked for {show(revision)} ({error})"
        problem = Problem(file=show_path(root), line=0, key="", message=message, remedy="Install git.")
        raise ConfigError([problem]) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        message = f"git has no configuration of {show(revision)} ({said[0].removeprefix('fatal: ')})"
        remedy = "Name a commit, branch or tag of the repository around this folder."
        raise ConfigError([Problem(file=show_path(root), line=0, key="", message=message, remedy=remedy)])
    return done.stdout
