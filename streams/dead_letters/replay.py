"""Reading all dead letters, and taking them back or off the list: what the commands do, without the screen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Literal

from pinstream.cli.screen import Step, Steps
from pinstream.errors import EventInvalid
from pinstream.events import BACKFILL_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, INDEXED_TOPIC, PinOutcome
from pinstream.kafka.compacted_replay import CompactedReplay, rank_of
from pinstream.kafka.connection import Connection
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from streams.dead_letters.dead_letter import (
    DeadLetter,
    Handled,
    HandledMark,
    read_dead_letter,
    replayed_headers,
    source_timestamp_ms,
)
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore

_AT_ONCE = 1_000


Fate = Literal["replay", "settled", "stranger", "without", "replaced"]
"""Published again; left alone, for its pin has been settled since; for its topic is none of the lanes; for it was
written without its event; or for its lane holds a newer event of the pin. In a compacted lane the last record of a key
stands, so an empty or an older one would take the place of what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """What a replay does with one letter."""

    letter: DeadLetter
    fate: Fate
    topic: str
    """Where its event goes, if it is replayed."""
    done_with: tuple[int, ...]
    """Offsets of the letters that this ends."""


class DeadLetterTopic:
    """The letters of one pinstream; every call blocks and raises KafkaAway."""

    def __init__(self, to: Connection, box: DeadLetterStore) -> None:
        self._to = to
        self._box = box
        self.topic = to.topic_prefix + DEAD_TOPIC
        self._looked_to: dict[str, dict[int, int]] = {}
        self.lanes = (to.topic_prefix + EVENTS_TOPIC, to.topic_prefix + BACKFILL_TOPIC)

    def sort(self, *, since_ms: int | None, steps: Steps) -> None:
        """Read every letter and mark written since then into the box, up to the topic's end as it is now."""
        with TopicReader(self._to, self.topic) as reader:
            spans = reader.offset_ranges(since_ms=since_ms)
            for record in reader.read(spans, advance=steps(reader.topic, sum(span.offsets for span in spans))):
                found = read_dead_letter(record)
                if found is not None:
                    self._box.add(found)

    def look_up(self, *, steps: Steps) -> None:
        """Note of the pins in the box which were settled since, or published again on a letter's own lane."""
        with TopicReader(self._to, self._to.topic_prefix + INDEXED_TOPIC) as reader:
            spans = reader.offset_ranges()
            self._box.settle(
                self._settled(reader.read(spans, advance=steps(reader.topic, sum(span.offsets for span in spans))))
            )

        for lane in self.lanes:
            begins = self._box.sources(lane)
            if begins:
                with TopicReader(self._to, lane) as reader:
                    found = reader.offset_ranges()
                    self._looked_to[lane] = {span.partition: span.end for span in found}
                    spans = [
                        OffsetRange(span.partition, max(span.begin, begins[span.partition] + 1), span.end)
                        for span in found
                        if span.partition in begins
                    ]
                    step = steps(lane, sum(span.offsets for span in spans))
                    self._box.publish(lane, self._versions(reader.read(spans, advance=step)))

    def fetch(self, letters: Sequence[DeadLetter]) -> Iterator[StoredRecord]:
        """The letters themselves, in the order in which they come."""
        with TopicReader(self._to, self.topic) as reader:
            yield from reader.pick(map(_place, letters))

    def plan(self, wanted: DeadLetterFilter, *, each: bool, lane: str | None) -> Iterator[ReplayPlan]:
        """What a replay would do with each letter, or with the last of each pin; ``lane`` in place of its own."""
        letters = self._box.letters(wanted) if each else self._box.last_of_each_pin(wanted)
        for letter in letters:
            done_with = (letter.offset,) if each else self._box.open_before(letter)
            topic = lane or letter.source
            fate: Fate = "replay" if topic in self.lanes else "stranger"
            if self._box.replaced(letter, topic):
                fate = "replaced"
            if letter.left_out_bytes:
                fate = "without"
            if self._box.settled(letter):
                fate = "settled"
            yield ReplayPlan(letter=letter, fate=fate, topic=topic, done_with=done_with)

    def replay(self, plans: Iterator[ReplayPlan], *, advance: Step) -> int:
        """Publish, and mark what has arrived; how many were gone, or had newer events in their lane, meanwhile.

        What is cut off in between is replayed again another time, which changes nothing.
        """
        gone = 0
        with TopicReader(self._to, self.topic) as reader, Replayer(self._to) as repeater, ExitStack() as ends:

            @cache
            def last_word(lane: str, *, at_home: bool) -> CompactedReplay:
                begins = self._looked_to.get(lane, {}) if at_home else {}  # nobody looked for pins of other lanes
                return ends.enter_context(CompactedReplay(self._to, lane, begins, repeater))

            while chunk := list(islice(plans, _AT_ONCE)):
                sent = {_place(plan.letter): plan for plan in chunk if plan.fate == "replay"}
                done = [plan for plan in chunk if plan.fate == "settled"]
                for (lane, at_home), letters in _by_lane(sent.values()).items():
                    published = last_word(lane, at_home=at_home).publish(
                        _event(record, lane) for record in reader.pick(map(_place, letters))
                    )
                    done += [sent[place] for place in published]
                for plan in done:
                    handled: Handled = "settled" if plan.fate == "settled" else "replayed"
                    _mark(repeater, self.topic, plan.letter, plan.done_with, handled)
                repeater.flush()
                gone += len(sent) - sum(plan.fate == "replay" for plan in done)
                advance(len(chunk))
        return gone

    def drop(self, letters: Iterator[DeadLetter], *, advance: Step) -> None:
        """Mark them, so that no list shows them; the records stay for as long as the topic keeps them."""
        with Replayer(self._to) as repeater:
            for letter in letters:
                _mark(repeater, self.topic, letter, (letter.offset,), "dropped")
                advance(1)

    def _versions(self, records: Iterator[StoredRecord]) -> Iterator[tuple[bytes, int]]:
        for record in records:
            if record.key is None or not self._box.has(record.key):
                continue
            rank = rank_of(record)
            if rank is not None:
                yield record.key, rank[0]

    def _settled(self, records: Iterator[StoredRecord]) -> Iterator[tuple[bytes, int]]:
        for record in records:
            if record.key is None or record.value is None or not self._box.has(record.key):
                continue
            try:
                outcome = PinOutcome.decode(record.value)
            except EventInvalid:
                continue
            if outcome.outcome != "dead" and outcome.version is not None:
                yield record.key, outcome.version


def _by_lane(plans: Iterable[ReplayPlan]) -> Mapping[tuple[str, bool], Sequence[DeadLetter]]:
    """Their letters, by the lane they go to and whether it is their own."""
    found: dict[tuple[str, bool], list[DeadLetter]] = {}
    for plan in plans:
        found.setdefault((plan.topic, plan.topic == plan.letter.source), []).append(plan.letter)
    return found


def _event(letter: StoredRecord, topic: str) -> StoredRecord:
    """A letter's event as it was published, timestamp included, but for the count of its replays."""
    return StoredRecord(
        topic=topic,
        partition=letter.partition,
        offset=letter.offset,
        key=letter.key,
        value=letter.value,
        headers=replayed_headers(letter.headers),
        timestamp_ms=source_timestamp_ms(letter),
    )


def _mark(repeater: Replayer, topic: str, letter: DeadLetter, offsets: tuple[int, ...], handled: Handled) -> None:
    mark = HandledMark(partition=letter.partition, offsets=offsets, handled=handled)
    repeater.mark(topic, mark.partition, key=letter.key, headers=mark.headers)


def _place(letter: DeadLetter) -> tuple[int, int]:
    return letter.partition, letter.offset
