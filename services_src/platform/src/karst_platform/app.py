"""The frame of a service: an application with everything already in place that all services have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider
from starlette.middleware import Middleware

from karst_platform.errors import UnexpectedErrors, answer_errors
from karst_platform.guards import BodyLimit, SecurityHeaders, TimeLimit
from karst_platform.health import Check, HealthPaths, health_routes, listen_for_drain
from karst_platform.metrics import MetricsPage
from karst_platform.rates import AddressLimit, limit_of
from karst_platform.requests import Innermost, Requests, TrailingSlashes, user_hash
from karst_platform.settings import Settings
from karst_platform.wire import Answer, answer_error

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a service may have otherwise than others."""

    answer: Answer = answer_error
    """Its wire contract: what errors look like."""
    health: HealthPaths = field(default_factory=HealthPaths)
    openapi_path: str = "/api/openapi.json"
    description: str = ""
    outside: Sequence[Middleware] = ()
    """What sees every answer, refusals of the frame included, such as the headers of CORS. The first is outermost."""
    inside: Sequence[Middleware] = (Middleware(TrailingSlashes),)
    """What changes requests before the application gets them, once they are counted and let in."""
    user_key: bytes | None = None
    """Makes hashes of users in logs; without it they mean something within one process only."""


def service_app(
    *,
    name: str,
    title: str,
    version: str,
    settings: Settings,
    ready: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    frame: Frame | None = None,
) -> FastAPI:
    """Make an empty application; the service adds its routes. `name` stands in metrics, logs and traces.

    It never redirects, and has no documentation pages of FastAPI's own, since these load scripts from elsewhere.
    """
    frame = frame or Frame()
    traces = _traces(name, settings)
    app = FastAPI(
        title=title,
        description=frame.description,
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=frame.openapi_path,
        redirect_slashes=False,
        lifespan=_lifespan(lifespan, traces),
        middleware=_middleware(name, settings, frame),
        telemetry=TelemetryConfig(
            tracing=traces is not None,
            tracer_provider=traces,
            metrics=False,
            logs=False,
            operation_spans=False,
            auto_configure=False,
        ),
    )
    answer_errors(app, frame.answer)
    app.include_router(health_routes(dict(ready or {}), frame.health))
    return app


def _middleware(name: str, settings: Settings, frame: Frame) -> list[Middleware]:
    """From the outside in."""
    answer = frame.answer
    return [
        Middleware(MetricsPage, networks=settings.metrics_from),
        Middleware(
            Requests,
            service=name,
            hash_user=user_hash(frame.user_key),
            user_limit=limit_of(settings.rate_per_user),
        ),
        Middleware(SecurityHeaders),
        *frame.outside,
        Middleware(
            AddressLimit,
            limit=limit_of(settings.rate_per_address),
            trusted_hops=settings.trusted_hops,
            answer=answer,
        ),
        *frame.inside,
        Middleware(BodyLimit, limit_bytes=settings.body_limit_kib * 1024, answer=answer),
        Middleware(TimeLimit, limit_s=settings.handler_timeout_s, answer=answer),
        Middleware(UnexpectedErrors, answer=answer),
        Middleware(Innermost),
    ]


def _traces(name: str, settings: Settings) -> TracerProvider | None:
    if settings.otlp_endpoint is None:
        return None
    from karst_platform.tracing import tracer_provider  # noqa: PLC0415 - the SDK takes its time to load

    return tracer_provider(name, settings.otlp_endpoint)


def _lifespan(inner: Lifespan | None, traces: TracerProvider | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        listen_for_drain()  # where the worker is no copy of the process that starts it
        async with inner(app) if inner is not None else nullcontext():
            yield
        if traces is not None:
            await asyncio.to_thread(traces.shutdown)  # type: ignore[attr-defined]  # the SDK's, which sends what waits

    return lifespan
