"""A round succeeds only if every step was seen to work; it says which step failed and what to look at."""

import cv2
import numpy as np
import pytest

from pinstream.errors import IndexUnavailable, NotDelivered
from pinstream.events import PinEvent
from pinstream.search.hits import PinTrace
from pinstream.search.index import VisualIndex
from pinstream.store.collection import Row, tombstone
from pinstream.store.memory import MemoryStore
from streams.canary.metrics import STEPS, CanaryMetrics
from streams.canary.round import LOOK_AT, CanaryRound, Clock, StepFailed, picture


class FakeDelivery:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def result(self, timeout_s: float | None = None) -> None:
        if self._error is not None:
            raise self._error


class Pipeline:
    """Kafka, worker and index in one, without delay; ``broken`` names the steps that do not work."""

    def __init__(self, *broken: str) -> None:
        self.store = MemoryStore()
        self.broken = set(broken)
        self.events: list[PinEvent] = []
        self.now_s = 1_000_000.0
        self.failing_traces = 0

    def publish(self, event: PinEvent) -> FakeDelivery:
        if "publish" in self.broken:
            return FakeDelivery(NotDelivered("no broker"))
        self.events.append(event)
        if "find" not in self.broken:
            row = Row(pin_id=event.pin_id, slot=0, alive=True, code=bytes(32), version=event.version)
            self.store.upsert([row])
        return FakeDelivery()

    def delete(self, pin_id: str, version: int | None = None) -> FakeDelivery:
        if "delete" in self.broken:
            return FakeDelivery(TimeoutError("no answer"))
        if "gone" not in self.broken:
            self.store.upsert([tombstone(pin_id, 0, version or 0, at_ms=1)])
        return FakeDelivery()

    def trace(self, pin_id: str) -> PinTrace:
        if self.failing_traces:
            self.failing_traces -= 1
            raise IndexUnavailable("away")
        return VisualIndex.over(self.store).trace(pin_id)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def round(self) -> CanaryRound:
        clock = Clock(monotonic=lambda: self.now_s, sleep=self.sleep, now_ms=lambda: round(self.now_s * 1000))
        return CanaryRound("canary-a", self, self, give_up_s=5, clock=clock)


def test_a_round_is_four_steps_and_leaves_nothing() -> None:
    pipeline = Pipeline()

    done = [step.step for step in pipeline.round().run()]

    assert tuple(done) == STEPS
    assert not VisualIndex.over(pipeline.store).trace("canary-a").found


@pytest.mark.parametrize("step", STEPS)
def test_the_step_that_fails_is_named_with_what_to_look_at(step: str) -> None:
    pipeline = Pipeline(step)

    with pytest.raises(StepFailed) as raised:
        list(pipeline.round().run())

    assert raised.value.step == step
    assert LOOK_AT[raised.value.step].format(pin="canary-a") in str(raised.value)


def test_a_pin_that_was_not_found_in_time_is_deleted() -> None:
    pipeline = Pipeline("find")

    with pytest.raises(StepFailed):
        list(pipeline.round().run())

    assert not pipeline.store.get(["canary-a#0"], consistency="Strong")["canary-a#0"].alive


def test_rounds_go_on_with_newer_versions_and_new_pictures() -> None:
    pipeline = Pipeline()
    canary = pipeline.round()

    for _ in range(3):
        list(canary.run())

    versions = [event.version for event in pipeline.events]
    assert versions == sorted(set(versions))
    assert len({event.image.inline for event in pipeline.events}) == 3
    assert {event.title for event in pipeline.events} == {"pinstream canary"}
    assert {event.labels for event in pipeline.events} == {("pinstream-canary",)}


def test_what_a_killed_canary_left_is_removed() -> None:
    pipeline = Pipeline()
    killed = pipeline.round().run()
    next(killed), next(killed)

    again = pipeline.round()

    assert (again.remove_leftover(), again.remove_leftover()) == (True, False)
    assert not VisualIndex.over(pipeline.store).trace("canary-a").found


def test_a_short_outage_of_the_index_counts_into_the_time_of_the_step() -> None:
    pipeline = Pipeline()
    pipeline.failing_traces = 3

    took = {done.step: done.took_s for done in pipeline.round().run()}

    assert took["find"] == pytest.approx(0.3)


def test_pictures_are_pictures_and_all_different() -> None:
    decoded = cv2.imdecode(np.frombuffer(picture(1), np.uint8), cv2.IMREAD_COLOR)

    assert decoded is not None
    assert decoded.shape == (256, 256, 3)
    assert picture(1) == picture(1) != picture(2)


def test_known_labels_begin_at_zero() -> None:
    samples = {sample.name for family in CanaryMetrics().registry.collect() for sample in family.samples}

    assert {"pinstream_canary_rounds_total", "pinstream_canary_failures_total"} <= samples
