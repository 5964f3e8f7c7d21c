"""Outcomes as they are written to ``pins.indexed``."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from pinstream.errors import EventInvalid
from pinstream.events import INDEXED_TOPIC, PinOutcome
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable, TopicMissing
from pinstream.kafka.live_reader import LiveReader
from pinstream.kafka.stored_record import StoredRecord
from pinstream.standing import EventPosition, accounts_for

OnOutcome = Callable[[PinOutcome], None]


class OutcomeReader:
    """Reads every partition of ``pins.indexed`` without joining a group; ``with`` closes it.

    Begins at the end as it is now, or with the oldest outcome. Raises KafkaUnreachable without a broker or topic.
    """

    def __init__(self, connection: Connection, *, from_start: bool = False) -> None:
        self.topic = connection.topic_prefix + INDEXED_TOPIC
        self.unreadable = 0
        """How many records did not decode: they are of a newer contract, or of another program."""
        if self.topic not in connection.topics():
            raise TopicMissing(self.topic, connection.address)
        self._reader = LiveReader(connection.client_settings(), name="pinstream-watch")
        try:
            ranges = self._reader.offset_ranges(self.topic)
        except KafkaUnreachable:
            self._reader.close()
            raise
        self._reader.assign({(self.topic, each.partition): each.begin if from_start else each.end for each in ranges})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def read(self, timeout_s: float) -> list[PinOutcome]:
        """The outcomes that came within ``timeout_s``, perhaps none; returns as soon as there are some."""
        return [outcome for record in self._reader.read(timeout_s) if (outcome := self._decode(record)) is not None]

    @property
    def trouble(self) -> str:
        """The client's last error, until a record comes again; it reconnects by itself."""
        return self._reader.trouble

    def _decode(self, record: StoredRecord) -> PinOutcome | None:
        if record.value is None:
            return None
        try:
            return PinOutcome.decode(record.value)
        except EventInvalid:
            self.unreadable += 1
            return None


def wait_for_outcomes(
    reader: OutcomeReader, events: Mapping[str, EventPosition], *, timeout_s: float, on_outcome: OnOutcome
) -> dict[str, PinOutcome]:
    """Wait until an outcome accounts for each event, or ``timeout_s`` is over; returns these outcomes by pin."""
    found: dict[str, PinOutcome] = {}
    deadline = time.monotonic() + timeout_s
    while len(found) < len(events) and (left_s := deadline - time.monotonic()) > 0:
        for outcome in reader.read(min(left_s, 0.5)):
            event = events.get(outcome.pin_id)
            if event is not None and outcome.pin_id not in found and accounts_for(outcome, event):
                found[outcome.pin_id] = outcome
                on_outcome(outcome)
    return found
