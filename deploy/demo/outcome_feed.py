"""The outcomes as they appear on ``pins.indexed``, read in a thread of its own."""

import threading
from collections.abc import Callable

from pinstream.cli.watch.outcome_reader import OutcomeReader
from pinstream.events import PinOutcome
from pinstream.kafka.connection import Connection

_POLL_S = 0.2


class OutcomeFeed:
    """Calls ``record`` with every outcome, from the topic's beginning, until it is closed.

    Raises KafkaUnreachable without a broker or topic.
    """

    def __init__(self, bootstrap: str, record: Callable[[PinOutcome], None]) -> None:
        self._record = record
        self._closed = threading.Event()
        self._reader = OutcomeReader(Connection(bootstrap, {}), from_start=True)
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop reading; blocks until it has."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _read(self) -> None:
        with self._reader as reader:
            while not self._closed.is_set():
                for outcome in reader.read(_POLL_S):
                    self._record(outcome)
