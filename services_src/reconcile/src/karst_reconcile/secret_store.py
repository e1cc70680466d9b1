"""Where tokens of service accounts go: a folder that only its owner reads, or Secret Manager. Never a log."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Protocol

import httpx

from karst_reconcile.faults import RefusedError

_METADATA = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
_MANAGER = "https://secretmanager.googleapis.com/v1"


class SecretStore(Protocol):
    """Keeps values by name."""

    async def has(self, name: str) -> bool:
        """Whether there is a value. Raises RefusedError."""
        ...

    async def put(self, name: str, value: str) -> None:
        """Keep a value, which from now on is the newest. Raises RefusedError."""
        ...


class Folder:
    """A file for each, `{"token": ...}` as clients of CAVE read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def has(self, name: str) -> bool:
        """Whether there is a file with something in it."""
        try:
            return (self._folder / f"{name}.json").stat().st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    async def put(self, name: str, value: str) -> None:
        """Write the file, whole or not at all."""
        path = self._folder / f"{name}.json"
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(f'{{"token": "{value}"}}\n')
            draft.replace(path)
        except OSError as error:
            raise _unwritable(self._folder, error) from None


class SecretManager:
    """Secrets of a project, in the name of the service account that this runs as."""

    def __init__(
        self, client: httpx.AsyncClient, project: str, *, manager: str = _MANAGER, metadata: str = _METADATA
    ) -> None:
        self._client, self._metadata = client, metadata
        self._secrets = f"{manager}/projects/{project}/secrets"

    async def has(self, name: str) -> bool:
        """Whether there is a version; its value isn't read."""
        answer = await self._call("GET", f"{name}/versions/latest")
        if answer.status_code in (400, 404):  # the latest one is destroyed, or there is none
            return False
        self._check(answer, name)
        return bool(answer.json().get("state") == "ENABLED")

    async def put(self, name: str, value: str) -> None:
        """Add a version."""
        payload = {"payload": {"data": base64.b64encode(value.encode()).decode()}}
        self._check(await self._call("POST", f"{name}:addVersion", payload), name)

    async def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            told = await self._client.get(self._metadata, headers={"Metadata-Flavor": "Google"})
            told.raise_for_status()
            headers = {"Authorization": f"Bearer {told.json()['access_token']}"}
            return await self._client.request(method, f"{self._secrets}/{path}", json=body, headers=headers)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise RefusedError(503, f"Secret Manager doesn't answer ({type(error).__name__})") from None

    def _check(self, answer: httpx.Response, name: str) -> None:
        if answer.status_code == 404:
            raise RefusedError(404, f"there is no secret {name}: make it, or deploy the foundation that does")
        if answer.status_code >= 300:
            raise RefusedError(
                answer.status_code,
                f"Secret Manager answers {answer.status_code} for {name}: let this service account view it and add "
                "versions (roles/secretmanager.viewer, roles/secretmanager.secretVersionAdder)",
            )


def _unwritable(folder: Path, error: OSError) -> RefusedError:
    return RefusedError(500, f"nothing can be written to {folder} ({error.strerror}). Name another folder: --tokens")
