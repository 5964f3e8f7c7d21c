"""How many records are in memory at once, while a topic is picked from."""

import gc
from collections.abc import Iterable, Iterator

import pytest

from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader


def watch_picks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The records alive as each one is picked; fills while picks go on."""
    alive: list[int] = []
    pick = TopicReader.pick

    def counted(self: TopicReader, places: Iterable[tuple[int, int]]) -> Iterator[StoredRecord]:
        for record in pick(self, places):
            alive.append(sum(isinstance(each, StoredRecord) for each in gc.get_objects()))
            yield record

    monkeypatch.setattr(TopicReader, "pick", counted)
    return alive
