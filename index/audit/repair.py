"""Findings undone: their events published again on the backfill lane, marked so that workers write them once more.

Nothing is removed from the index here: the mark makes a worker write a version again that it knows, and clear the
slots that the audit saw, in one upsert; the fence still keeps older versions out. A pin without an event gets a
tombstone of the version that its rows have.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, repeat
from typing import Final, Literal

from index.audit.compare import IndexScan
from index.audit.findings import NOWHERE, LastEvent, LastOutcome
from index.audit.ledger import AuditLedger
from index.audit.topics import TopicScan
from pinstream.cli.screen import StartBar
from pinstream.events import REPAIR_HEADER, Headers
from pinstream.kafka.compacted_replay import CompactedReplay, tombstone
from pinstream.kafka.connection import Connection
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.store.collection import WHOLE_SLOT, Row

Done = Literal["published", "deleted", "gone", "unreadable", "dead", "newer"]
MENDED: Final[tuple[Done, ...]] = ("published", "deleted")
DONE: Final[dict[Done, str]] = {
    "published": "published again",
    "deleted": "given a tombstone",
    "gone": "left alone: the topic holds a newer event by now",
    "unreadable": "left alone: their event does not decode",
    "dead": "left alone: their event is a dead letter",
    "newer": "left alone: the index holds a newer version than any topic",
}
_AT_ONCE: Final = 500
_MIN_ORPHANS: Final = 20
_MAX_ORPHAN_SHARE: Final = 0.1


class TooManyOrphans(Exception):
    """So many pins are in no topic that the topics, not the pins, are suspected."""


@dataclass(frozen=True, slots=True)
class _PinToRepair:
    pin_id: str
    last_slot: int
    word: LastEvent | None
    outcome: LastOutcome | None
    rows: Sequence[Row]

    @property
    def version(self) -> int:
        """The greatest that its rows have."""
        return max((row.version for row in self.rows), default=0)


class Repair:
    """Publishes what an audit asks for. Blocks; raises KafkaAway and VectorIndexError, and can be run again."""

    def __init__(self, to: Connection, hearing: TopicScan, comparison: IndexScan, ledger: AuditLedger) -> None:
        self._to = to
        self._hearing = hearing
        self._comparison = comparison
        self._ledger = ledger

    def mend(self, steps: StartBar) -> Counter[Done]:
        """What was done with the pins of all findings but those of another embedding version."""
        done: Counter[Done] = Counter()
        step = steps("pins to repair", sum(self._ledger.found().values()))
        topic = self._hearing.lanes[-1]
        with (
            Replayer(self._to) as repeater,
            CompactedReplay(self._to, topic, self._hearing.heard_to(topic), repeater) as last_word,
        ):
            for lane, patients in groupby(self._patients(), key=_lane):
                while chunk := list(islice(patients, _AT_ONCE)):
                    done.update(
                        self._bury(chunk, last_word) if lane == NOWHERE else self._publish(chunk, lane, last_word)
                    )
                    step(len(chunk))
        return done

    def _patients(self) -> Iterator[_PinToRepair]:
        wanting = self._ledger.wanting()
        while chunk := list(islice(wanting, _AT_ONCE)):
            rows = self._comparison.reread([pin for pin, _ in chunk], [last for _, last in chunk])
            for pin, last in chunk:
                outcome, word = self._ledger.outcome(pin), self._ledger.word(pin)
                word = outcome.outlived(word) if outcome is not None else word
                yield _PinToRepair(pin, last, word, outcome, rows[pin])

    def _publish(self, patients: Sequence[_PinToRepair], lane: int, last_word: CompactedReplay) -> Iterator[Done]:
        """Their events as they are, but for the mark."""
        chosen: dict[tuple[int, int], _PinToRepair] = {}
        for patient in patients:
            refused = _refused(patient)
            if refused is not None:
                yield refused
            elif patient.word is not None:
                chosen[patient.word.partition, patient.word.offset] = patient
        with TopicReader(self._to, self._hearing.lanes[lane]) as reader:
            published = len(
                last_word.publish(
                    _marked(record, chosen[record.partition, record.offset].last_slot) for record in reader.pick(chosen)
                )
            )
        yield from _times("published", published)
        yield from _times("gone", len(chosen) - published)

    def _bury(self, patients: Sequence[_PinToRepair], last_word: CompactedReplay) -> Iterator[Done]:
        """A tombstone each, for no topic holds an event."""
        tombstones = []
        for patient in patients:
            version = max(patient.version, 0 if patient.word is None else patient.word.version)
            if version > 0:
                tombstones.append(_marked(tombstone(last_word.topic, patient.pin_id, version), patient.last_slot))
        deleted = len(last_word.publish(tombstones))
        yield from _times("deleted", deleted)
        yield from _times("gone", len(patients) - deleted)


def suspect_orphans(orphans: int, living: int) -> None:
    """Raises TooManyOrphans where so many pins would be deleted that something else must be wrong."""
    if orphans > _MIN_ORPHANS and orphans > living * _MAX_ORPHAN_SHARE:
        raise TooManyOrphans(
            f"{orphans:,} of {living:,} pins in the index are in no topic, and a repair would delete them: are these "
            "the right topics, and whole? --force deletes them"
        )


def _refused(patient: _PinToRepair) -> Done | None:
    """Why publishing its event again would not help."""
    word = patient.word
    if word is None or word.version == 0:
        return "unreadable"
    if patient.outcome is not None and not word.deleted and patient.outcome.ended_dead(word):
        return "dead"
    whole = next((row for row in patient.rows if row.slot == WHOLE_SLOT), None)
    return "newer" if whole is not None and whole.version > word.version else None


def _lane(patient: _PinToRepair) -> int:
    return NOWHERE if patient.word is None else patient.word.lane


def _marked(record: StoredRecord, last_slot: int) -> StoredRecord:
    own: Headers = [header for header in record.headers if header[0] != REPAIR_HEADER]
    return replace(record, headers=[*own, (REPAIR_HEADER, str(last_slot).encode())])


def _times(done: Done, count: int) -> Iterator[Done]:
    return repeat(done, count)
