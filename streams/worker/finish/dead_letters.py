"""Events that can never be indexed: byte-identical, with Kafka Connect's headers that say why."""

import logging
import traceback
from typing import TYPE_CHECKING

from pinstream.events import Headers
from streams.errors import MessageTooLarge
from streams.worker.record import ConsumedRecord

if TYPE_CHECKING:
    # Imports the models' code: seconds, which the commands that only read dead letters need not take.
    from streams.worker.protocols import RecordProducer

log = logging.getLogger(__name__)

PREFIX = "__connect.errors."
MAX_MESSAGE_CHARS = 1_000
MAX_STACKTRACE_CHARS = 20_000
LEFT_OUT = PREFIX + "value.omitted"
"""On a dead letter without its value, which was too large: the size of the value, which stays in the source topic."""
_MAX_KEY_BYTES = 1_024
_FIRST = "topic"
"""The first header that a worker adds: what stands before the last one of this name is the event's own."""


class DeadLetterWriter:
    def __init__(self, producer: "RecordProducer", topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def write(self, record: ConsumedRecord, *, stage: str, error: BaseException, unexpected: bool) -> None:
        """Return once Kafka has acknowledged it; waits for as long as that takes.

        An event that its publisher's compressor made small enough may be too large for the topic as this worker
        compresses it. Then the dead letter is written without value and event headers, so that the partition goes on.
        """
        errors = error_headers(record, stage=stage, error=error, unexpected=unexpected)
        try:
            await self._producer.deliver(
                self._topic, key=record.key, value=record.value, headers=[*record.headers, *errors]
            )
        except MessageTooLarge as exc:
            log.warning("a dead letter is written without its event, which stays in its topic: %s", exc)
            key = None if record.key is None else record.key[:_MAX_KEY_BYTES]
            size = str(len(record.value or b"")).encode()
            await self._producer.deliver(self._topic, key=key, value=b"", headers=[*errors, (LEFT_OUT, size)])


def error_headers(record: ConsumedRecord, *, stage: str, error: BaseException, unexpected: bool) -> Headers:
    """Where the event came from and why it failed; ``.unexpected`` marks what may be this program's fault."""
    kind = type(error)
    values = {
        _FIRST: record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp_ms),
        "stage": stage,
        "exception.class.name": f"{kind.__module__}.{kind.__qualname__}",
        "exception.message": str(error)[:MAX_MESSAGE_CHARS],
        "exception.stacktrace": _stacktrace(error),
        "unexpected": str(unexpected).lower(),
    }
    return [(PREFIX + name, value.encode("utf-8", "replace")) for name, value in values.items()]


def original_headers(headers: Headers) -> Headers:
    """The headers that the event of a dead letter was published with, whatever their names."""
    return headers[: _begin_of_errors(headers)]


def worker_headers(headers: Headers) -> Headers:
    """The headers that the worker added to a dead letter, empty if the record is none.

    An event may have headers of the same names; only those behind all of its own are the worker's.
    """
    return headers[_begin_of_errors(headers) :]


def _begin_of_errors(headers: Headers) -> int:
    last = len(headers) - 1
    return next((at for at in range(last, -1, -1) if headers[at][0] == PREFIX + _FIRST), len(headers))


def _stacktrace(error: BaseException) -> str:
    """Its end: the innermost frames say most."""
    return "".join(traceback.format_exception(error))[-MAX_STACKTRACE_CHARS:]
