"""Events that can never be indexed: byte-identical, with Kafka Connect's headers that say why."""

import logging
import traceback
from collections.abc import Iterator

from pinstream.events import Headers
from streams.errors import MessageTooLarge
from streams.worker.finish.producer import WorkerProducer
from streams.worker.record import ConsumedRecord

log = logging.getLogger(__name__)

PREFIX = "__connect.errors."
MAX_MESSAGE_CHARS = 1_000
MAX_STACKTRACE_CHARS = 20_000
LEFT_OUT = PREFIX + "value.omitted"
"""On a letter that its topic would not take whole: how large the value is that lies in the source topic."""
_MAX_KEY_BYTES = 1_024


class DeadLetterWriter:
    """Writes dead letters to one topic."""

    def __init__(self, outbox: WorkerProducer, topic: str) -> None:
        self._outbox = outbox
        self._topic = topic

    async def bury(self, record: ConsumedRecord, *, stage: str, error: BaseException, unexpected: bool) -> None:
        """Returns once Kafka has acknowledged it; waits for as long as that takes.

        An event that another compressor made small enough for its topic may be too large for this one as this worker
        compresses it. Then the letter is written empty, without the event's own headers: poison must not block.
        """
        why = error_headers(record, stage=stage, error=error, unexpected=unexpected)
        try:
            await self._outbox.deliver(self._topic, key=record.key, value=record.value, headers=[*record.headers, *why])
        except MessageTooLarge as exc:
            log.warning("a dead letter is written without its event, which stays in its topic: %s", exc)
            key = None if record.key is None else record.key[:_MAX_KEY_BYTES]
            size = str(len(record.value or b"")).encode()
            await self._outbox.deliver(self._topic, key=key, value=b"", headers=[*why, (LEFT_OUT, size)])


def error_headers(record: ConsumedRecord, *, stage: str, error: BaseException, unexpected: bool) -> Headers:
    """Where the event came from and what is wrong with it; ``.unexpected`` marks what may be this program's fault."""
    kind = type(error)
    values = {
        "topic": record.topic,
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
    """The headers of a dead letter without those that `error_headers` added: what its event was published with."""
    return list(_without_errors(headers))


def _without_errors(headers: Headers) -> Iterator[tuple[str, bytes | None]]:
    return ((name, value) for name, value in headers if not name.startswith(PREFIX))


def _stacktrace(error: BaseException) -> str:
    """The end of it: the innermost frames say most."""
    return "".join(traceback.format_exception(error))[-MAX_STACKTRACE_CHARS:]
