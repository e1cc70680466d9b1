"""Traces: off unless a collector is named, and without what clients write into URLs."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from karst_platform import Settings, tracing
from services_src.platform.tests.frame_client import ask, plain_app

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(tracing, "tracer_provider", partial(tracing.tracer_provider, exporter=exporter))
    made = plain_app(Settings.model_validate(COLLECTOR))

    @made.get("/things/{name}")
    async def thing(name: str) -> str:
        return name

    return made


@pytest.mark.anyio
async def test_a_request_is_a_span_of_its_route_and_names_nobody(
    traced: FastAPI, exporter: InMemorySpanExporter
) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with traced.router.lifespan_context(traced):
        answer = await ask(traced, "/things/ada@example.org?dsg_token=S3CRET", headers={"traceparent": parent})
        assert answer.status_code == 200
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /things/{name}"
    assert span.resource.attributes["service.name"] == "example"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == parent.split("-")[1]
    assert (span.attributes or {})["http.response.status_code"] == 200
    assert "S3CRET" not in span.to_json()
    assert "ada" not in span.to_json()


def test_the_standard_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "renamed")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    provider = tracing.tracer_provider("example", "http://127.0.0.1:1", InMemorySpanExporter())
    attributes = provider.resource.attributes
    assert (attributes["service.name"], attributes["deployment.environment"]) == ("renamed", "test")


@pytest.mark.parametrize(("address", "is_loaded"), [("", False), (" ", False), ("http://127.0.0.1:1", True)])
def test_without_a_collector_nothing_is_even_loaded(address: str, *, is_loaded: bool) -> None:
    code = (
        "import os, sys; from karst_platform import Settings, load_settings, service_app; "
        "service_app(name='x', title='x', version='1', settings=load_settings(Settings, os.environ)); "
        "sys.exit(int('opentelemetry.sdk' in sys.modules))"
    )
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": address}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == is_loaded


@pytest.mark.parametrize("address", ["collector:4318", "ftp://x", "https://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        Settings.model_validate({"OTEL_EXPORTER_OTLP_ENDPOINT": address})
