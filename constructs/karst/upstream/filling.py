"""What a pod needs to write its files with secrets: a ConfigMap, a command, and where each file then stands.

The command runs before the program, in the program's own image, with three folders mounted: the ConfigMap, the
secrets as files, and an empty one in memory. From the last one each file is mounted at its own path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

SCRIPT = "fill_secrets.py"
SKELETONS = "skeletons.json"
SCRIPT_TEXT = files("karst.upstream").joinpath(SCRIPT).read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Filling:
    """The files of one workload that hold secrets."""

    skeletons: Mapping[str, str]
    """Path at which the program reads a file to its skeleton (`render.skeleton`)."""

    @property
    def config_map(self) -> Mapping[str, str]:
        """Data of the ConfigMap: no secret is in it."""
        keys = self.sub_paths
        parts = {keys[path]: json.loads(text) for path, text in sorted(self.skeletons.items())}
        return {SCRIPT: SCRIPT_TEXT, SKELETONS: json.dumps(parts, indent=1, sort_keys=True) + "\n"}

    @property
    def sub_paths(self) -> Mapping[str, str]:
        """Path at which the program reads a file to its name in the output folder."""
        return file_keys(self.skeletons)

    def command(self, *, config_map: str, secrets: str, output: str) -> tuple[str, ...]:
        """Program and arguments of the container that runs first, for the folders at which the three are mounted."""
        return ("python", f"{config_map}/{SCRIPT}", f"{config_map}/{SKELETONS}", secrets, output)


def file_keys(paths: Iterable[str]) -> Mapping[str, str]:
    """Each path's key in a ConfigMap, which holds no folders. Raises ValueError where two would be one."""
    keys: dict[str, str] = {}
    for path in sorted(paths):
        key = path.strip("/").replace("/", "-")
        if key in keys.values():
            raise ValueError(
                f"the files {path} and another one would both be called {key}. Mount one of them elsewhere"
            )
        keys[path] = key
    return keys
