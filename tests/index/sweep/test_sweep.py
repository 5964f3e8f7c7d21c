"""Tombstones are removed once they keep no older event out, and not before."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from index.sweep.sweep import Sweep, SweepReport
from pinstream.kafka.topic_reader import TopicReader
from pinstream.store.collection import Row, tombstone
from pinstream.store.vector_store import Consistency
from tests.index.cluster import QUIET, Cluster, FaultyStore

DAY_MS = 24 * 3600 * 1000
BACKFILL = "pins.events.backfill"


@pytest.fixture
def now_ms() -> int:
    return int(time.time() * 1000)


def write_tombstones(cluster: Cluster, pin_id: str, *, at_ms: int, version: int = 5, slots: int = 2) -> None:
    cluster.store.upsert([tombstone(pin_id, slot, version, at_ms=at_ms) for slot in range(slots)])


def sweep(cluster: Cluster, *, dry_run: bool = False) -> SweepReport:
    return Sweep(cluster.store, cluster.to, older_than_s=8 * 24 * 3600, dry_run=dry_run).run(QUIET)


def keys(cluster: Cluster) -> set[str]:
    return {row.key for row in cluster.store.rows()}


def test_old_deletions_and_tombstones_of_objects_are_removed_and_the_rest_stays(cluster: Cluster, now_ms: int) -> None:
    write_tombstones(cluster, "old", at_ms=now_ms - 9 * DAY_MS)
    write_tombstones(cluster, "young", at_ms=now_ms - 7 * DAY_MS)
    write_tombstones(cluster, "new", at_ms=now_ms)
    cluster.index("alive", 5, objects=1)
    cluster.store.upsert([tombstone("alive", 2, 5, at_ms=now_ms - DAY_MS)])

    planned = sweep(cluster, dry_run=True)
    before = keys(cluster)
    done = sweep(cluster)

    assert len(before) == 9
    assert planned == done == SweepReport(rows=9, objects=3, pins=1, young=2)
    assert keys(cluster) == {"young#0", "new#0", "new#1", "alive#0", "alive#1"}


def test_a_deletion_stays_while_a_lane_ends_with_an_event_which_gets_a_tombstone(cluster: Cluster, now_ms: int) -> None:
    for pin_id in ("backfilled", "deleted-there", "poisoned", "created-again"):
        write_tombstones(cluster, pin_id, at_ms=now_ms - 9 * DAY_MS)
    cluster.publish("backfilled", 3, lane=BACKFILL)
    cluster.publish("deleted-there", 3)
    cluster.delete("deleted-there", 5)
    cluster.write("pins.events", b"poisoned", b"{}")
    cluster.publish("created-again", 6)

    done = sweep(cluster)

    assert (done.pins, done.held) == (2, 2)
    assert keys(cluster) == {"backfilled#0", "created-again#0"}
    with TopicReader(cluster.to, cluster.to.topic_prefix + BACKFILL) as reader:
        last = {record.key: record for record in reader.read(reader.offset_ranges())}
    assert last[b"backfilled"].value is None
    assert last[b"backfilled"].headers == [("version", b"5")]
    again = sweep(cluster)
    assert (again.pins, again.held) == (1, 1)
    assert keys(cluster) == {"created-again#0"}


def test_rows_that_are_written_again_meanwhile_stay(cluster: Cluster, now_ms: int) -> None:
    write_tombstones(cluster, "a", at_ms=now_ms - 9 * DAY_MS)
    store = cluster.store

    class RecreatingStore(FaultyStore):
        """Creates the pin again between the scan and the read before the delete."""

        def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
            self.upsert([replace(row, alive=True, version=6) for row in store.rows()])
            return super().get(keys, consistency=consistency)

    cluster.store = RecreatingStore()
    cluster.store.upsert(list(store.rows()))

    done = sweep(cluster)

    assert (done.pins, done.objects, done.alive) == (0, 0, 2)
    assert {row.key: row.alive for row in cluster.store.rows()} == {"a#0": True, "a#1": True}
