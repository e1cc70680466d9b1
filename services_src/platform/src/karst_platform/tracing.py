"""Traces in OpenTelemetry's protocol, where a collector is named. Imported only then: the SDK loads slowly."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from karst_platform.redaction import STRUCK_OUT

_UNSAFE = ("url.path", "url.query")


class WithoutUrls(SpanProcessor):
    """Takes what clients wrote into URLs out of spans: queries hold tokens, paths name people. The route stays."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Overwrite what the framework has put there."""
        del parent_context
        for name in _UNSAFE:
            if name in (span.attributes or {}):
                span.set_attribute(name, STRUCK_OUT)


def tracer_provider(service: str, endpoint: str, exporter: SpanExporter | None = None) -> TracerProvider:
    """What sends traces to the collector at `endpoint`, or to an exporter of a test's own.

    The SDK reads whatever else the standard variables (`OTEL_...`) say: samplers, headers, limits, names.
    """
    resource = Resource({"service.name": service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(WithoutUrls())
    sends = exporter or OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(sends))
    return provider
