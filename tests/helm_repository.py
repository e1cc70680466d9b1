"""A Helm repository on this machine: what a plan needs of a chart that others publish, and nothing of theirs."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_OBJECT = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  account: {{ .Values.podIdentity.gcp.gcpIAMServiceAccount | quote }}
"""


@dataclass(frozen=True, kw_only=True)
class PublishedChart:
    """A chart with one object, under the name and version of a real one."""

    name: str
    version: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test reads what was asked for from what came of it."""


@contextmanager
def serve(folder: Path, *charts: PublishedChart) -> Generator[str]:
    """Publish `charts` out of `folder` and give the repository's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        for chart in charts:
            (folder / f"{chart.name}-{chart.version}.tgz").write_bytes(_package(chart))
        (folder / "index.yaml").write_text(json.dumps(_index(url, charts)), encoding="utf-8")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


def _metadata(chart: PublishedChart) -> dict[str, str]:
    return {"apiVersion": "v2", "name": chart.name, "version": chart.version}


def _index(url: str, charts: tuple[PublishedChart, ...]) -> dict[str, object]:
    entries = {
        chart.name: [{**_metadata(chart), "urls": [f"{url}/{chart.name}-{chart.version}.tgz"]}] for chart in charts
    }
    return {"apiVersion": "v1", "entries": entries}


def _package(chart: PublishedChart) -> bytes:
    files = {"Chart.yaml": json.dumps(_metadata(chart)), "values.yaml": "{}\n", "templates/object.yaml": _OBJECT}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{chart.name}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
