"""What differs between an earlier revision and the files as they stand: names of files, and keys of configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from karst.config.errors import ConfigError, Problem, show, show_path
from karst.config.yaml_source import YamlValue, parse_source

GIT_TIMEOUT_S = 60
_DEPTH = 3
"""Keys are told so deep: `gcp.pools.mesh`, not each of its fields."""


def repository(folder: Path) -> Path:
    """The top of the repository around `folder`. Raises `ConfigError` where there is none."""
    return Path(_git(folder, "this folder", "rev-parse", "--show-toplevel").decode().strip())


def common_ancestor(root: Path, revision: str) -> str:
    """Where this branch left that of `revision`: what happened there since is none of this change."""
    return _git(root, revision, "merge-base", "--end-of-options", revision, "HEAD").decode().strip()


def changed_since(root: Path, ancestor: str) -> tuple[str, ...]:
    """Files that differ from `ancestor`, new and deleted ones too, committed or not."""
    differing = _git(root, ancestor, "diff", "--name-only", "--no-renames", "-z", "--end-of-options", ancestor, "--")
    new = _git(root, ancestor, "ls-files", "--others", "--exclude-standard", "-z")
    return tuple(sorted({name for name in (differing + new).decode("utf-8", "replace").split("\0") if name}))


def changed_keys(root: Path, ancestor: str, files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By file of YAML, the keys whose values differ from those in `ancestor`; new and deleted files are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for file in files:
        if not file.endswith(".yaml") or not (root / file).is_file():
            continue
        try:
            before = parse_source(_git(root, ancestor, "show", "--end-of-options", f"{ancestor}:{file}"), file).data
            now = parse_source((root / file).read_bytes(), file).data
        except (ConfigError, OSError):
            continue  # A new file has no earlier keys; one that is no YAML is told of by `karst validate`.
        found[file] = tuple(dict.fromkeys(_differing(before, now, "")))
    return found


def _differing(before: Mapping[str, YamlValue], now: Mapping[str, YamlValue], path: str) -> Iterator[str]:
    for key in sorted({*before, *now}):
        one, other = before.get(key), now.get(key)
        where = f"{path}.{key}" if path else key
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict) and where.count(".") + 1 < _DEPTH:
            yield from _differing(one, other, where)
        else:
            yield where


def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=GIT_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(folder, f"git could not be asked for {show(revision)} ({error})", "Install git.") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no common ancestor"]
        remedy = "Name a commit, branch or tag of the repository around this folder, with its history fetched."
        raise _refused(folder, f"git knows nothing of {show(revision)} ({said[0].removeprefix('fatal: ')})", remedy)
    return done.stdout


def _refused(folder: Path, message: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(file=show_path(folder), line=0, key="", message=message, remedy=remedy)])
