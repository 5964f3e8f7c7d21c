"""The rule against a simulation that remembers everything that happened to one pin, in the order in which it did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinstream.events import REPAIR_HEADER, REPLAYS_HEADER, PinOutcome, Result, event_from
from pinstream.kafka.stored_record import StoredRecord
from pinstream.lanes import LANE_TOPICS, LANES, Lane
from pinstream.standing import (
    STANDINGS,
    EventPosition,
    Standing,
    accounts_for,
    event_position,
    is_later,
    is_newer,
    standing_of,
)


def event(offset: int, version: int | None = 7, lane: Lane = "live", **changes: object) -> EventPosition:
    fields = {"is_deletion": False, "published_at_ms": 100} | changes
    return EventPosition(topic=LANE_TOPICS[lane], partition=0, offset=offset, version=version, **fields)  # type: ignore[arg-type]


def outcome(
    result: Result, offset: int, version: int | None = 7, lane: Lane = "live", *, finished_at_ms: int = 200
) -> PinOutcome:
    return PinOutcome(
        pin_id="a",
        version=version,
        outcome=result,
        embedding_version=1,
        topic=f"eu.{LANE_TOPICS[lane]}",
        partition=0,
        offset=offset,
        published_at_ms=100,
        finished_at_ms=finished_at_ms,
    )


RECORD = StoredRecord(
    topic="pins.events",
    partition=0,
    offset=5,
    key=b"a",
    value=event_from({"pin_id": "a", "version": 7, "domain": "web", "image": {"url": "https://e.org/a"}}).encode(),
    headers=[],
    timestamp_ms=100,
)


def test_a_backfilled_pin_of_the_same_version_does_not_account_for_a_deletion() -> None:
    deletion = event(5, is_deletion=True)

    assert not accounts_for(outcome("indexed", 5, lane="backfill"), deletion)
    assert accounts_for(outcome("deleted", 3, lane="backfill"), deletion)
    assert accounts_for(outcome("unchanged", 5), deletion)
    assert accounts_for(outcome("indexed", 6, 8), deletion)


def test_a_newer_event_waits_though_an_older_one_behind_it_was_superseded() -> None:
    assert standing_of(event(9, 8), outcome("superseded", 10, 7)) == "waiting"


def test_the_same_version_published_again_after_it_died_waits_on_either_lane() -> None:
    dead = outcome("dead", 5)

    assert standing_of(event(5), dead) == "dead"
    assert standing_of(event(4), dead) == "dead"
    assert standing_of(event(6, republished=1), dead) == "waiting"
    assert standing_of(event(3, lane="backfill", republished=1), dead) == "waiting"
    assert standing_of(event(3, lane="backfill", published_at_ms=300), dead) == "waiting"
    assert standing_of(event(3, lane="backfill", published_at_ms=90), dead) == "dead"


def test_an_event_that_does_not_decode_is_accounted_for_by_its_own_outcome_or_any_of_a_version() -> None:
    unreadable = event(5, None)

    assert standing_of(unreadable, outcome("dead", 5, None)) == "dead"
    assert standing_of(unreadable, outcome("dead", 4, None)) == "waiting"
    assert standing_of(unreadable, outcome("indexed", 2)) == "searchable"
    assert not is_newer(unreadable, event(2))


def test_what_a_search_found_is_later_than_what_was_acknowledged_and_a_deletion_than_its_repeats() -> None:
    acknowledged, deleted = outcome("indexed", 5), outcome("deleted", 5)
    probed = acknowledged.model_copy(update={"visible_at_ms": 205})

    assert is_later(probed, acknowledged)
    assert not is_later(acknowledged, probed)
    assert not is_later(outcome("superseded", 9, finished_at_ms=300), deleted)
    assert is_later(outcome("indexed", 9, 8, finished_at_ms=1), deleted)


def test_clocks_that_differ_change_nothing_within_a_lane() -> None:
    dead, replayed = outcome("dead", 5, finished_at_ms=900), outcome("indexed", 9, finished_at_ms=300)

    assert is_later(replayed, dead)
    assert not is_later(dead, replayed)
    assert is_newer(event(9, published_at_ms=50), event(5))


@pytest.mark.parametrize(
    ("headers", "times"),
    [
        ([], 0),
        ([(REPLAYS_HEADER, b"3")], 3),
        ([(REPAIR_HEADER, b"0")], 1),
        ([(REPLAYS_HEADER, b"2"), (REPAIR_HEADER, b"4")], 3),
        ([(REPLAYS_HEADER, b"x"), (REPLAYS_HEADER, None), (REPLAYS_HEADER, b"9" * 5_000)], 0),
    ],
)
def test_how_often_an_operator_published_an_event_is_in_its_headers(
    headers: Sequence[tuple[str, bytes | None]], times: int
) -> None:
    assert event_position(replace(RECORD, headers=headers)).republished == times


def test_a_records_position_says_what_does_not_decode() -> None:
    assert event_position(RECORD) == event(5)
    assert event_position(replace(RECORD, value=b"{")) == event(5, None)
    assert event_position(replace(RECORD, value=None)) == event(5, 100, is_deletion=True)
    assert event_position(replace(RECORD, value=None, timestamp_ms=0)) == event(
        5, None, is_deletion=True, published_at_ms=0
    )


@dataclass
class History:
    """All that happened to a pin: what was published, by whom, and what the workers made of it, with a clock."""

    now_ms: int = 1_000
    events: list[EventPosition] = field(default_factory=list)
    outcomes: list[PinOutcome] = field(default_factory=list)
    came_at_ms: dict[tuple[bool, int], int] = field(default_factory=dict)
    """When events were published, which is not the timestamp of those that an operator published again."""
    indexed: tuple[int, bool] | None = None
    """What the index holds: the version, and whether it is a deletion's."""

    def publish(
        self, lane: Lane, version: int | None, is_deletion: bool, *, again: EventPosition | None = None
    ) -> None:
        self.events.append(
            event(
                sum(each.lane == lane for each in self.events),
                version,
                lane,
                is_deletion=is_deletion,
                published_at_ms=self.now_ms if again is None else again.published_at_ms,
                republished=0 if again is None else again.republished + 1,
            )
        )
        self.came_at_ms[_place(self.events[-1].topic, self.events[-1].offset)] = self.now_ms

    def pending(self) -> list[EventPosition]:
        return [each for each in self.events if not self.outcomes_of(each)]

    def outcomes_of(self, wanted: EventPosition) -> list[PinOutcome]:
        return [
            each for each in self.outcomes if _place(each.topic, each.offset) == _place(wanted.topic, wanted.offset)
        ]

    def work(self, lane: Lane, *, dies: bool) -> None:
        """The next event of the lane is worked on, as the fence says."""
        for wanted in [each for each in self.pending() if each.lane == lane][:1]:
            self._finish(wanted, self._result(wanted, dies=dies))

    def redo(self, lane: Lane) -> None:
        """A worker dies before it commits: the lane's last finished event is worked on once more."""
        for wanted in [each for each in self.events if each.lane == lane and self.outcomes_of(each)][-1:]:
            last = self.outcomes_of(wanted)[-1].outcome
            self._finish(wanted, self._result(wanted, dies=last == "dead"))

    def overtake(self) -> None:
        """An event that has not begun is superseded: one that is as new, or newer, waits too."""
        pending = self.pending()
        for index, wanted in enumerate(pending):
            if any(each.rank > wanted.rank for each in pending) or any(
                each.rank == wanted.rank and each.lane == wanted.lane for each in pending[index + 1 :]
            ):
                self._finish(wanted, "superseded")
                return

    def replay(self, lane: Lane | None) -> None:
        """The dead letter of the newest event is published again, on its own lane or on another."""
        newest = sorted(self.newest(), key=_order)
        if newest and not any(each in self.pending() for each in newest):
            last = newest[-1]
            if self.outcomes_of(last)[-1].outcome == "dead":
                self.publish(lane or last.lane, last.version, last.is_deletion, again=last)

    def repair(self) -> None:
        """An audit finds that the index has lost the pin's newest event, and publishes it again."""
        newest = self.newest()
        if newest and not any(each in self.pending() for each in newest) and self.indexed == newest[0].rank:
            self.indexed = None
            self.publish("backfill", newest[0].version, newest[0].is_deletion, again=max(newest, key=_order))

    def newest(self) -> list[EventPosition]:
        """All events of the greatest version: the deletions, if there are any."""
        rank = max((each.rank for each in self.events), default=None)
        return [each for each in self.events if each.rank == rank]

    def standing(self) -> Standing | None:
        """Where the pin truly stands."""
        newest = self.newest()
        if not newest:
            return None
        done = [each for event in newest for each in self.outcomes_of(event)]
        if not done:
            return "waiting"
        return self._deletion_standing(newest, done) if newest[0].is_deletion else self._pin_standing(newest, done)

    def _deletion_standing(self, newest: list[EventPosition], done: list[PinOutcome]) -> Standing:
        if any(each.outcome == "deleted" for each in done):
            return "searchable"
        own = self.outcomes_of(max(newest, key=_order))
        return STANDINGS[own[-1].outcome] if own else "waiting"

    def _pin_standing(self, newest: list[EventPosition], done: list[PinOutcome]) -> Standing:
        last = STANDINGS[max(done, key=lambda each: each.finished_at_ms).outcome]
        return "waiting" if last != "searchable" and any(each in self.pending() for each in newest) else last

    def is_in_flight_on_both_lanes(self) -> bool:
        """Whether the newest version is pending on a lane, and ended on the other after it had come to this one."""
        newest = self.newest()
        return any(
            found.finished_at_ms >= self.came_at_ms[_place(waiting.topic, waiting.offset)]
            for waiting in newest
            if waiting in self.pending()
            for other in newest
            if other.lane != waiting.lane
            for found in self.outcomes_of(other)
        )

    def is_dead_deletion_behind_others(self) -> bool:
        """Whether the newest event is a deletion, and another event of its version has an outcome."""
        newest = self.newest()
        others = [each for each in self.events if each.version == newest[0].version and each != max(newest, key=_order)]
        return newest[0].is_deletion and any(self.outcomes_of(each) for each in others)

    def is_hidden_by_a_redone_event(self) -> bool:
        """Whether the newest event is a replay, and an event of its version on the other lane ended after it did."""
        last = max(self.newest(), key=_order)
        own = self.outcomes_of(last)
        return bool(last.republished and own) and any(
            found.finished_at_ms > own[-1].finished_at_ms
            for other in self.newest()
            if other.lane != last.lane
            for found in self.outcomes_of(other)
        )

    def _result(self, wanted: EventPosition, *, dies: bool) -> Result:
        if wanted.version is None:
            return "dead"
        if self.indexed is not None and self.indexed >= wanted.rank:
            return "unchanged" if self.indexed == wanted.rank else "superseded"
        if dies:
            return "dead"
        self.indexed = wanted.rank
        return "deleted" if wanted.is_deletion else "indexed"

    def _finish(self, wanted: EventPosition, result: Result) -> None:
        self.outcomes.append(outcome(result, wanted.offset, wanted.version, wanted.lane, finished_at_ms=self.now_ms))


