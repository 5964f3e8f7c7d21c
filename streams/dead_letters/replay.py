"""Dead letters' events published again, except where that would change nothing or would hide a newer event.

A lane is compacted: only the last record of a key stays. An event that is published again must therefore be the
newest of its pin there, and whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Final, Literal

from pinstream.cli.screen import AdvanceBar, StartBar
from pinstream.errors import EventInvalid
from pinstream.events import INDEXED_TOPIC, PinOutcome
from pinstream.kafka.compacted_replay import CompactedReplay, rank_of
from pinstream.kafka.connection import Connection
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS
from pinstream.standing import outcome_rank
from streams.dead_letters.dead_letter import DeadLetter, Handled, event_timestamp_ms, replay_headers
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore
from streams.dead_letters.topic import DeadLetterTopic

_CHUNK: Final = 1_000

Decision = Literal["replay", "obsolete", "no_event", "newer_event", "unknown_lane"]
"""Publish the event again; or leave it alone: its pin was indexed or deleted since; the dead letter does not hold it;
the lane holds a newer event of the pin; the topic that it came from is no lane here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """What a replay does with one dead letter."""

    dead_letter: DeadLetter
    decision: Decision
    topic: str
    """The lane that its event goes to."""
    handled_offsets: tuple[int, ...]
    """The dead letters that this handles: with ``--all`` this one, else the older ones of the pin too."""


class DeadLetterReplay:
    """Plans and runs replays of the dead letters of a store; every call blocks and raises KafkaUnreachable."""

    def __init__(self, connection: Connection, topic: DeadLetterTopic, store: DeadLetterStore) -> None:
        self._connection = connection
        self._topic = topic
        self._store = store
        self._read_up_to: dict[str, dict[int, int]] = {}
        self.lanes = tuple(connection.topic_prefix + lane for lane in LANE_TOPICS.values())

    def read_newer_versions(self, *, start_bar: StartBar) -> None:
        """Read which pins were indexed or deleted since, and which have a newer event on a dead letter's lane."""
        with TopicReader(self._connection, self._connection.topic_prefix + INDEXED_TOPIC) as reader:
            outcomes = reader.read_with_progress(reader.offset_ranges(), start_bar)
            self._store.add_indexed(self._indexed_ranks(outcomes))
        for lane in self.lanes:
            first = self._store.first_event_offsets(lane)
            if first:
                with TopicReader(self._connection, lane) as reader:
                    ranges = reader.offset_ranges()
                    self._read_up_to[lane] = {each.partition: each.end for each in ranges}
                    behind = [
                        OffsetRange(each.partition, max(each.begin, first[each.partition] + 1), each.end)
                        for each in ranges
                        if each.partition in first
                    ]
                    events = reader.read_with_progress(behind, start_bar)
                    self._store.add_published(lane, self._published_versions(events))

    def plan(self, wanted: DeadLetterFilter, *, every: bool, lane: str | None) -> Iterator[ReplayPlan]:
        """A plan for ``every`` dead letter, or for the newest of each pin; ``lane`` replaces the one it came from."""
        for each in self._store.select(wanted) if every else self._store.newest_of_each_pin(wanted):
            topic = lane or each.source
            yield ReplayPlan(
                dead_letter=each,
                decision=self._decide(each, topic),
                topic=topic,
                handled_offsets=(each.offset,) if every else self._store.open_up_to(each),
            )

    def run(self, plans: Iterator[ReplayPlan], *, advance: AdvanceBar) -> int:
        """Publish events and mark their dead letters; how many expired meanwhile or were overtaken by a newer event.

        Marks follow once the events are acknowledged. If this is interrupted in between, a second replay publishes the
        event again, and its outcome is ``unchanged``.
        """
        not_replayed = 0
        with (
            TopicReader(self._connection, self._topic.name) as reader,
            Replayer(self._connection) as producer,
            ExitStack() as lanes,
        ):

            @cache
            def lane_writer(lane: str, *, read_before: bool) -> CompactedReplay:
                # What is known of a lane holds for the pins whose dead letters came from it. For all others the lane
                # is read from its beginning.
                begins = self._read_up_to.get(lane, {}) if read_before else {}
                return lanes.enter_context(CompactedReplay(self._connection, lane, begins, producer))

            while chunk := list(islice(plans, _CHUNK)):
                to_replay = {plan.dead_letter.position: plan for plan in chunk if plan.decision == "replay"}
                replayed: list[ReplayPlan] = []
                for (lane, is_source), dead_letters in _by_lane(to_replay.values()).items():
                    records = reader.read_at(each.position for each in dead_letters)
                    published = lane_writer(lane, read_before=is_source).publish(_event(each, lane) for each in records)
                    replayed += [to_replay[position] for position in published]
                for plan in (*replayed, *(each for each in chunk if each.decision == "obsolete")):
                    handled: Handled = "obsolete" if plan.decision == "obsolete" else "replayed"
                    self._topic.mark(producer, plan.dead_letter, plan.handled_offsets, handled)
                producer.flush()
                not_replayed += len(to_replay) - len(replayed)
                advance(len(chunk))
        return not_replayed

    def _decide(self, dead_letter: DeadLetter, topic: str) -> Decision:
        if self._store.is_obsolete(dead_letter):
            return "obsolete"
        if dead_letter.left_out_bytes or dead_letter.headers_unreadable:
            return "no_event"
        if self._store.has_newer_event(dead_letter, topic):
            return "newer_event"
        return "replay" if topic in self.lanes else "unknown_lane"

    def _published_versions(self, records: Iterator[StoredRecord]) -> Iterator[tuple[bytes, int]]:
        for record in records:
            if record.key is not None and self._store.has_key(record.key):
                rank = rank_of(record)
                if rank is not None:
                    yield record.key, rank[0]

    def _indexed_ranks(self, records: Iterator[StoredRecord]) -> Iterator[tuple[bytes, tuple[int, bool]]]:
        for record in records:
            if record.key is None or record.value is None or not self._store.has_key(record.key):
                continue
            try:
                outcome = PinOutcome.decode(record.value)
            except EventInvalid:
                continue
            if outcome.outcome != "dead" and outcome.version is not None:
                yield record.key, outcome_rank(outcome)


def _by_lane(plans: Iterable[ReplayPlan]) -> Mapping[tuple[str, bool], Sequence[DeadLetter]]:
    """Their dead letters, by the lane they go to and whether they came from it."""
    found: dict[tuple[str, bool], list[DeadLetter]] = {}
    for plan in plans:
        found.setdefault((plan.topic, plan.topic == plan.dead_letter.source), []).append(plan.dead_letter)
    return found


def _event(record: StoredRecord, lane: str) -> StoredRecord:
    """A dead letter's event as it was published, timestamp included; only the number of replays is added."""
    return replace(record, topic=lane, headers=replay_headers(record.headers), timestamp_ms=event_timestamp_ms(record))
