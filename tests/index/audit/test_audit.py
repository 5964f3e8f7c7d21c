"""The whole audit: topics on librdkafka's mock cluster, the index in memory."""

from dataclasses import replace

import pytest
from confluent_kafka import Consumer, TopicPartition

from index.audit.ledger import AuditLedger
from index.audit.repair import TooManyOrphans, suspect_orphans
from index.audit.sample import Sample
from pinstream.errors import IndexUnavailable
from pinstream.events import REPAIR_HEADER
from pinstream.kafka.topic_reader import TopicReader
from pinstream.store.collection import tombstone
from tests.index.town import HEADERS, QUIET, Town
from tests.pinstream.held import watch_picks


def test_an_index_that_is_as_the_topics_say_is_clean(town: Town) -> None:
    town.good("a", "b-1", "b")
    town.publish("c", 3, lane="pins.events.backfill")
    town.index("c", 3)
    town.index("gone", 1)
    town.delete("gone", 2)
    town.store.upsert([tombstone("gone", slot, 2, at_ms=1) for slot in range(2)])
    town.publish("dead", 4)
    town.tell("dead", version=4, outcome="dead", reason="404")
    town.write("pins.events", b"poison", b"{}")

    report = town.audit()

    assert (report.findings, report.dead, report.under_way) == (0, 1, 0)
    assert (report.pins, report.living, report.rows) == (7, 4, 10)


def spoil(town: Town) -> None:
    """One pin for each kind of finding."""
    town.good(*(f"good-{each}" for each in range(5)), "half", "doubled", "strange")
    town.publish("missing", 2)
    town.publish("stale", 3)
    town.index("stale", 2, objects=3)
    town.index("orphan", 6, objects=2)
    town.index("undeleted", 1)
    town.delete("undeleted", 2)
    town.store.delete(["half#1"])
    town.store.twice.append("doubled#1")
    town.index("good-0", 1, image_sha256="a" * 64)
    town.index("strange", 1, image_sha256="a" * 64)
    town.store.upsert([replace(town.store.get(["strange#0"])["strange#0"], code=bytes([0xF8]) * 32)])
    town.publish("elsewhere", 4)
    town.tell("elsewhere", version=4, embedding_version=2)


FOUND = {
    "missing": ["missing"], "stale": ["stale"], "orphaned": ["orphan"], "undeleted": ["undeleted"], "half": ["half"],
    "doubled": ["doubled"], "code": ["good-0", "strange"], "embedding": ["elsewhere"],
}  # fmt: skip


def test_every_kind_of_finding_is_found_and_nothing_else(town: Town) -> None:
    spoil(town)

    report = town.audit()

    assert town.found() == FOUND
    assert report.found == {kind: len(pins) for kind, pins in FOUND.items()}


def test_a_repair_publishes_events_as_they_are_with_a_mark_and_tombstones_for_orphans(town: Town) -> None:
    spoil(town)
    town.audit()

    done = town.mend()

    assert done == {"published": 7, "deleted": 1}
    with TopicReader(town.to, f"{town.to.topic_prefix}pins.events.backfill") as reader:
        written = {record.key: record for record in reader.read(reader.offset_ranges()) if record.key != b"not a pin"}
    with TopicReader(town.to, f"{town.to.topic_prefix}pins.events") as reader:
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


def test_a_repair_holds_one_event_at_a_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in range(12):
        town.publish(f"missing-{each}", 1)
    town.audit()
    alive = watch_picks(monkeypatch)

    done = town.mend()

    assert done == {"published": 12}
    assert len(alive) == 12
    assert max(alive) - min(alive) <= 2


def test_what_publishing_again_would_not_help_is_left_alone(town: Town) -> None:
    town.publish("dead", 4)
    town.index("dead", 3)
    town.store.delete(["dead#1"])
    town.tell("dead", version=4, outcome="dead")
    town.write("pins.events", b"poison", b"{}")
    town.index("poison", 3)
    town.store.delete(["poison#1"])
    town.publish("newer", 4)
    town.index("newer", 5)
    town.store.delete(["newer#1"])
    town.audit()

    assert town.found() == {"half": ["dead", "newer", "poison"]}
    assert town.mend() == {"dead": 1, "unreadable": 1, "newer": 1}


def test_pins_on_their_way_are_no_findings(town: Town) -> None:
    group = f"{town.to.topic_prefix}workers"
    for version in (1, 2):
        town.publish("a", version)
    town.index("a", 1)
    with TopicReader(town.to, f"{town.to.topic_prefix}pins.events") as reader:
        place = next(record for record in reader.read(reader.offset_ranges()) if record.key == b"a")
    consumer = Consumer({"bootstrap.servers": town.to.address, "group.id": group, "log_level": 0})

    def commit(offset: int) -> None:
        consumer.commit(offsets=[TopicPartition(place.topic, place.partition, offset)], asynchronous=False)

    commit(place.offset + 1)  # the first of the two is done
    behind = town.audit()
    commit(place.offset + 2)
    with AuditLedger(None) as town.ledger:
        done = town.audit()
    consumer.close()

    assert (behind.findings, behind.under_way) == (0, 1)
    assert (done.found["stale"], done.under_way) == (1, 0)


def test_young_pins_are_no_findings_where_nothing_is_committed(town: Town) -> None:
    town.publish("a", 1)
    town.grace_s = 3600.0

    report = town.audit()

    assert (report.findings, report.under_way) == (0, 1)
    assert "has committed nothing" in report.notes[0]


def test_what_is_published_and_indexed_meanwhile_is_no_finding(town: Town) -> None:
    town.good("a")
    hearing, comparison = town.parts()
    hearing.listen(QUIET)
    town.ledger.note("stage topics", "done")
    town.good("late")  # after the topics were read: to the index an orphan
    comparison.compare(QUIET)
    town.ledger.note("stage index", "done")
    assert town.found() == {"orphaned": ["late"]}

    report = town.audit()

    assert report.findings == 0
    assert report.pins == 2


def test_an_audit_that_was_cut_off_goes_on_and_finds_the_same(town: Town) -> None:
    town.page_rows = 4
    spoil(town)
    town.store.pages_left = 4
    with pytest.raises(IndexUnavailable):
        town.audit()
    read = town.ledger.counted("rows")
    town.store.pages_left = 10**9

    report = town.audit()

    assert 0 < read < report.rows
    assert town.found() == FOUND
    assert report.rows == sum(1 for _ in town.store.rows())


def test_a_sample_takes_the_same_pins_of_both_sides_every_time(town: Town) -> None:
    pins = [f"pin-{each}" for each in range(200)]
    town.sample = Sample(0.25)
    for pin_id in pins:
        town.index(pin_id, 1)
    taken = [pin_id for pin_id in pins if town.sample.takes(pin_id)]
    for pin_id in taken[:-1]:
        town.publish(pin_id, 1)

    report = town.audit()

    assert 30 < len(taken) < 70
    assert town.found() == {"orphaned": taken[-1:]}
    assert (report.pins, report.living) == (len(taken) - 1, len(taken))


def test_many_orphans_are_suspected_before_they_are_deleted() -> None:
    suspect_orphans(20, 20)
    suspect_orphans(100, 1_001)
    with pytest.raises(TooManyOrphans, match="100 of 999 pins"):
        suspect_orphans(100, 999)
