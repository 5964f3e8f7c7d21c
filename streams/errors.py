"""What can stop the worker, or end its work on one pin.

::

    StreamError
    ├── Abandoned         the pin's partition is another worker's now: drop the task, publish nothing
    ├── MessageTooLarge   Kafka will never take this record: write a smaller one
    └── WorkerStopped     fatal: nothing more is committed, and the process ends with ``exit_code``
        ├── StartRefused      topics, collection or models are not what this worker needs
        ├── BreakerTripped    too many dead letters: the code is broken, not the stream
        └── KafkaFailed       Kafka's client says that it cannot go on

Errors of fetching are in `fetch.errors`, the models' in `inference.errors`, the index's in `pinstream.errors`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from pinstream.kafka.errors import KafkaSettingInvalid


class StreamError(Exception):
    """The root of this room's errors."""


class Abandoned(StreamError):
    """The partition was revoked or lost: its next owner reads this event again."""


class MessageTooLarge(StreamError):
    """The topic's size limit refuses a record as this client compresses it."""


class WorkerStopped(StreamError):
    """The worker must stop, and commits nothing more; a supervisor may start it again."""

    exit_code: ClassVar[int] = 1


class StartRefused(WorkerStopped):
    """Something that the process needs is missing or different; the message says what to run."""

    exit_code = 3


class BreakerTripped(WorkerStopped):
    """Too many events became dead letters: the worker itself is suspected."""

    exit_code = 4


class KafkaFailed(WorkerStopped):
    """Kafka's client reported an error that it will not recover from."""

    exit_code = 5


@contextmanager
def name_kafka_setting(variable: str) -> Iterator[None]:
    """Name the environment variable that held the key in a KafkaSettingInvalid."""
    try:
        yield
    except KafkaSettingInvalid as exc:
        raise KafkaSettingInvalid(f"{variable}: {exc}") from exc
