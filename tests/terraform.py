"""Folders to plan in with the real providers, without an account and without a cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from karst_platform.testing_programs import missing
from tests.conftest import find_tool

_INIT_LIMIT_S = 120
_PLAN_LIMIT_S = 300
_PROBE = "probe"
_LOCK = ".terraform.lock.hcl"
_WITHOUT_ACCOUNT = {"TF_IN_AUTOMATION": "1", "GOOGLE_OAUTH_ACCESS_TOKEN": "unused"}


class TerraformError(Exception):
    """Terraform refused; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A folder to plan in, with providers fetched once."""

    folder: Path
    cache: Path

    def terraform(
        self, folder: Path, *arguments: str, limit_s: int = _PLAN_LIMIT_S, settings: Mapping[str, str] | None = None
    ) -> str:
        """Run Terraform in `folder`, without an account; it must succeed."""
        cache = {"TF_PLUGIN_CACHE_DIR": str(self.cache)}
        result = subprocess.run(
            [str(find_tool("terraform")), *arguments],
            cwd=folder,
            env={**os.environ, **cache, **_WITHOUT_ACCOUNT, **(settings or {})},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
        if result.returncode != 0:
            raise TerraformError(f"{folder.name}: terraform {arguments[0]} failed\n{result.stdout}{result.stderr}")
        return result.stdout

    def lend_providers(self, folder: Path) -> None:
        """Let `folder` use the fetched providers, as `init` would; that writes to the cache, under plans that run."""
        probe = self.folder / _PROBE
        shutil.copytree(probe / ".terraform", folder / ".terraform", symlinks=True)
        shutil.copy(probe / _LOCK, folder / _LOCK)


def open_workshop(folder: Path, cache: Path, wanted: Mapping[str, Any]) -> Workshop:
    """Fetch the providers `wanted`; the test skips with the reason where they can't be had, or fails if it must not."""
    find_tool("terraform")
    found = Workshop(folder=folder, cache=cache)
    probe = folder / _PROBE
    probe.mkdir()
    (probe / "probe.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}), encoding="utf-8")
    try:
        found.terraform(probe, "init", "-input=false", "-no-color", limit_s=_INIT_LIMIT_S)
    except (TerraformError, subprocess.TimeoutExpired) as error:
        said = next((line for line in str(error).splitlines() if "Error" in line), "no answer in time")
        names = ", ".join(sorted(wanted))
        reason = f"no registry or mirror (TF_CLI_CONFIG_FILE) gives {names}: {said.strip('│ ')}"
        missing("terraform-providers", reason)
    return found