def _order(each: EventPosition) -> tuple[int, int]:
    return each.published_at_ms, each.republished


def _place(topic: str, offset: int) -> tuple[bool, int]:
    return "backfill" in topic, offset


Step = tuple[Literal["publish", "work", "redo", "overtake", "replay", "repair"], Lane, int, bool]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish", "work", "work", "redo", "overtake", "replay", "repair"]),
        st.sampled_from(LANES),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=14,
)


def happened(todo: Iterable[Step]) -> History:
    history = History()
    for what, lane, version, flag in todo:
        history.now_ms += 10
        match what:
            case "publish":
                history.publish(lane, version or None, flag and version > 0)
            case "work":
                history.work(lane, dies=flag)
            case "redo":
                history.redo(lane)
            case "overtake":
                history.overtake()
            case "replay":
                history.replay("backfill" if flag else None)
            case "repair":
                history.repair()
    return history


@settings(max_examples=600)
@given(steps, st.data())
def test_whatever_is_read_first_a_pin_stands_where_it_truly_does(todo: list[Step], data: st.DataObject) -> None:
    history = happened(todo)
    events = data.draw(st.permutations(history.events))
    outcomes = data.draw(st.permutations(history.outcomes))

    newest: EventPosition | None = None
    for each in events:
        newest = each if is_newer(each, newest) else newest
    latest: PinOutcome | None = None
    for report in outcomes:
        latest = report if is_later(report, latest) else latest

    found, truth = None if newest is None else standing_of(newest, latest), history.standing()
    if truth == "waiting" and found in ("dead", "superseded"):
        assert history.is_in_flight_on_both_lanes()  # a known error: one lane's death is taken for both
    elif truth == "dead" and found == "waiting":
        # Two more: its outcome is hidden, by one of the same version or by that of an event that was worked on again.
        assert history.is_dead_deletion_behind_others() or history.is_hidden_by_a_redone_event()
    else:
        assert found == truth
