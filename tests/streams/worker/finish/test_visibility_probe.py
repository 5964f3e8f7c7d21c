"""Freshness is measured by searching."""

from pinstream.errors import IndexUnavailable
from pinstream.events import PinOutcome, Result
from pinstream.store.codes import Code
from pinstream.store.collection import Row, Where, tombstone
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Match
from streams.worker.finish.visibility_probe import VisibilityProbe
from streams.worker.metrics import WorkerMetrics
from streams.worker.settings import ProbeSettings

CODE = bytes(range(32))
ALL = ProbeSettings(ratio=1.0)


class Sink:
    """Keeps the outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[PinOutcome] = []

    def write(self, outcome: PinOutcome) -> None:
        self.outcomes.append(outcome)


def outcome(version: int = 2, result: Result = "indexed") -> PinOutcome:
    return PinOutcome(
        pin_id="a", version=version, outcome=result, embedding_version=1, topic="t", partition=0, offset=0,
        published_at_ms=1, finished_at_ms=2, stages_ms={"write": 1.0},
    )  # fmt: skip


def probing(store: MemoryStore, sink: Sink, metrics: WorkerMetrics, limits: ProbeSettings = ALL) -> VisibilityProbe:
    answers = 0

    async def search(code: Code, where: Where) -> list[Match]:
        nonlocal answers
        answers += 1
        if answers < 3:  # not visible yet
            return []
        return store.nearest([code], where=where, at_least=1)[0].matches

    return VisibilityProbe(search, sink, metrics, limits=limits, draw=lambda: 0.5)


def indexed(version: int) -> MemoryStore:
    store = MemoryStore()
    store.upsert([Row(pin_id="a", slot=0, alive=True, code=CODE, version=version)])
    return store


async def test_a_pin_is_visible_once_a_search_returns_its_version() -> None:
    sink, metrics = Sink(), WorkerMetrics()
    probe = probing(indexed(2), sink, metrics)

    probe.offer(outcome(), CODE)
    await probe.close(10)

    (found,) = sink.outcomes
    assert found.visible_at_ms is not None
    assert set(found.stages_ms) == {"write", "visible"}
    assert metrics.value("pinstream_worker_probes_total", {"result": "visible"}) == 1


async def test_a_pin_that_was_replaced_meanwhile_is_not_measured() -> None:
    sink, metrics = Sink(), WorkerMetrics()
    probe = probing(indexed(3), sink, metrics)

    probe.offer(outcome(), CODE)
    await probe.close(10)

    assert sink.outcomes == []
    assert metrics.value("pinstream_worker_probes_total", {"result": "replaced"}) == 1


async def test_a_deletion_is_visible_once_no_search_returns_the_pin() -> None:
    sink, store = Sink(), indexed(1)
    store.upsert([tombstone("a", 0, 2, at_ms=1)])
    probe = probing(store, sink, WorkerMetrics())

    probe.offer(outcome(result="deleted"), None)
    await probe.close(10)

    assert [found.outcome for found in sink.outcomes] == ["deleted"]


async def test_a_probe_gives_up() -> None:
    sink, metrics = Sink(), WorkerMetrics()
    probe = probing(MemoryStore(), sink, metrics, ProbeSettings(ratio=1, give_up_s=0.01))

    probe.offer(outcome(), CODE)
    await probe.close(10)

    assert metrics.value("pinstream_worker_probes_total", {"result": "timeout"}) == 1


async def test_probes_are_a_sample_and_bounded() -> None:
    sink, metrics = Sink(), WorkerMetrics()
    rare = probing(indexed(2), sink, metrics, ProbeSettings(ratio=0.4))
    few = probing(indexed(2), sink, metrics, ProbeSettings(ratio=1, max_open=1))

    rare.offer(outcome(), CODE)
    few.offer(outcome(), CODE)
    few.offer(outcome(), CODE)
    await rare.close(10)
    await few.close(10)

    assert len(sink.outcomes) == 1
    assert metrics.value("pinstream_worker_probes_total", {"result": "skipped"}) == 1


async def test_an_outage_of_the_index_is_waited_out_and_is_no_proof_of_a_deletion() -> None:
    sink, metrics, calls = Sink(), WorkerMetrics(), 0
    store = indexed(1)

    async def search(code: Code, where: Where) -> list[Match]:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise IndexUnavailable("away")
        if calls == 4:
            store.upsert([tombstone("a", 0, 2, at_ms=1)])
        return store.nearest([code], where=where, at_least=1)[0].matches

    probe = VisibilityProbe(search, sink, metrics, limits=ALL, draw=lambda: 0.5)

    probe.offer(outcome(result="deleted"), None)
    await probe.close(10)

    assert calls == 4
    assert [found.outcome for found in sink.outcomes] == ["deleted"]


async def test_a_newer_outcome_ends_the_probe_of_an_older_one() -> None:
    sink, metrics = Sink(), WorkerMetrics()
    probe = probing(MemoryStore(), sink, metrics)

    probe.offer(outcome(1), CODE)
    probe.cancel("another")
    probe.cancel("a")
    await probe.close(10)

    assert sink.outcomes == []
    assert metrics.value("pinstream_worker_probes_total", {"result": "timeout"}) == 0
