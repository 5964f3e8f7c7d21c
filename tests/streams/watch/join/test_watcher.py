"""Events joined with outcomes, in any order."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinstream.events import Result
from streams.watch.join.counted_up_to import CountedUpTo
from streams.watch.join.ledger import Retention
from tests.streams.watch.records import HOUR_MS, Bench


def test_a_pin_is_overdue_once_its_objective_has_passed_and_no_longer_once_it_is_accounted_for() -> None:
    bench = Bench()
    bench.publish("a")
    bench.wait(9)
    before = bench.overdue()
    bench.wait(2)

    assert (before, bench.overdue(), bench.standing("a")) == ([], ["a"], "waiting")

    bench.report("a")
    assert (bench.overdue(), bench.standing("a"), bench.coverage()) == ([], "searchable", (1, 1))


def test_a_deletion_has_an_objective_of_its_own() -> None:
    bench = Bench()
    bench.publish("a")
    bench.report("a")
    offset = bench.delete("a", 2)
    bench.wait(6)

    assert bench.overdue() == ["a"]

    bench.report("a", 2, "deleted", offset=offset)
    assert (bench.overdue(), bench.standing("a")) == ([], "searchable")
    assert bench.met("deletion", "no") == 1


def test_the_backfill_lane_may_take_its_time() -> None:
    bench = Bench()
    bench.publish("a", lane="pins.events.backfill")
    bench.wait(60)

    assert bench.overdue() == []

    bench.wait(3600)
    assert bench.overdue() == ["a"]
    assert bench.met("freshness", "no") == 0


def test_an_outcome_may_overtake_its_event() -> None:
    bench = Bench()
    bench.report("a", 3)
    bench.publish("a", 3)
    bench.wait(60)

    assert (bench.overdue(), bench.standing("a"), bench.coverage()) == ([], "searchable", (1, 1))


def test_an_older_outcome_does_not_account_for_a_newer_event() -> None:
    bench = Bench()
    bench.publish("a", 1)
    bench.publish("a", 2)
    bench.report("a", 1)
    bench.wait(11)

    assert bench.overdue() == ["a"]


def test_a_newer_outcome_accounts_for_the_older_event_and_a_late_older_one_changes_nothing() -> None:
    bench = Bench()
    bench.publish("a", 1)
    bench.publish("a", 2)
    bench.report("a", 2, "indexed")
    bench.report("a", 1, "superseded")
    bench.wait(11)

    assert (bench.overdue(), bench.standing("a"), bench.coverage()) == ([], "searchable", (1, 1))


def test_an_older_event_that_comes_late_does_not_wait() -> None:
    bench = Bench()
    bench.publish("a", 5)
    bench.report("a", 5)
    bench.publish("a", 4)
    bench.wait(11)

    assert (bench.overdue(), bench.standing("a")) == ([], "searchable")


def test_a_dead_pin_is_accounted_for_and_not_searchable() -> None:
    bench = Bench()
    bench.publish("a")
    bench.report("a", outcome="dead", reason="fetch: FetchFailed: 404")
    bench.wait(11)

    assert (bench.overdue(), bench.standing("a"), bench.coverage()) == ([], "dead", (0, 1))


def test_a_dead_letter_that_is_replayed_waits_again_from_the_moment_of_its_replay() -> None:
    bench = Bench()
    bench.publish("a")
    bench.report("a", outcome="dead")
    bench.wait(600)
    value = b'{"pin_id":"a","version":1,"image":{"url":"https://e.org/a"},"domain":"web","created_at":"2026-11-23T20:00:00Z"}'
    offset = bench.put("pins.events", b"a", value, headers=[("pinstream-replays", b"1")], age_ms=600_000)
    bench.wait(1)

    assert (bench.standing("a"), bench.overdue()) == ("waiting", [])

    bench.report("a", outcome="indexed", offset=offset)
    assert bench.standing("a") == "searchable"


def test_a_rebalance_does_not_count_a_missed_objective_again() -> None:
    bench = Bench()
    bench.publish("a")
    bench.wait(20)
    bench.publish("b")

    bench.watcher.rebuild([0], bench.stored())
    bench.wait(1)

    assert (bench.overdue(), bench.met("freshness", "no")) == (["a"], 1)
    bench.wait(20)
    assert (bench.overdue(), bench.met("freshness", "no")) == (["a", "b"], 2)


def test_a_restart_counts_what_fell_due_meanwhile_and_nothing_again() -> None:
    bench = Bench()
    bench.publish("a")
    bench.wait(20)
    bench.publish("b")
    before = bench.met("freshness", "no")

    bench.now_ms += 60_000
    bench.restart()

    assert (before, bench.overdue(), bench.met("freshness", "no")) == (1, ["a"], 0)
    bench.wait(1)
    assert (bench.overdue(), bench.met("freshness", "no")) == (["a", "b"], 1)


@pytest.mark.parametrize("content", ["", "soon"])
def test_the_time_of_the_last_count_is_kept_and_what_is_no_time_is_ignored(tmp_path: Path, content: str) -> None:
    kept = CountedUpTo(tmp_path)
    before = kept.read()
    kept.write(5, at_once=True)
    kept.write(17, at_once=True)
    after = CountedUpTo(tmp_path).read()
    for file in tmp_path.iterdir():
        file.write_text(content)

    assert (before, after, kept.read()) == (0, 17, 0)


def test_the_time_of_the_last_count_is_written_every_ten_seconds_where_nothing_was_late(tmp_path: Path) -> None:
    kept = CountedUpTo(tmp_path)
    found = []
    for at_ms in (20_000, 29_999, 30_000):
        kept.write(at_ms, at_once=False)
        found.append(kept.read())

    assert found == [20_000, 20_000, 30_000]


def test_an_old_pin_that_an_audit_published_again_is_not_overdue_at_once() -> None:
    bench = Bench()
    value = b'{"pin_id":"a","version":1,"image":{"url":"https://e.org/a"},"domain":"web","created_at":"2026-11-23T20:00:00Z"}'
    age_ms = 30 * 24 * HOUR_MS
    bench.put("pins.events.backfill", b"a", value, headers=[("pinstream-repair", b"0")], age_ms=age_ms)
    bench.wait(1)

    assert (bench.standing("a"), bench.overdue()) == ("waiting", [])

    bench.wait(HOUR_MS / 1000)
    assert bench.overdue() == ["a"]


def test_a_deletion_at_the_same_version_wins_and_needs_its_own_outcome() -> None:
    bench = Bench()
    bench.publish("a", 2)
    offset = bench.delete("a", 2)
    bench.report("a", 2, "indexed")
    bench.wait(6)

    assert bench.overdue() == ["a"]

    bench.report("a", 2, "deleted", offset=offset)
    assert bench.overdue() == []


def test_a_backfilled_pin_of_the_same_version_and_offset_is_not_the_deletion_s_outcome() -> None:
    bench = Bench()
    offset = bench.delete("a", 7)
    bench.report("a", 7, "indexed", offset=offset, topic="pins.events.backfill")

    assert bench.standing("a") == "waiting"


def test_a_newer_pin_waits_though_an_older_one_behind_it_was_superseded() -> None:
    bench = Bench()
    bench.publish("a", 8)
    offset = bench.publish("a", 7)
    bench.report("a", 7, "superseded", offset=offset)

    assert bench.standing("a") == "waiting"


def test_a_version_that_is_published_again_while_it_waits_is_due_no_later() -> None:
    bench = Bench()
    bench.publish("a")
    for _ in range(3):
        bench.wait(4)
        bench.publish("a")

    assert (bench.standing("a"), bench.overdue(), bench.met("freshness", "no")) == ("waiting", ["a"], 1)


def test_a_dead_letter_that_is_replayed_before_its_death_is_read_waits_too() -> None:
    bench = Bench()
    offset = bench.publish("a")
    value = b'{"pin_id":"a","version":1,"image":{"url":"https://e.org/a"},"domain":"web","created_at":"2026-11-23T20:00:00Z"}'
    replayed = bench.put("pins.events.backfill", b"a", value, headers=[("pinstream-replays", b"1")])
    bench.report("a", outcome="dead", offset=offset)
    before = bench.standing("a")
    bench.wait(1)
    bench.report("a", outcome="dead", offset=replayed, topic="pins.events.backfill")

    assert (before, bench.standing("a")) == ("waiting", "dead")


def test_where_a_pin_is_stuck_follows_from_what_the_workers_did_after_it() -> None:
    bench = Bench()
    bench.publish("slow")
    offset = bench.publish("quick")
    bench.wait(11)
    (before,) = {pin.stuck_in for pin in bench.watcher.partitions[0].ledger.overdue()}
    bench.report("quick", offset=offset)
    (slow,) = bench.watcher.partitions[0].ledger.overdue()

    assert (before, slow.pin_id, slow.stuck_in) == ("queue", "slow", "worker")


def test_records_that_do_not_decode_are_counted_and_not_kept() -> None:
    bench = Bench()
    for key, value in (
        (b"a", b"{"),
        (b"", b"x"),
        (None, b"x"),
        (b"\xff", b"x"),
        (b"k" * 65, None),
        (b"a", b'{"pin_id": 1}'),
    ):
        bench.put("pins.events", key, value)
    bench.put("pins.indexed", b"a", b"[]")
    bench.put("pins.indexed", b"a", None)
    bench.wait(60)

    assert (bench.table, bench.overdue()) == ({}, [])
    assert bench.watcher.metrics.value("pinstream_watch_poison_total", {"topic": "pins.events"}) == 6
    assert bench.watcher.metrics.value("pinstream_watch_poison_total", {"topic": "pins.indexed"}) == 1


def test_a_restart_knows_every_pin_that_is_waiting_and_the_windows_of_the_last_hour() -> None:
    bench = Bench()
    for number in range(5):
        bench.publish(f"p{number}")
    bench.report("p0", visible_at_ms=bench.now_ms + 40, stages_ms={"queue": 3.0, "visible": 8.0})
    bench.report("p1", outcome="dead", reason="fetch: x")
    bench.wait(11)
    before = (bench.overdue(), bench.coverage())

    bench.restart()
    bench.wait(0)

    assert (bench.overdue(), bench.coverage()) == before == (["p2", "p3", "p4"], (1, 5))
    window = next(iter(bench.watcher.partitions[0].windows.sliding(60, now_ms=bench.now_ms)))
    assert set(window.measures) == {"freshness", "acknowledged", "queue", "visible"}
    assert window.outcomes == {"indexed": 1, "dead": 1}


def test_the_objective_counts_each_pin_once() -> None:
    bench = Bench()
    bench.publish("in-time")
    bench.report("in-time", published_at_ms=bench.now_ms, visible_at_ms=None)
    bench.report("in-time", visible_at_ms=bench.now_ms + 5, stages_ms={"visible": 5.0})
    bench.publish("late")
    bench.publish("never")
    bench.publish("broken")
    bench.report("broken", outcome="dead")
    bench.wait(11)
    bench.report("late")
    bench.wait(11)

    assert (bench.met("freshness", "yes"), bench.met("freshness", "no")) == (1, 2)


def test_a_pin_that_was_acknowledged_in_time_and_found_too_late_was_not_in_time() -> None:
    bench = Bench()
    offset = bench.publish("a")
    bench.report("a", offset=offset)
    bench.report("a", offset=offset, visible_at_ms=bench.now_ms + 11_000, stages_ms={"visible": 11_000.0})

    assert bench.met("freshness", "no") == 1


def test_a_watch_that_reads_late_calls_no_indexed_pin_overdue() -> None:
    bench = Bench()
    bench.publish("a", age_ms=60_000)
    bench.watcher.mark_overdue(bench.now_ms - 60_000)  # what Kafka held then has been read, and no more is known
    bench.report("a", finished_at_ms=bench.now_ms - 59_000, published_at_ms=bench.now_ms - 60_000)
    bench.wait(1)

    assert (bench.met("freshness", "yes"), bench.met("freshness", "no")) == (1, 0)


def test_pins_accounted_for_leave_after_an_hour_and_those_waiting_stay() -> None:
    bench = Bench()
    bench.publish("waiting")
    bench.publish("indexed")
    bench.report("indexed")
    bench.wait(2 * HOUR_MS / 1000)
    bench.publish("another")

    assert set(bench.table) == {"waiting", "another"}
    assert bench.overdue() == ["waiting"]


def test_the_table_is_bounded_by_count_too() -> None:
    bench = Bench(keep=Retention(accounted_ms=HOUR_MS, accounted_pins=10, waiting_ms=HOUR_MS))
    for number in range(200):
        bench.publish(f"p{number}")
        bench.report(f"p{number}")

    assert len(bench.table) <= 11


def test_outcomes_of_events_from_before_the_beginning_do_not_stay() -> None:
    bench = Bench()
    bench.report("old", offset=3)
    bench.put("pins.events", b"x", b"poison at an offset of its own")
    bench.offsets["pins.events"] = 10
    bench.publish("new")
    bench.report("other", offset=99)

    assert set(bench.table) == {"new", "other"}


def test_a_state_that_does_not_decode_counts_as_none() -> None:
    bench = Bench()
    bench.publish("a")
    bench.table["a"] = b'{"shape": 2}'

    bench.restart()
    bench.publish("a", 2)

    assert bench.standing("a") == "waiting"


OUTCOMES: tuple[Result, ...] = ("indexed", "unchanged", "superseded", "dead")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), min_size=1, max_size=20), st.data())
def test_whatever_the_order_every_published_version_is_accounted_for_or_waiting(
    events: list[tuple[str, int]], data: st.DataObject
) -> None:
    """The worker reports one outcome for each event; outcomes overtake, and some never come."""
    bench = Bench()
    silent = data.draw(st.sets(st.sampled_from("abc")))
    steps: list[tuple[str, str, int, int]] = [("publish", pin, version, 0) for pin, version in events]
    for offset, (pin, version) in enumerate(events):
        if pin not in silent:
            steps.insert(data.draw(st.integers(0, len(steps))), ("report", pin, version, offset))
    for step, pin, version, offset in steps:
        if step == "publish":
            bench.publish(pin, version)
        else:
            bench.report(pin, version, data.draw(st.sampled_from(OUTCOMES)), offset=offset)
        if data.draw(st.integers(0, 9)) == 0:
            bench.restart()
    newest = {pin for pin, _ in events}
    bench.wait(11)

    assert bench.overdue() == sorted(pin for pin in newest if pin in silent)
    ledger = bench.watcher.partitions[0].ledger
    assert (ledger.waiting, ledger.ahead) == (len(bench.overdue()), 0)
    standings = [bench.standing(pin) for pin in newest]
    due = sum(standing in ("searchable", "dead", "waiting") for standing in standings)
    assert bench.coverage() == (standings.count("searchable"), due)


@pytest.mark.parametrize("clock_ms", [-5, 0, HOUR_MS * 24 * 365 * 100])
def test_odd_timestamps_count_from_when_they_were_read(clock_ms: int) -> None:
    bench = Bench()
    bench.publish("a", age_ms=bench.now_ms - clock_ms)
    bench.wait(11)

    assert bench.overdue() == ["a"]
