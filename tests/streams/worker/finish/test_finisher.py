"""What is published when an event is done."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fetch.errors import FetchFailed
from inference.errors import PictureRefused
from pinstream.errors import EventInvalid, IndexRefused
from pinstream.events import REPLAYS_HEADER, Headers, PinOutcome
from pinstream.store.codes import Code
from pinstream.store.collection import Where
from pinstream.store.vector_store import Match
from streams.errors import BreakerTripped
from streams.worker.finish.breaker import Breaker
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.finisher import Finisher, reason_class
from streams.worker.finish.outcomes import OutcomeWriter
from streams.worker.finish.visibility_probe import VisibilityProbe
from streams.worker.metrics import WorkerMetrics
from streams.worker.settings import BreakerSettings, ProbeSettings
from streams.worker.task import PinTask, TaskResult
from tests.streams.fakes import NOW_MS, Bench


@dataclass
class Written:
    """A producer that acknowledges at once."""

    messages: list[tuple[str, bytes | None, bytes | None, Headers]] = field(default_factory=list)

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        on_acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        self.messages.append((topic, key, value, headers))
        on_acknowledged()

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        self.messages.append((topic, key, value, headers))


async def never_search(code: Code, where: Where) -> list[Match]:
    raise AssertionError("no pin is probed here")


class Desk:
    """A finisher on fakes."""

    def __init__(self, **limits: int) -> None:
        self.producer, self.metrics, self.acknowledged = Written(), WorkerMetrics(), 0
        outcomes = OutcomeWriter(producer=self.producer, topic="indexed", worker="w")
        self.finisher = Finisher(
            outcomes=outcomes,
            dead_letters=DeadLetterWriter(self.producer, "dead"),
            breaker=Breaker(BreakerSettings(**limits)),
            probe=VisibilityProbe(never_search, outcomes, self.metrics, limits=ProbeSettings(ratio=0)),
            metrics=self.metrics,
            now_ms=lambda: NOW_MS,
        )

    def publish(self, task: PinTask, result: TaskResult) -> None:
        self.finisher.publish_outcome(task, result, self._acknowledge)

    def _acknowledge(self) -> None:
        self.acknowledged += 1


def test_an_outcome_is_published_under_its_pin_with_every_stage() -> None:
    desk, task = Desk(), Bench().put("a", 7)
    task.stages_ms.update({"queue": 5.0, "write": 1.234})

    desk.publish(task, TaskResult(outcome="indexed", objects=2))

    ((topic, key, value, _),) = desk.producer.messages
    outcome = PinOutcome.decode(value or b"")
    assert (topic, key, desk.acknowledged) == ("indexed", b"a", 1)
    assert (outcome.outcome, outcome.version, outcome.objects, outcome.worker) == ("indexed", 7, 2, "w")
    assert outcome.stages_ms == {"queue": 5.0, "write": 1.23}
    assert (outcome.published_at_ms, outcome.finished_at_ms) == (NOW_MS - 5, NOW_MS)
    assert desk.metrics.value("pinstream_worker_outcomes_total", {"lane": "live", "outcome": "indexed"}) == 1
    assert desk.metrics.value("pinstream_worker_objects_total") == 2


def test_republished_events_say_nothing_about_freshness() -> None:
    desk, new, again = Desk(), Bench().put(), Bench().put(headers=((REPLAYS_HEADER, b"1"),))
    for task in (new, again):
        task.stages_ms.update({"queue": 5.0, "write": 1.0})
        desk.publish(task, TaskResult(outcome="indexed", objects=2))

    assert desk.metrics.value("pinstream_worker_acknowledged_seconds_count") == 1
    assert desk.metrics.value("pinstream_worker_stage_seconds_count", {"stage": "queue"}) == 1
    assert desk.metrics.value("pinstream_worker_stage_seconds_count", {"stage": "write"}) == 2


async def test_a_dead_letter_is_written_before_its_outcome_and_counted_by_reason() -> None:
    desk, task = Desk(), Bench().consume(b"a", b"{broken", headers=(("x", b"1"),))
    assert isinstance(task.event, EventInvalid)

    result = await desk.finisher.write_dead_letter(task, task.event, unexpected=False)

    ((topic, key, value, headers),) = desk.producer.messages
    assert (topic, key, value, headers[0]) == ("dead", b"a", b"{broken", ("x", b"1"))
    assert result.outcome == "dead"
    assert (result.reason or "").startswith("event: EventInvalid: $:")
    assert desk.metrics.value("pinstream_worker_dead_letters_total", {"reason": "event"}) == 1


async def test_the_dead_letter_that_trips_the_breaker_is_not_written() -> None:
    desk, bench = Desk(max_in_a_row=1), Bench()
    await desk.finisher.write_dead_letter(bench.put(), IndexRefused("no"), unexpected=False)

    with pytest.raises(BreakerTripped):
        await desk.finisher.write_dead_letter(bench.put(), IndexRefused("no"), unexpected=False)

    assert len(desk.producer.messages) == 1


def test_an_event_without_a_readable_key_has_an_outcome_all_the_same() -> None:
    desk, task = Desk(), Bench().consume(b"\xff" * 500, b"{}")

    desk.publish(task, TaskResult(outcome="dead", reason="x" * 5000))

    outcome = PinOutcome.decode(desk.producer.messages[0][2] or b"")
    assert len(outcome.pin_id) == 100
    assert outcome.version is None
    assert len(outcome.reason or "") == 500


def test_every_dead_letter_has_a_class() -> None:
    expected = {
        EventInvalid("$", "no"): "event",
        FetchFailed("503"): "fetch",
        PictureRefused("no"): "picture",
        IndexRefused("no"): "index",
        KeyError("bug"): "unexpected",
    }

    assert {error: reason_class(error) for error in expected} == expected


def test_half_characters_of_a_foreign_server_do_not_reach_the_outcome() -> None:
    desk, task = Desk(), Bench().put("a", 7)

    desk.publish(task, TaskResult(outcome="dead", reason="fetch: 404 N\udcff"))

    ((_, _, value, _),) = desk.producer.messages
    assert PinOutcome.decode(value or b"").reason == "fetch: 404 N?"


async def test_replaying_old_poison_among_pins_that_are_unchanged_trips_nothing() -> None:
    desk = Desk(max_in_a_row=2)

    for number in range(10):
        bad = Bench().consume(b"a", b"{broken")
        await desk.finisher.write_dead_letter(bad, EventInvalid("$", "broken"), unexpected=False)
        desk.publish(Bench().put("b", number + 1), TaskResult(outcome="unchanged"))

    assert not desk.finisher.breaker.tripped
