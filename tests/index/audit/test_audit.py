"""The whole audit: topics on librdkafka's mock cluster, the index in memory."""

from dataclasses import replace

import pytest
from confluent_kafka import Consumer, TopicPartition

from index.audit.ledger import AuditLedger
from index.audit.repair import TooManyOrphans, refuse_too_many_orphans
from index.audit.sample import Sample
from pinstream.errors import IndexUnavailable
from pinstream.events import REPAIR_HEADER
from pinstream.kafka.topic_reader import TopicReader
from pinstream.store.collection import tombstone
from tests.index.cluster import HEADERS, QUIET, Cluster
from tests.pinstream.held import count_records_in_memory


def test_an_index_that_is_as_the_topics_say_is_clean(cluster: Cluster) -> None:
    cluster.publish_and_index("a", "b-1", "b")
    cluster.publish("c", 3, lane="pins.events.backfill")
    cluster.index("c", 3)
    cluster.index("gone", 1)
    cluster.delete("gone", 2)
    cluster.store.upsert([tombstone("gone", slot, 2, at_ms=1) for slot in range(2)])
    cluster.publish("dead", 4)
    cluster.write_outcome("dead", version=4, outcome="dead", reason="404")
    cluster.write("pins.events", b"poison", b"{}")

    report = cluster.audit()

    assert (report.findings, report.dead, report.in_progress) == (0, 1, 0)
    assert (report.pins, report.living, report.rows) == (7, 4, 10)


def add_one_of_each_finding(cluster: Cluster) -> None:
    """One pin for each kind of finding."""
    cluster.publish_and_index(*(f"good-{each}" for each in range(5)), "half", "doubled", "strange")
    cluster.publish("missing", 2)
    cluster.publish("stale", 3)
    cluster.index("stale", 2, objects=3)
    cluster.index("orphan", 6, objects=2)
    cluster.index("undeleted", 1)
    cluster.delete("undeleted", 2)
    cluster.store.delete(["half#1"])
    cluster.store.twice.append("doubled#1")
    cluster.index("good-0", 1, image_sha256="a" * 64)
    cluster.index("strange", 1, image_sha256="a" * 64)
    cluster.store.upsert([replace(cluster.store.get(["strange#0"])["strange#0"], code=bytes([0xF8]) * 32)])
    cluster.publish("elsewhere", 4)
    cluster.write_outcome("elsewhere", version=4, embedding_version=2)


FOUND = {
    "missing": ["missing"], "stale": ["stale"], "orphaned": ["orphan"], "undeleted": ["undeleted"], "half": ["half"],
    "doubled": ["doubled"], "code": ["good-0", "strange"], "embedding": ["elsewhere"],
}  # fmt: skip


def test_every_kind_of_finding_is_found_and_nothing_else(cluster: Cluster) -> None:
    add_one_of_each_finding(cluster)

    report = cluster.audit()

    assert cluster.findings() == FOUND
    assert report.found == {kind: len(pins) for kind, pins in FOUND.items()}


def test_a_repair_publishes_events_unchanged_with_a_mark_and_tombstones_for_orphans(cluster: Cluster) -> None:
    add_one_of_each_finding(cluster)
    cluster.audit()

    done = cluster.repair()

    assert done == {"published": 7, "deleted": 1}
    with TopicReader(cluster.to, f"{cluster.to.topic_prefix}pins.events.backfill") as reader:
        written = {record.key: record for record in reader.read(reader.offset_ranges()) if record.key != b"not a pin"}
    with TopicReader(cluster.to, f"{cluster.to.topic_prefix}pins.events") as reader:
        events = {record.key: record for record in reader.read(reader.offset_ranges())}
    assert written.keys() == {
        b"missing", b"stale", b"orphan", b"undeleted", b"half", b"doubled", b"good-0", b"strange"
    }  # fmt: skip
    assert written[b"stale"].value == events[b"stale"].value
    assert written[b"stale"].headers == [*HEADERS, (REPAIR_HEADER, b"3")]
    assert written[b"stale"].timestamp_ms == events[b"stale"].timestamp_ms
    assert written[b"undeleted"].value is None
    assert written[b"undeleted"].headers == [("version", b"2"), (REPAIR_HEADER, b"1")]
    assert written[b"orphan"].value is None
    assert written[b"orphan"].headers == [("version", b"6"), (REPAIR_HEADER, b"2")]


