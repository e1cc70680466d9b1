"""Where the state of stacks lies: whether it can be reached, and copies of stacks that do without it."""

from __future__ import annotations

import json
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path

from karst_cli.stack_graph import Stack

_ENDPOINT = "https://storage.googleapis.com/storage/v1/"
_ENDPOINT_VARIABLES = ("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT")
_PROBE_S = 10.0
_PLACEHOLDER = "none"


def reason_unreachable(bucket: str, environment: Mapping[str, str]) -> str | None:
    """Say why nobody answers where a bucket lies; None if somebody does, be it to refuse.

    Terraform itself waits for ever where there is no network.
    """
    endpoint = next((environment[name] for name in _ENDPOINT_VARIABLES if environment.get(name)), _ENDPOINT)
    try:
        with urllib.request.urlopen(f"{endpoint.rstrip('/')}/b/{bucket}", timeout=_PROBE_S):  # noqa: S310 - the API
            return None
    except urllib.error.HTTPError:
        return None
    except urllib.error.URLError as error:
        # Terraform may trust other authorities than Python does: a certificate is its to judge.
        return None if isinstance(error.reason, ssl.SSLError) else _spoken(error.reason)
    except (OSError, HTTPException) as error:
        return _spoken(error)


def _spoken(reason: BaseException | str) -> str:
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason) or type(reason).__name__


@dataclass(frozen=True, kw_only=True)
class WithoutState:
    """Stacks that plan from an empty state and ask no cloud."""

    stacks: dict[str, Stack]
    import_count: int
    """Imports that were left out: only the cloud could tell what they would find."""


def copy_without_state(stacks: Mapping[str, Stack], names: Iterable[str], output: Path) -> WithoutState:
    """Copy the folders of stacks to `output`/without-state, as deep as the originals, so relative paths still hold."""
    scratch = output / "without-state"
    if scratch.exists():
        shutil.rmtree(scratch)
    copies: dict[str, Stack] = {}
    import_count = 0
    for name in names:
        stack, folder = stacks[name], scratch / name
        shutil.copytree(stack.folder, folder, ignore=shutil.ignore_patterns(".terraform", "*.tfplan", "*.tfstate*"))
        path = folder / "cdk.tf.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        import_count += _strip(document)
        path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        copies[name] = replace(stack, folder=folder, bucket=None)
    return WithoutState(stacks=copies, import_count=import_count)


def _strip(document: dict[str, object]) -> int:
    """Take state and credentials out of a stack; give the number of imports that went with them."""
    terraform = document.get("terraform")
    if isinstance(terraform, dict):
        terraform.pop("backend", None)
        terraform.pop("cloud", None)
    providers = document.get("provider")
    if isinstance(providers, dict):
        for kind in ("google", "google-beta"):
            for provider in providers.get(kind, []):
                # The provider refuses to start without credentials, and uses none to plan what is new.
                provider.pop("credentials", None)
                provider["access_token"] = _PLACEHOLDER
    imports = document.pop("import", [])
    return len(imports) if isinstance(imports, list) else 1
