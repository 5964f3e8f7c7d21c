"""Tombstones go when nothing needs them any more, and not before."""

import time
from dataclasses import replace

import pytest

from index.sweep.sweep import Sweep, SweepReport
from pinstream.kafka.topic_reader import TopicReader
from pinstream.store.collection import Row, tombstone
from tests.index.town import QUIET, Town

DAY_MS = 24 * 3600 * 1000
BACKFILL = "pins.events.backfill"


@pytest.fixture
def now_ms() -> int:
    return int(time.time() * 1000)


def bury(town: Town, pin_id: str, *, at_ms: int, version: int = 5, slots: int = 2) -> None:
    town.store.upsert([tombstone(pin_id, slot, version, at_ms=at_ms) for slot in range(slots)])


def sweep(town: Town, *, act: bool = True) -> SweepReport:
    return Sweep(town.store, town.to, older_than_s=8 * 24 * 3600, act=act).run(QUIET)


def keys(town: Town) -> set[str]:
    return {row.key for row in town.store.rows()}


def test_old_deletions_and_dead_objects_go_and_the_rest_stays(town: Town, now_ms: int) -> None:
    bury(town, "old", at_ms=now_ms - 9 * DAY_MS)
    bury(town, "young", at_ms=now_ms - 7 * DAY_MS)
    bury(town, "new", at_ms=now_ms)
    town.index("alive", 5, objects=1)
    town.store.upsert([tombstone("alive", 2, 5, at_ms=now_ms - DAY_MS)])

    planned = sweep(town, act=False)
    before = keys(town)
    done = sweep(town)

    assert len(before) == 9
    assert planned == done == SweepReport(rows=9, objects=3, pins=1, young=2)
    assert keys(town) == {"young#0", "new#0", "new#1", "alive#0", "alive#1"}


def test_a_deletion_stays_while_a_lane_could_bring_the_pin_back_and_that_lane_is_told(town: Town, now_ms: int) -> None:
    for pin_id in ("backfilled", "deleted-there", "poisoned", "created-again"):
        bury(town, pin_id, at_ms=now_ms - 9 * DAY_MS)
    town.publish("backfilled", 3, lane=BACKFILL)
    town.publish("deleted-there", 3)
    town.delete("deleted-there", 5)
    town.write("pins.events", b"poisoned", b"{}")
    town.publish("created-again", 6)

    done = sweep(town)

    assert (done.pins, done.held) == (2, 2)
    assert keys(town) == {"backfilled#0", "created-again#0"}
    with TopicReader(town.to, town.to.topic_prefix + BACKFILL) as reader:
        last = {record.key: record for record in reader.read(reader.offset_ranges())}
    assert last[b"backfilled"].value is None
    assert last[b"backfilled"].headers == [("version", b"5")]
    again = sweep(town)
    assert (again.pins, again.held) == (1, 1)
    assert keys(town) == {"created-again#0"}


def test_what_is_written_again_meanwhile_stays(town: Town, now_ms: int) -> None:
    bury(town, "a", at_ms=now_ms - 9 * DAY_MS)
    store = town.store

    class Moving(type(store)):  # type: ignore[misc]
        def get(self, read: list[str], **more: object) -> dict[str, Row]:
            """Between the scan and the look before the delete, the pin is created again."""
            self.upsert([replace(row, alive=True, version=6) for row in store.rows()])
            return dict(super().get(read))

    moving = Moving()
    moving.upsert(list(store.rows()))
    town.store = moving

    done = sweep(town)

    assert (done.pins, done.objects, done.alive) == (0, 0, 2)
    assert {row.key: row.alive for row in town.store.rows()} == {"a#0": True, "a#1": True}
