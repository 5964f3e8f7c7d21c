"""The topic of dead letters: reading all of them into a store, and marking those that are handled."""

from collections.abc import Iterable, Iterator

from pinstream.cli.screen import AdvanceBar, StartBar
from pinstream.events import DEAD_TOPIC
from pinstream.kafka.connection import Connection
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from streams.dead_letters.dead_letter import DeadLetter, Handled, HandledMark, read_dead_letter
from streams.dead_letters.store import DeadLetterStore


class DeadLetterTopic:
    """``pins.dead`` of one topic prefix; every call blocks and raises KafkaUnreachable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.name = connection.topic_prefix + DEAD_TOPIC

    def read_into(self, store: DeadLetterStore, *, since_ms: int | None, start_bar: StartBar) -> None:
        """Add all dead letters and marks since ``since_ms``, up to the end that the topic has now."""
        with TopicReader(self._connection, self.name) as reader:
            for record in reader.read_with_progress(reader.offset_ranges(since_ms=since_ms), start_bar):
                found = read_dead_letter(record)
                if found is not None:
                    store.add(found)

    def read_records(self, dead_letters: Iterable[DeadLetter]) -> Iterator[StoredRecord]:
        """Their records with headers and value, in the order of the topic; those that expired are missing."""
        with TopicReader(self._connection, self.name) as reader:
            yield from reader.read_at(each.position for each in dead_letters)

    def mark(self, producer: Replayer, dead_letter: DeadLetter, offsets: tuple[int, ...], handled: Handled) -> None:
        """Mark the dead letters at ``offsets``, which are of the same pin."""
        mark = HandledMark(partition=dead_letter.partition, offsets=offsets, handled=handled)
        producer.publish_mark(self.name, mark.partition, key=dead_letter.key, headers=mark.headers)

    def drop(self, dead_letters: Iterable[DeadLetter], *, advance: AdvanceBar) -> None:
        """Mark them as dropped: no list shows them, and the topic keeps them until they expire."""
        with Replayer(self._connection) as producer:
            for each in dead_letters:
                self.mark(producer, each, (each.offset,), "dropped")
                advance(1)
