"""Plays the part of a cluster's controllers, as far as an apply waits for them: nothing runs behind the API server."""

from __future__ import annotations

import threading
import urllib.error
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.apiserver.server import ApiServer

_PAUSE_S = 0.3


@contextmanager
def controllers(server: ApiServer, failing: str = "") -> Generator[list[str]]:
    """While the block runs, end every job and give every namespace its default service account.

    Jobs whose name begins with `failing` fail. Yields the names of the ended ones, in order.
    """
    ended: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(_PAUSE_S):
            _add_default_accounts(server)
            for job in server.ask("/apis/batch/v1/jobs")["items"]:
                name = job["metadata"]["name"]
                if not job.get("status", {}).get("conditions"):
                    _end(server, job, has_failed=bool(failing) and name.startswith(failing))
                    ended.append(name)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        stop.set()
        thread.join(timeout=30)


def _add_default_accounts(server: ApiServer) -> None:
    wanted = {item["metadata"]["name"] for item in server.ask("/api/v1/namespaces")["items"]}
    accounts = server.ask("/api/v1/serviceaccounts")["items"]
    there = {each["metadata"]["namespace"] for each in accounts if each["metadata"]["name"] == "default"}
    for namespace in sorted(wanted - there):
        server.ask(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})


def _end(server: ApiServer, job: dict[str, Any], *, has_failed: bool) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kinds = ("FailureTarget", "Failed") if has_failed else ("SuccessCriteriaMet", "Complete")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
    result = {"failed": 1} if has_failed else {"succeeded": 1, "completionTime": now}
    body = {"status": {"startTime": now, "conditions": conditions, **result}}
    path = f"/apis/batch/v1/namespaces/{job['metadata']['namespace']}/jobs/{job['metadata']['name']}/status"
    try:
        server.ask(path, body, method="PATCH")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"the job can't be ended: {error.read().decode()}") from error
