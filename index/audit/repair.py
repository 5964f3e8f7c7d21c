"""Repair: the events of wrong pins published again on the backfill lane, marked so that workers write them once more.

Nothing is removed from the index here. The mark makes a worker write a version again that it knows, and clear the
slots that the audit saw, in one upsert; the fence still keeps older versions out. A pin without an event gets a
tombstone of the version that its rows have.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Final, Literal

from index.audit.compare import NO_TOPIC, LastOutcome, newest_event
from index.audit.index_rows import IndexRows
from index.audit.ledger import AuditLedger
from index.audit.topic_scan import TopicScan
from pinstream.cli.screen import StartBar
from pinstream.events import REPAIR_HEADER, Headers
from pinstream.kafka.compacted_replay import CompactedReplay, deletion_record
from pinstream.kafka.connection import Connection
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.standing import EventPosition, standing_of
from pinstream.store.collection import WHOLE_SLOT, Row

RepairResult = Literal["published", "deleted", "gone", "unreadable", "dead", "newer"]
REPAIRED: Final[tuple[RepairResult, ...]] = ("published", "deleted")
RESULT_TEXTS: Final[dict[RepairResult, str]] = {
    "published": "published again",
    "deleted": "given a tombstone",
    "gone": "left alone: the topic holds a newer event by now",
    "unreadable": "left alone: their event does not decode",
    "dead": "left alone: their event is a dead letter",
    "newer": "left alone: the index holds a newer version than any topic",
}
_CHUNK: Final = 500
_MIN_ORPHANS: Final = 20
_MAX_ORPHAN_RATIO: Final = 0.1


class TooManyOrphans(Exception):
    """More pins are in no topic than a fault of the index explains: the topics may be the wrong ones."""


@dataclass(frozen=True, slots=True)
class PinToRepair:
    """A pin with a finding, as the topics and the index know it now."""

    pin_id: str
    last_slot: int
    event: EventPosition | None
    outcome: LastOutcome | None
    rows: Sequence[Row]

    @property
    def topic(self) -> str:
        return NO_TOPIC if self.event is None else self.event.topic

    @property
    def refusal(self) -> RepairResult | None:
        """Why publishing its event again would change nothing."""
        event = self.event
        if event is None or event.version is None:
            return "unreadable"
        if not event.is_deletion and standing_of(event, self.outcome) == "dead":
            return "dead"
        whole = next((row for row in self.rows if row.slot == WHOLE_SLOT), None)
        return "newer" if whole is not None and whole.version > event.version else None


class Repair:
    """Repairs the findings in a ledger. Blocks; raises KafkaUnreachable and VectorIndexError; safe to repeat."""

    def __init__(self, connection: Connection, topics: TopicScan, rows: IndexRows, ledger: AuditLedger) -> None:
        self._connection = connection
        self._topics = topics
        self._rows = rows
        self._ledger = ledger

    def run(self, start_bar: StartBar) -> Counter[RepairResult]:
        """Pins by what was done with them; those that were indexed as another embedding version are not touched."""
        results: Counter[RepairResult] = Counter()
        advance = start_bar("pins to repair", sum(self._ledger.finding_counts().values()))
        backfill_topic = self._topics.lanes[-1]
        known_up_to = self._ledger.progress.positions(backfill_topic)
        with (
            Replayer(self._connection) as producer,
            CompactedReplay(self._connection, backfill_topic, known_up_to, producer) as backfill,
        ):
            for topic, pins in groupby(self._pins(), key=lambda pin: pin.topic):
                while chunk := list(islice(pins, _CHUNK)):
                    if topic == NO_TOPIC:
                        results += self._publish_tombstones(chunk, backfill)
                    else:
                        results += self._publish_events(chunk, topic, backfill)
                    advance(len(chunk))
        return results

    def _pins(self) -> Iterator[PinToRepair]:
        pins = self._ledger.pins_to_repair()
        while chunk := list(islice(pins, _CHUNK)):
            rows = self._rows.read([pin for pin, _ in chunk], [last_slot for _, last_slot in chunk])
            for pin, last_slot in chunk:
                event, outcome = self._ledger.last_event(pin), self._ledger.last_outcome(pin)
                yield PinToRepair(pin, last_slot, newest_event(event, outcome), outcome, rows[pin])

    def _publish_events(
        self, pins: Sequence[PinToRepair], topic: str, backfill: CompactedReplay
    ) -> Counter[RepairResult]:
        results: Counter[RepairResult] = Counter()
        chosen: dict[tuple[int, int], PinToRepair] = {}
        for pin in pins:
            if pin.refusal is not None:
                results[pin.refusal] += 1
            elif pin.event is not None:
                chosen[pin.event.partition, pin.event.offset] = pin
        with TopicReader(self._connection, topic) as reader:
            published = backfill.publish(
                _mark(record, chosen[record.partition, record.offset].last_slot) for record in reader.read_at(chosen)
            )
        results["published"], results["gone"] = len(published), len(chosen) - len(published)
        return results

    def _publish_tombstones(self, pins: Sequence[PinToRepair], backfill: CompactedReplay) -> Counter[RepairResult]:
        tombstones = []
        for pin in pins:
            deleted_at = 0 if pin.event is None else pin.event.version or 0
            version = max(deleted_at, *(row.version for row in pin.rows), 0)
            if version > 0:
                tombstones.append(_mark(deletion_record(backfill.topic, pin.pin_id, version), pin.last_slot))
        deleted = len(backfill.publish(tombstones))
        return Counter({"deleted": deleted, "gone": len(pins) - deleted})


def refuse_too_many_orphans(orphans: int, living: int) -> None:
    """Raises TooManyOrphans if a repair would delete more than a tenth of the living pins."""
    if orphans > _MIN_ORPHANS and orphans > living * _MAX_ORPHAN_RATIO:
        raise TooManyOrphans(
            f"{orphans:,} of {living:,} pins in the index are in no topic, and a repair would delete them. Are these "
            "the right topics, and complete? --force deletes the pins"
        )


def _mark(record: StoredRecord, last_slot: int) -> StoredRecord:
    own: Headers = [header for header in record.headers if header[0] != REPAIR_HEADER]
    return replace(record, headers=[*own, (REPAIR_HEADER, str(last_slot).encode())])
