"""A message as confluent-kafka gives one whose header has a name that is not UTF-8."""

from confluent_kafka import Message


class BrokenMessage(Message):
    """Raises at the first question for its headers; the real one ends the process at the second."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self._error = error or SystemError("<method 'headers'> returned a result with an exception set")

    def headers(self) -> None:
        self.asked += 1
        assert self.asked == 1, "the real client would end the process here"
        raise self._error

    def topic(self) -> str:
        return "pins.events"

    def partition(self) -> int:
        return 2

    def offset(self) -> int:
        return 17

    def key(self) -> bytes:
        return b"a"

    def value(self) -> bytes:
        return b"{}"

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_700

    def error(self) -> None:
        return None
