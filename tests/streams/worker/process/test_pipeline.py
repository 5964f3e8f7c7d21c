"""The way of one pin."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetch.errors import FetchFailed, FetchRefused
from inference.errors import ModelMismatch, ModelUnavailable, PictureRefused
from inference.runner import Priority
from pinstream.errors import EventInvalid, IndexRefused, IndexUnavailable
from pinstream.events import REPAIR_HEADER
from pinstream.store.collection import Row
from streams.errors import Abandoned
from tests.streams.fakes import NOW_MS, Bench, Permit, jpeg


async def test_a_pin_becomes_one_row_for_the_picture_and_one_for_each_object() -> None:
    bench = Bench()
    bench.models.objects = 2

    (result,) = await bench.process(bench.put("a", 7, title="hat", labels=["red"], price=3.5, currency="EUR"))

    whole, first = bench.row("a#0"), bench.row("a#1")
    assert whole is not None
    assert first is not None
    assert (result.outcome, result.objects) == ("indexed", 2)
    assert (whole.version, whole.object_count, whole.title, whole.tags) == (7, 2, "hat", ("red",))
    assert (whole.published_at_ms, whole.indexed_at_ms) == (NOW_MS - 5, NOW_MS)
    assert (first.label, first.box, first.object_count) == ("bag", (0.1, 0.1, 0.5, 0.5), 0)


async def test_every_stage_is_timed() -> None:
    bench = Bench()
    task = bench.put()

    await bench.process(task)

    assert set(task.stages_ms) == {"queue", "fetch", "decode", "detect", "embed", "write"}
    assert task.stages_ms["queue"] == 5


async def test_the_version_that_is_indexed_is_unchanged_and_an_older_one_superseded() -> None:
    bench = Bench()

    results = await bench.process(bench.put(version=2), bench.put(version=2), bench.put(version=1))

    assert [result.outcome for result in results] == ["indexed", "unchanged", "superseded"]
    assert bench.models.calls == 1


async def test_an_older_version_never_replaces_a_newer_one_of_another_worker() -> None:
    bench, other = Bench(), Bench()
    other.index.store = bench.index.store
    await bench.process(bench.put(version=9))

    (result,) = await other.process(other.put(version=8))

    assert result.outcome == "superseded"
    assert other.index.reads == ["Strong"]


async def test_a_repair_writes_again_what_the_index_lost_and_still_keeps_older_versions_out() -> None:
    before = Bench()
    await before.process(before.put(version=2))
    before.index.store.delete(["a#1"])
    bench = Bench(replays="repair")
    bench.index.store = before.index.store

    older, again = await bench.process(bench.put(version=1), bench.put(version=2))

    assert (older.outcome, again.outcome) == ("superseded", "indexed")
    assert bench.row("a#1") is not None


REPAIR = ((REPAIR_HEADER, b"4"),)


async def test_an_audits_event_is_written_again_although_this_worker_wrote_it_and_clears_foreign_slots() -> None:
    bench = Bench()
    await bench.process(bench.put(version=2))
    bench.index.store.delete(["a#0"])
    bench.index.store.upsert([replace(row_of(bench, "a#1"), slot=4)])

    plain, again = await bench.process(bench.put(version=2), bench.put(version=2, headers=REPAIR))

    assert (plain.outcome, again.outcome) == ("unchanged", "indexed")
    assert [row_of(bench, f"a#{slot}").alive for slot in range(5)] == [True, True, False, False, False]


async def test_an_audits_event_never_replaces_what_this_worker_wrote_since() -> None:
    bench = Bench()
    await bench.process(bench.put(version=3))
    bench.index.store.delete(["a#0", "a#1"])  # not visible yet, to a read at Bounded

    (result,) = await bench.process(bench.put(version=2, headers=REPAIR))

    assert result.outcome == "superseded"
    assert bench.row("a#0") is None


async def test_an_audits_deletion_is_written_again_with_every_slot() -> None:
    bench = Bench()
    await bench.process(bench.put(version=2), bench.delete(version=3))
    alive = replace(row_of(bench, "a#1"), alive=True)
    bench.index.store.upsert([alive, replace(alive, slot=4)])

    plain, again = await bench.process(bench.delete(version=3), bench.delete(version=3, headers=REPAIR))

    assert (plain.outcome, again.outcome) == ("unchanged", "deleted")
    assert not any(row_of(bench, f"a#{slot}").alive for slot in range(5))


def row_of(bench: Bench, key: str) -> Row:
    found = bench.row(key)
    assert found is not None
    return found


def test_a_wrong_repair_header_repairs_and_clears_little() -> None:
    expected = {b"2": 2, b"99999": 256, b"-1": 0, b"many": 0, b"9" * 40: 0}

    found = {header: Bench().put(headers=((REPAIR_HEADER, header),)).repairs_up_to for header in expected}

    assert found == expected


async def test_slots_that_vanish_become_tombstones_in_the_same_write() -> None:
    bench = Bench()
    bench.models.objects = 3
    await bench.process(bench.put(version=1))
    bench.web.pictures["https://pictures/a/2"] = jpeg(2)
    bench.models.objects = 1

    await bench.process(bench.put(version=2))

    alive = [row.alive for slot in range(4) if (row := bench.row(f"a#{slot}")) is not None]
    assert alive == [True, True, False, False]


async def test_a_deletion_takes_every_slot_and_keeps_older_events_out() -> None:
    bench = Bench()

    results = await bench.process(
        bench.put(version=1), bench.delete(version=3), bench.put(version=2), bench.delete(version=3)
    )

    assert [result.outcome for result in results] == ["indexed", "deleted", "superseded", "unchanged"]
    assert [row.alive for slot in range(2) if (row := bench.row(f"a#{slot}")) is not None] == [False, False]


async def test_a_deleted_pin_can_be_created_again() -> None:
    bench = Bench()

    await bench.process(bench.put(version=1), bench.delete(version=2), bench.put(version=3))

    row = bench.row("a#0")
    assert row is not None
    assert (row.alive, row.version) == (True, 3)


async def test_the_same_picture_saved_again_needs_no_model() -> None:
    bench = Bench()

    await bench.process(bench.put("a"), bench.put("b"))

    first, second = bench.row("a#1"), bench.row("b#1")
    assert first is not None
    assert second is not None
    assert first.code == second.code
    assert bench.models.calls == 1
    assert bench.counts.count("repin") == 1


async def test_backfill_asks_the_models_with_low_priority() -> None:
    bench = Bench()

    await bench.process(bench.put("a", lane="backfill"))

    assert bench.models.priorities == [Priority.BACKFILL]


async def test_outages_are_waited_out() -> None:
    bench = Bench()
    bench.models.failures = [ModelUnavailable("away")] * 5
    bench.index.failures = [IndexUnavailable("away")] * 5

    (result,) = await bench.process(bench.put())

    assert result.outcome == "indexed"
    assert bench.counts.count("triton") == bench.counts.count("milvus") == 5


async def test_a_failing_host_is_asked_again_until_the_pins_own_deadline() -> None:
    bench = Bench()
    bench.web.pictures["https://pictures/a/1"] = FetchFailed("HTTP 503")

    with pytest.raises(FetchFailed):
        await bench.process(bench.put())

    assert len(bench.web.asked) > 1


async def test_a_host_that_does_not_answer_soon_does_not_hold_up_other_pins() -> None:
    bench = Bench(slow_fetch_s=0.0)
    bench.web.answers.clear()
    permit = Permit()

    processing = asyncio.create_task(bench.process(bench.put(), permit=permit))
    await asyncio.wait_for(permit.released.wait(), 10)
    assert not processing.done()
    bench.web.answers.set()

    (result,) = await processing
    assert result.outcome == "indexed"
    assert permit.reacquired == 1


@pytest.mark.parametrize("error", [FetchRefused("404"), b"not a picture"])
async def test_what_never_will_be_indexed_is_refused(error: FetchRefused | bytes) -> None:
    bench = Bench()
    bench.web.pictures["https://pictures/a/1"] = error

    with pytest.raises((FetchRefused, PictureRefused)):
        await bench.process(bench.put())

    assert bench.row("a#0") is None


async def test_an_event_that_does_not_decode_is_refused_with_its_path() -> None:
    bench = Bench()

    with pytest.raises(EventInvalid, match=r"\$\.version"):
        await bench.process(bench.put(version=-1))


async def test_rows_that_the_index_refuses_are_this_pins_end() -> None:
    bench = Bench()
    bench.index.failures = [IndexRefused("a title too long")]

    with pytest.raises(IndexRefused):
        await bench.process(bench.put())


@pytest.mark.parametrize("objects", [0, 2])
async def test_an_idle_server_gives_the_same_rows_as_a_busy_one(objects: int) -> None:
    idle, busy = Bench(idle_below=8), Bench(idle_below=0)
    idle.models.objects = busy.models.objects = objects

    await idle.process(idle.put())
    await busy.process(busy.put())

    assert idle.models.calls == (1 if objects == 0 else 2)
    assert busy.models.calls == 1
    slots = [(row.slot, row.label, row.object_count) for row in busy.index.store.rows()]
    assert [(row.slot, row.label, row.object_count) for row in idle.index.store.rows()] == slots


async def test_an_outage_at_an_idle_server_is_waited_out() -> None:
    bench = Bench(idle_below=8)
    bench.models.failures = [ModelUnavailable("away")] * 3

    (result,) = await bench.process(bench.put())

    assert result.outcome == "indexed"


@pytest.mark.parametrize("idle_below", [0, 8])
async def test_another_model_is_fatal(idle_below: int) -> None:
    bench = Bench(idle_below=idle_below)
    bench.models.failures = [ModelMismatch("version 2")]

    with pytest.raises(ModelMismatch):
        await bench.process(bench.put())


async def test_nothing_is_written_once_the_partition_is_gone() -> None:
    bench = Bench()
    task = bench.put()
    bench.lease.held = False

    with pytest.raises(Abandoned):
        await bench.process(task)

    assert bench.row("a#0") is None


async def test_an_event_that_is_no_news_needs_no_picture() -> None:
    bench = Bench()
    await bench.process(bench.put(version=2))
    bench.web.asked.clear()

    await bench.process(bench.put(version=1))

    assert bench.web.asked == []


events = st.tuples(st.booleans(), st.integers(1, 6))


@settings(deadline=None, max_examples=40)
@given(first=st.lists(events, min_size=1, max_size=8), data=st.data())
async def test_any_order_with_repeats_ends_in_the_state_of_the_newest_version(
    first: list[tuple[bool, int]], data: st.DataObject
) -> None:
    bench = Bench()
    again = data.draw(st.permutations(first))

    for deletes, version in [*first, *again]:
        await bench.process(bench.delete(version=version) if deletes else bench.put(version=version))

    newest = max(version for _, version in first)
    deleted = any(deletes for deletes, version in first if version == newest)
    row = bench.row("a#0")
    assert row is not None
    assert (row.version, row.alive) == (newest, not deleted)


async def test_a_pin_of_a_clock_that_is_ahead_is_published_when_it_is_indexed() -> None:
    bench = Bench()
    task = bench.put()
    ahead = replace(task, record=replace(task.record, timestamp_ms=NOW_MS + 50 * 60 * 1000))

    await bench.process(ahead)

    whole = bench.row("a#0")
    assert whole is not None
    assert whole.published_at_ms == NOW_MS
