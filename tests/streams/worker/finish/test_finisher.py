"""The end of every event."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from fetch.errors import FetchFailed
from inference.errors import PictureRefused
from pinstream.errors import EventInvalid, IndexRefused
from pinstream.events import REPLAYS_HEADER, Headers, PinOutcome
from streams.errors import BreakerTripped
from streams.worker.finish.breaker import Breaker, BreakerLimits
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.finisher import Finisher, reason_class
from streams.worker.finish.outcomes import Outcomes
from streams.worker.finish.visibility_probe import ProbeLimits, VisibilityProbe
from streams.worker.metrics import WorkerMetrics
from streams.worker.task import TaskResult
from tests.streams.fakes import NOW_MS, Bench


@dataclass
class Written:
    """An outbox that acknowledges at once."""

    messages: list[tuple[str, bytes | None, bytes | None, Headers]] = field(default_factory=list)

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers = (), delivered: Any
    ) -> None:
        self.messages.append((topic, key, value, headers))
        delivered()

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        self.messages.append((topic, key, value, headers))


class Desk:
    """A settlement on fakes."""

    def __init__(self, **limits: int) -> None:
        self.outbox, self.metrics, self.done = Written(), WorkerMetrics(), 0
        outcomes = Outcomes(outbox=self.outbox, topic="indexed", worker="w")
        self.settlement = Finisher(
            outcomes=outcomes,
            dead_letters=DeadLetterWriter(self.outbox, "dead"),
            breaker=Breaker(BreakerLimits(**limits)),
            probe=VisibilityProbe(None, outcomes, self.metrics, limits=ProbeLimits(ratio=0)),
            metrics=self.metrics,
            now_ms=lambda: NOW_MS,
        )

    def finished(self) -> None:
        self.done += 1


def test_an_outcome_is_told_under_its_pin_with_every_stage() -> None:
    desk, work = Desk(), Bench().put("a", 7)
    work.stages_ms.update(queue=5.0, write=1.234)

    desk.settlement.tell(work, TaskResult(result="indexed", objects=2), desk.finished)

    ((topic, key, value, _),) = desk.outbox.messages
    told = PinOutcome.decode(value or b"")
    assert (topic, key, desk.done) == ("indexed", b"a", 1)
    assert (told.outcome, told.version, told.objects, told.worker) == ("indexed", 7, 2, "w")
    assert told.stages_ms == {"queue": 5.0, "write": 1.23}
    assert (told.published_at_ms, told.finished_at_ms) == (NOW_MS - 5, NOW_MS)
    assert desk.metrics.value("pinstream_worker_outcomes_total", {"lane": "live", "outcome": "indexed"}) == 1
    assert desk.metrics.value("pinstream_worker_objects_total") == 2


def test_what_an_operator_published_again_says_nothing_of_freshness() -> None:
    desk, new, again = Desk(), Bench().put(), Bench().put(headers=((REPLAYS_HEADER, b"1"),))
    for work in (new, again):
        work.stages_ms.update(queue=5.0, write=1.0)
        desk.settlement.tell(work, TaskResult(result="indexed", objects=2), desk.finished)

    assert desk.metrics.value("pinstream_worker_acknowledged_seconds_count") == 1
    assert desk.metrics.value("pinstream_worker_stage_seconds_count", {"stage": "queue"}) == 1
    assert desk.metrics.value("pinstream_worker_stage_seconds_count", {"stage": "write"}) == 2


async def test_a_dead_letter_is_written_before_its_outcome_and_counted_by_reason() -> None:
    desk, work = Desk(), Bench().take(b"a", b"{broken", headers=(("x", b"1"),))
    assert isinstance(work.event, EventInvalid)

    settled = await desk.settlement.bury(work, work.event, unexpected=False)

    ((topic, key, value, headers),) = desk.outbox.messages
    assert (topic, key, value, headers[0]) == ("dead", b"a", b"{broken", ("x", b"1"))
    assert settled.result == "dead"
    assert (settled.reason or "").startswith("event: EventInvalid: $:")
    assert desk.metrics.value("pinstream_worker_dead_letters_total", {"reason": "event"}) == 1


async def test_the_dead_letter_that_trips_the_breaker_is_not_written() -> None:
    desk, bench = Desk(max_in_a_row=1), Bench()
    await desk.settlement.bury(bench.put(), IndexRefused("no"), unexpected=False)

    with pytest.raises(BreakerTripped):
        await desk.settlement.bury(bench.put(), IndexRefused("no"), unexpected=False)

    assert len(desk.outbox.messages) == 1


def test_an_event_without_a_readable_key_is_told_all_the_same() -> None:
    desk, work = Desk(), Bench().take(b"\xff" * 500, b"{}")

    desk.settlement.tell(work, TaskResult(result="dead", reason="x" * 5000), desk.finished)

    told = PinOutcome.decode(desk.outbox.messages[0][2] or b"")
    assert len(told.pin_id) == 100
    assert told.version is None
    assert len(told.reason or "") == 500


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EventInvalid("$", "no"), "event"),
        (FetchFailed("503"), "fetch"),
        (PictureRefused("no"), "picture"),
        (IndexRefused("no"), "index"),
        (KeyError("bug"), "unexpected"),
    ],
)
def test_every_dead_letter_has_a_class(error: Exception, expected: str) -> None:
    assert reason_class(error) == expected


def test_half_characters_of_a_foreign_server_do_not_reach_the_outcome() -> None:
    desk, work = Desk(), Bench().put("a", 7)

    desk.settlement.tell(work, TaskResult(result="dead", reason="fetch: 404 N\udcff"), desk.finished)

    ((_, _, value, _),) = desk.outbox.messages
    assert PinOutcome.decode(value or b"").reason == "fetch: 404 N?"


async def test_replaying_old_poison_among_pins_that_are_unchanged_trips_nothing() -> None:
    desk = Desk(max_in_a_row=2)

    for number in range(10):
        bad = Bench().take(b"a", b"{broken")
        await desk.settlement.bury(bad, EventInvalid("$", "broken"), unexpected=False)
        desk.settlement.tell(Bench().put("b", number + 1), TaskResult(result="unchanged"), desk.finished)

    assert not desk.settlement.breaker.tripped
