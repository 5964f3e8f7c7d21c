"""Traces: a span for each pin and one for each of its stages, joined to the publisher's ``traceparent``.

Imported only where an endpoint is configured: without one, OpenTelemetry is neither imported nor needed.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind

from pinstream.events import Stage
from settings.tracing import TracingSettings
from streams.worker.protocols import FlightPermit, PinProcessor
from streams.worker.task import PinTask, TaskResult


class Tracer:
    """The spans of one process; ``provider`` says where they go."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("pinstream.worker")

    def pin_span(self, task: PinTask) -> AbstractContextManager[Span]:
        """The span of one pin, a child of its publisher's."""
        record = task.record
        headers = {name: value.decode("latin-1") for name, value in record.headers if value is not None}
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "pinstream.pin_id": str(task.pin),
            "pinstream.version": task.version,
            "pinstream.lane": task.lane,
        }
        parent = propagate.extract(headers)
        return self._tracer.start_as_current_span("pin", parent, SpanKind.CONSUMER, attributes)

    def queue_span(self, task: PinTask) -> None:
        """From the event's publication to now."""
        self._tracer.start_span("queue", start_time=task.record.timestamp_ms * 1_000_000).end()

    def stage_span(self, stage: Stage) -> AbstractContextManager[Span]:
        """The span of one stage, a child of its pin's; costs nothing where that is not sampled."""
        return self._tracer.start_as_current_span(stage)

    def trace(self, processor: PinProcessor) -> PinProcessor:
        """The same processor, with a span for each pin."""
        return TracedProcessor(processor, self)

    def outgoing(self) -> Sequence[tuple[str, str]]:
        """The current span as gRPC metadata, so that a server may join its trace; nothing where it is not sampled."""
        if not trace.get_current_span().get_span_context().trace_flags.sampled:
            return ()
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return tuple(headers.items())

    def close(self) -> None:
        """Send what is left; blocks for some seconds at most."""
        self._provider.shutdown()


class TracedProcessor:
    """A `PinProcessor` around another: each pin in a span of its own."""

    def __init__(self, processor: PinProcessor, tracer: Tracer) -> None:
        self._processor = processor
        self._tracer = tracer

    async def process(self, task: PinTask, permit: FlightPermit) -> TaskResult:
        with self._tracer.pin_span(task) as span:
            if span.is_recording():
                self._tracer.queue_span(task)
            result = await self._processor.process(task, permit)
            span.set_attribute("pinstream.outcome", result.outcome)
            if result.reason is not None:
                span.set_attribute("pinstream.reason", result.reason)
            return result


def sampler(ratio: float) -> ParentBased:
    """A share of the traces that their publisher sampled, by trace id; never one that it did not."""
    share = TraceIdRatioBased(ratio)
    return ParentBased(share, remote_parent_sampled=share, remote_parent_not_sampled=ALWAYS_OFF)


def open_tracer(settings: TracingSettings, *, worker: str) -> Tracer:
    """Spans sent to the collector in batches, by a thread of their own; an absent collector costs spans, not pins."""
    resource = Resource.create({"service.name": "pinstream-worker", "service.instance.id": worker})
    provider = TracerProvider(sampler=sampler(settings.ratio), resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.endpoint)))
    return Tracer(provider)