def test_a_repair_holds_one_event_at_a_time(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in range(12):
        cluster.publish(f"missing-{each}", 1)
    cluster.audit()
    alive = count_records_in_memory(monkeypatch)

    done = cluster.repair()

    assert done == {"published": 12}
    assert len(alive) == 12
    assert max(alive) - min(alive) <= 2


def test_pins_that_publishing_again_would_not_change_are_left_alone(cluster: Cluster) -> None:
    cluster.publish("dead", 4)
    cluster.index("dead", 3)
    cluster.store.delete(["dead#1"])
    cluster.write_outcome("dead", version=4, outcome="dead")
    cluster.write("pins.events", b"poison", b"{}")
    cluster.index("poison", 3)
    cluster.store.delete(["poison#1"])
    cluster.publish("newer", 4)
    cluster.index("newer", 5)
    cluster.store.delete(["newer#1"])
    cluster.audit()

    assert cluster.findings() == {"half": ["dead", "newer", "poison"]}
    assert cluster.repair() == {"dead": 1, "unreadable": 1, "newer": 1}


def test_pins_whose_events_are_not_committed_are_no_findings(cluster: Cluster) -> None:
    group = f"{cluster.to.topic_prefix}workers"
    for version in (1, 2):
        cluster.publish("a", version)
    cluster.index("a", 1)
    with TopicReader(cluster.to, f"{cluster.to.topic_prefix}pins.events") as reader:
        event = next(record for record in reader.read(reader.offset_ranges()) if record.key == b"a")
    consumer = Consumer({"bootstrap.servers": cluster.to.address, "group.id": group, "log_level": 0})

    def commit(offset: int) -> None:
        consumer.commit(offsets=[TopicPartition(event.topic, event.partition, offset)], asynchronous=False)

    commit(event.offset + 1)  # the first of the two is done
    behind = cluster.audit()
    commit(event.offset + 2)
    with AuditLedger(None) as cluster.ledger:
        done = cluster.audit()
    consumer.close()

    assert (behind.findings, behind.in_progress) == (0, 1)
    assert (done.found["stale"], done.in_progress) == (1, 0)


def test_young_pins_are_no_findings_where_nothing_is_committed(cluster: Cluster) -> None:
    cluster.publish("a", 1)
    cluster.grace_s = 3600.0

    report = cluster.audit()

    assert (report.findings, report.in_progress) == (0, 1)
    assert "has committed nothing" in report.notes[0]


def test_pins_that_are_published_and_indexed_meanwhile_are_no_findings(cluster: Cluster) -> None:
    cluster.publish_and_index("a")
    cluster.topic_scan().read(QUIET)
    cluster.ledger.progress.set("stage topics", "done")
    cluster.publish_and_index("late")  # after the topics were read: to the index an orphan
    cluster.index_scan().run(QUIET)
    cluster.ledger.progress.set("stage index", "done")
    assert cluster.findings() == {"orphaned": ["late"]}

    report = cluster.audit()

    assert report.findings == 0
    assert report.pins == 2


def test_an_interrupted_audit_continues_and_finds_the_same(cluster: Cluster) -> None:
    cluster.page_rows = 4
    add_one_of_each_finding(cluster)
    cluster.store.pages_left = 4
    with pytest.raises(IndexUnavailable):
        cluster.audit()
    read = cluster.ledger.progress.count("rows")
    cluster.store.pages_left = 10**9

    report = cluster.audit()

    assert 0 < read < report.rows
    assert cluster.findings() == FOUND
    assert report.rows == sum(1 for _ in cluster.store.rows())


def test_a_sample_has_the_same_pins_of_both_sides_every_time(cluster: Cluster) -> None:
    pins = [f"pin-{each}" for each in range(200)]
    cluster.sample = Sample(0.25)
    for pin_id in pins:
        cluster.index(pin_id, 1)
    taken = [pin_id for pin_id in pins if cluster.sample.takes(pin_id)]
    for pin_id in taken[:-1]:
        cluster.publish(pin_id, 1)

    report = cluster.audit()

    assert 30 < len(taken) < 70
    assert cluster.findings() == {"orphaned": taken[-1:]}
    assert (report.pins, report.living) == (len(taken) - 1, len(taken))


def test_a_repair_that_would_delete_many_orphans_is_refused() -> None:
    refuse_too_many_orphans(20, 20)
    refuse_too_many_orphans(100, 1_001)
    with pytest.raises(TooManyOrphans, match="100 of 999 pins"):
        refuse_too_many_orphans(100, 999)
