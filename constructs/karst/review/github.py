"""The few calls of GitHub's API that workflows need, with nothing but Python's own library."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import IO, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"

TIMEOUT_S = 30
PAUSES_S = (1.0, 4.0)
"""Between attempts, where GitHub is busy for a moment."""
PAGE = 100
MOST_PAGES = 50
_BUSY = frozenset({429, 500, 502, 503, 504})
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_MOST_BYTES = 16 << 20


class GitHubError(Exception):
    """GitHub refused, or could not be asked; the message says what and never holds the token."""


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository, as a workflow may act on it."""

    repository: str
    token: str
    api_url: str = "https://api.github.com"
    pauses_s: tuple[float, ...] = PAUSES_S

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise GitHubError("GITHUB_REPOSITORY names no repository. Write OWNER/NAME, as GitHub does in a workflow.")
        if not self.token:
            raise GitHubError("GITHUB_TOKEN is empty. Pass the workflow's own token to the step: env: GITHUB_TOKEN.")
        if not self.api_url.startswith(("https://", "http://127.0.0.1:")):
            raise GitHubError("GITHUB_API_URL is no https address. Leave it as GitHub sets it.")

    def all(self, path: str, query: str = "") -> Iterator[Mapping[str, Json]]:
        """Every entry of a list, page by page. `path` is below the repository."""
        for page in range(1, MOST_PAGES + 1):
            found = self.ask("GET", f"{path}?{query}{'&' if query else ''}per_page={PAGE}&page={page}")
            entries = found if isinstance(found, list) else []
            yield from (entry for entry in entries if isinstance(entry, Mapping))
            if len(entries) < PAGE:
                return

    def ask(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> Json:
        """Make one call; asks again where GitHub is busy, but for what would be made twice."""
        pauses = self.pauses_s if method != "POST" else ()
        for pause_s in pauses:
            try:
                return self._ask(method, path, body)
            except _BusyError:
                time.sleep(pause_s)
        try:
            return self._ask(method, path, body)
        except _BusyError as error:
            raise GitHubError(f"{error}. Run the job again later.") from None

    def _ask(self, method: str, path: str, body: Mapping[str, Json] | None) -> Json:
        request = urllib.request.Request(  # noqa: S310 - only https, or a test's server on this machine
            f"{self.api_url}/repos/{self.repository}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "karst",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        what = f"{method} {path.partition('?')[0]}"
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read(_MOST_BYTES)
            return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            said = f"GitHub answered {what} with {error.code}"
            if error.code in _BUSY:
                raise _BusyError(said) from None
            raise GitHubError(f"{said}. {_REMEDIES.get(error.code, 'The log of the job says more.')}") from None
        except (OSError, http.client.HTTPException) as error:
            raise _BusyError(f"GitHub could not be asked: {what} ({type(error).__name__})") from None
        except ValueError:
            raise GitHubError(f"GitHub answered {what} with something that is no JSON. Check GITHUB_API_URL.") from None


class _BusyError(Exception):
    """Another attempt may succeed."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes to nobody else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


_OPENER = urllib.request.build_opener(_NoRedirects)
_REMEDIES = {
    401: "The token is not valid any more: run the job again.",
    403: "The job lacks a permission: `pull-requests: write` for comments, `issues: write` for issues.",
    404: "There is no such thing, or the job may not see it: check its permissions.",
    410: "Issues are switched off in this repository: switch them on in its settings.",
    422: "GitHub takes no such text: it may be too long.",
}
