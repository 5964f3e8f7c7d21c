"""How many records are in memory at once while single records of a topic are read."""

import gc
from collections.abc import Iterable, Iterator

import pytest

from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader


def count_records_in_memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records were alive as each one was read; grows while records are read."""
    alive: list[int] = []
    read_at = TopicReader.read_at

    def counted(self: TopicReader, positions: Iterable[tuple[int, int]]) -> Iterator[StoredRecord]:
        for record in read_at(self, positions):
            alive.append(sum(isinstance(each, StoredRecord) for each in gc.get_objects()))
            yield record

    monkeypatch.setattr(TopicReader, "read_at", counted)
    return alive
