"""One connected trace for each pin: from the publisher's span, through the stages, to the upsert."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from opentelemetry import propagate
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision

from pinstream.events import ImageRef, PinDeletion, PinEvent
from pinstream.kafka.publishing.outgoing_record import Envelope, OutgoingRecord
from streams.worker.stage_timer import StageTimer
from streams.worker.tracing import Tracer, sampler
from tests.streams.fakes import NOW_MS, Bench, Permit

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = SAMPLED[:-1] + "0"
EVENT = PinEvent(
    pin_id="a", version=1, image=ImageRef(url="https://x/1"), domain="web", created_at=datetime(2026, 11, 1, tzinfo=UTC)
)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> Iterator[TracerProvider]:
    made = TracerProvider(sampler=sampler(1.0))
    made.add_span_processor(SimpleSpanProcessor(spans))
    yield made
    made.shutdown()


def published(event: PinEvent | PinDeletion, traceparent: str | None = None) -> OutgoingRecord:
    """As the publisher would send it."""
    return Envelope(topic="pins.events", source="test").wrap(event, at=datetime.now(UTC), traceparent=traceparent)


async def process(record: OutgoingRecord, provider: TracerProvider) -> str:
    """What became of the event in a worker that traces."""
    tracer = Tracer(provider)
    bench = Bench(timer=StageTimer(tracer.stage_span))
    task = bench.consume(record.key, record.value, headers=record.headers)
    return (await tracer.trace(bench.pipeline).process(task, Permit())).outcome


def span_before(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


async def test_one_trace_leads_from_publishing_to_the_upsert(
    provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    with provider.get_tracer("shop").start_as_current_span("save"):
        record = published(EVENT)

    assert await process(record, provider) == "indexed"

    found = by_name(spans)
    assert len({span.context.trace_id for span in found.values()}) == 1
    assert span_before(found["pin"]) == found["save"].context.span_id
    stages = {"queue", "fetch", "decode", "detect", "embed", "write"}
    assert found.keys() == {"save", "pin", *stages}
    assert {span_before(found[stage]) for stage in stages} == {found["pin"].context.span_id}
    assert found["pin"].attributes is not None
    assert found["pin"].attributes["pinstream.pin_id"] == "a"
    assert found["pin"].attributes["pinstream.outcome"] == "indexed"
    assert (found["queue"].start_time or 0) // 1_000_000 == NOW_MS - 5


async def test_a_deletion_is_traced_too(provider: TracerProvider, spans: InMemorySpanExporter) -> None:
    assert await process(published(PinDeletion("a", 2), SAMPLED), provider) == "deleted"

    found = by_name(spans)
    assert {"pin", "queue", "write"} <= found.keys()
    assert f"{found['pin'].context.trace_id:032x}" == SAMPLED.split("-")[1]


async def test_what_its_publisher_does_not_sample_is_not_traced(
    provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    assert await process(published(EVENT, NOT_SAMPLED), provider) == "indexed"

    assert not spans.get_finished_spans()


def test_of_sampled_traces_a_share_is_kept_and_every_worker_keeps_the_same() -> None:
    parents = [f"00-{number * 2**60:032x}-b7ad6b7169203331-01" for number in range(1, 17)]

    def kept(ratio: float) -> list[bool]:
        chosen, ids = sampler(ratio), [int(parent[3:35], 16) for parent in parents]
        contexts = [propagate.extract({"traceparent": parent}) for parent in parents]
        decisions = [
            chosen.should_sample(context, number, "pin") for context, number in zip(contexts, ids, strict=True)
        ]
        return [bool(found.decision is not Decision.DROP) for found in decisions]

    assert all(kept(1.0))
    assert not any(kept(0.0))
    assert kept(0.5) == kept(0.5)
    assert 0 < sum(kept(0.5)) < len(parents)


async def test_calls_to_the_models_carry_the_span_they_belong_to(
    provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    traces = Tracer(provider)

    with provider.get_tracer("worker").start_as_current_span("detect") as span:
        ((name, value),) = traces.outgoing()

    context = span.get_span_context()
    assert name == "traceparent"
    assert value.startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert int(value[-2:], 16) & 1, "sampled"
    assert traces.outgoing() == ()


def test_without_an_endpoint_opentelemetry_is_not_imported() -> None:
    code = """
import sys
import pinstream.publish, streams.worker.service
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
