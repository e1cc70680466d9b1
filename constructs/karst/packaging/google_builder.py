"""Builds images with Google's Cloud Storage, Cloud Build and Artifact Registry.

Tests run it against a small server on the loopback interface that answers like these APIs as documented; what only the
real ones can show (quotas, policies of an organisation) they do not prove.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import quote

from google.api_core.exceptions import GoogleAPICallError, PreconditionFailed
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage
from requests import RequestException

from karst.google.client import GoogleApi
from karst.google.credentials import default_credentials as credentials_of_this_machine
from karst.google.errors import GoogleError, RefusedError, SignInError, as_mapping
from karst.packaging.build import TIMEOUT_S, Build, BuildError, BuildState
from karst.packaging.target import BuildTarget

DOCKER = "gcr.io/cloud-builders/docker"
_REQUEST_S = 30
_STATES = {
    "PENDING": BuildState.WAITING,
    "QUEUED": BuildState.WAITING,
    "WORKING": BuildState.WORKING,
    "SUCCESS": BuildState.SUCCEEDED,
}


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the APIs answer."""

    storage: str = "https://storage.googleapis.com"
    build: str = "https://cloudbuild.googleapis.com"
    registry: str = "https://artifactregistry.googleapis.com"


class _Blob(Protocol):
    """What is used of a blob; the library's own methods carry no types."""

    def upload_from_string(
        self, data: bytes, content_type: str, *, if_generation_match: int, timeout: float
    ) -> None: ...


def default_credentials() -> Credentials:
    """Find the credentials of this machine. Raises BuildError that says how to get some."""
    try:
        return credentials_of_this_machine()
    except SignInError as error:
        raise BuildError(str(error)) from None


class GoogleBuilder:
    """An `ImageBuilder` on Google Cloud."""

    def __init__(
        self,
        credentials: Credentials,
        endpoints: Endpoints | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials
        self._endpoints = endpoints or Endpoints()
        self._api = GoogleApi(AuthorizedSession(credentials), sleep=sleep)

    def has_image(self, target: BuildTarget, service: str, tag: str) -> bool:
        """Whether the registry has the tag."""
        place = f"projects/{target.project}/locations/{target.region}/repositories/{target.repository}"
        url = f"{self._endpoints.registry}/v1/{place}/packages/{quote(service, safe='')}/tags/{quote(tag, safe='')}"
        return self._ask("GET", url, f"read the registry {target.repository}", may_be_absent=True) is not None

    def upload(self, target: BuildTarget, name: str, content: bytes) -> None:
        """Store the sources unless an object of the name is there: the name says the content."""
        client = storage.Client(
            project=target.project,
            credentials=self._credentials,
            client_options={"api_endpoint": self._endpoints.storage},
        )
        blob = cast("_Blob", client.bucket(target.bucket).blob(name))
        try:
            blob.upload_from_string(content, "application/gzip", if_generation_match=0, timeout=_REQUEST_S * 4)
        except PreconditionFailed:
            return
        except GoogleAPICallError as error:
            raise _refused(f"write to the bucket {target.bucket}", error.code or 0, error.message) from None
        except GoogleAuthError as error:
            raise _unauthenticated(error) from None
        except RequestException as error:
            raise _unreachable(self._endpoints.storage, error) from None

    def start(self, target: BuildTarget, service: str, tag: str, source: str) -> Build:
        """Begin to build the image from the stored sources."""
        url = f"{self._endpoints.build}/v1/projects/{target.project}/locations/{target.region}/builds"
        answer = self._ask("POST", url, f"build in {target.region}", body=_request(target, service, tag, source))
        metadata = (answer or {}).get("metadata")
        return _build(as_mapping(as_mapping(metadata).get("build")))

    def look(self, target: BuildTarget, build_id: str) -> Build:
        """How far the build is."""
        place = f"projects/{target.project}/locations/{target.region}/builds/{quote(build_id, safe='')}"
        return _build(self._ask("GET", f"{self._endpoints.build}/v1/{place}", f"see the build {build_id}") or {})

    def _ask(
        self, method: str, url: str, doing: str, *, body: object = None, may_be_absent: bool = False
    ) -> Mapping[str, object] | None:
        try:
            # A build that is begun twice is paid for twice.
            return self._api.ask_at(method, url, doing, body=body, is_repeatable=method == "GET")
        except RefusedError as error:
            if error.refusal.status == 404 and may_be_absent:
                return None
            raise _refused(doing, error.refusal.status, error.refusal.message) from None
        except GoogleError as error:
            raise BuildError(str(error)) from None


def _request(target: BuildTarget, service: str, tag: str, source: str) -> dict[str, object]:
    image = target.image(service, tag)
    return {
        "source": {"storageSource": {"bucket": target.bucket, "object": source}},
        "steps": [
            {
                "name": DOCKER,
                "args": ["build", "--build-arg", f"SERVICE={service}", "--tag", image, "."],
                "env": ["DOCKER_BUILDKIT=1"],
            }
        ],
        "images": [image],
        "timeout": f"{TIMEOUT_S}s",
        "serviceAccount": f"projects/{target.project}/serviceAccounts/{target.service_account}",
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
        "tags": ["karst", service, tag],
    }


def _build(answer: Mapping[str, object]) -> Build:
    status = str(answer.get("status", "unknown state"))
    reason = answer.get("statusDetail")
    return Build(
        id=str(answer.get("id", "")),
        state=_STATES.get(status, BuildState.FAILED),
        detail=f"{status}: {reason}" if reason else status,
        log_url=str(answer.get("logUrl", "")),
    )


def _refused(doing: str, status: int, message: str | None) -> BuildError:
    remedy = {
        401: "The credentials are not valid. Run: gcloud auth application-default login",
        403: "Check the project's id, or ask for the roles cloudbuild.builds.editor, storage.objectCreator, "
        "artifactregistry.reader and, on the builder's account, iam.serviceAccountUser",
        404: "Deploy the foundation stack first: it makes the bucket and the registry",
    }.get(status, "Try again later")
    return BuildError(f"Google refused to {doing} ({status}: {message or 'no reason given'}). {remedy}.")


def _unreachable(url: str, error: Exception) -> BuildError:
    return BuildError(f"{url} cannot be reached ({type(error).__name__}). Try again.")


def _unauthenticated(error: Exception) -> BuildError:
    return BuildError(
        f"The credentials are not valid or have expired ({type(error).__name__}). "
        "Run: gcloud auth application-default login."
    )
