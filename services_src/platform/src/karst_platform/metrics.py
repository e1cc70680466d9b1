"""What Prometheus is told: requests and calls of stores, in OpenTelemetry's names. One registry for the whole process.

Requests are counted by the template of their route, never by their path: paths hold names of people and datasets, and
there are too many of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/metrics"
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PROXIED = frozenset({b"x-forwarded-for", b"forwarded", b"via"})

disable_created_metrics()
ACTIVE_REQUESTS = Gauge("http_server_active_requests", "Requests in flight.", ["service"])
REQUEST_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Requests that were answered, by how long that took until the last byte.",
    ["service", "http_request_method", "http_route", "http_response_status_code"],
    buckets=_BUCKETS_S,
)
RESPONSE_BYTES = Counter("http_server_response_body_bytes", "Bytes of all answers' bodies.", ["service"])
STORE_DURATION = Histogram(
    "karst_store_operation_duration_seconds",
    "Operations of stores, by how long they took.",
    ["store", "operation"],
    buckets=_BUCKETS_S,
)
STORE_FAILURES = Counter(
    "karst_store_failures", "Operations of stores that ended with an error.", ["store", "operation", "error"]
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class MetricsPage:
    """Answers `/metrics` to the networks that may read it, and to them only where no proxy stands between.

    Everybody else gets what any unknown path gets. The page is neither counted nor logged.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[Network]) -> None:
        self._app, self._networks = app, networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET" and self._may_read(scope):
            page = Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
            await page(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_read(self, scope: Scope) -> bool:
        client = scope.get("client")
        if not client or any(name.lower() in _PROXIED for name, _ in scope["headers"]):
            return False
        try:
            address = ipaddress.ip_address(client[0])
        except ValueError:
            return False
        return any(address in network for network in self._networks)
