"""Traces: a span for each pin and one for each of its stages, joined to the publisher's ``traceparent``.

Imported only where an endpoint is configured: without one, OpenTelemetry is neither imported nor needed.
"""

from collections.abc import Awaitable, Callable, Sequence

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind

from settings.tracing import TracingSettings
from streams.worker.task import PinTask, TaskResult

Carry = Callable[[PinTask], Awaitable[TaskResult]]


class Tracer:
    """The spans of one process; ``provider`` says where they go."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("pinstream.worker")

    def carrying(self, carry: Carry) -> Carry:
        """The same way of one pin, in a span of its own, its stages in theirs."""

        async def carried(work: PinTask) -> TaskResult:
            record = work.record
            headers = {name: value.decode("latin-1") for name, value in record.headers if value is not None}
            attributes: dict[str, str | int] = {
                "messaging.system": "kafka",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "pinstream.pin_id": str(work.pin),
                "pinstream.version": work.version,
                "pinstream.lane": work.lane,
            }
            parent = propagate.extract(headers)
            with self._tracer.start_as_current_span("pin", parent, SpanKind.CONSUMER, attributes) as span:
                if not span.is_recording():
                    return await carry(work)
                self._tracer.start_span("queue", start_time=record.timestamp_ms * 1_000_000).end()
                work.traced = self._tracer.start_as_current_span
                settled = await carry(work)
                span.set_attribute("pinstream.outcome", settled.result)
                if settled.reason is not None:
                    span.set_attribute("pinstream.reason", settled.reason)
                return settled

        return carried

    def outgoing(self) -> Sequence[tuple[str, str]]:
        """The current span as gRPC metadata, so that a server may join its trace; nothing for a trace not kept."""
        if not trace.get_current_span().get_span_context().trace_flags.sampled:
            return ()
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return tuple(headers.items())

    def close(self) -> None:
        """Send what is left; blocks for some seconds at most."""
        self._provider.shutdown()


def sampler(ratio: float) -> ParentBased:
    """A share of the traces that their publisher marked as sampled, by trace id; never one that it did not."""
    share = TraceIdRatioBased(ratio)
    return ParentBased(share, remote_parent_sampled=share, remote_parent_not_sampled=ALWAYS_OFF)


def traces(settings: TracingSettings, *, worker: str) -> Tracer:
    """Spans sent to the collector in batches, by a thread of their own; an absent collector costs spans, not pins."""
    resource = Resource.create({"service.name": "pinstream-worker", "service.instance.id": worker})
    provider = TracerProvider(sampler=sampler(settings.ratio), resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.endpoint)))
    return Tracer(provider)
