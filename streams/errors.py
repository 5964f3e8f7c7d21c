"""What can stop the worker, or end its work on one pin.

::

    StreamError
    ├── Abandoned         the pin's partition is another worker's now: drop it without a word
    ├── MessageTooLarge   Kafka will not take this message, however often it is asked: say it shorter
    └── WorkerStopped     fatal: nothing more is committed, and the process ends with ``exit_code``
        ├── StartRefused      topics, collection or models are not what this worker needs
        ├── BreakerTripped    too many dead letters: the code is broken, not the stream
        └── KafkaFailed       Kafka's client says that it cannot go on

The pictures' own errors are in `fetch.fetcher`, the models' in `inference.errors`, the index's in `pinstream.errors`.
"""

from typing import ClassVar


class StreamError(Exception):
    """The root of this room's errors."""


class Abandoned(StreamError):
    """The partition was taken away: whoever has it now does this pin again."""


class MessageTooLarge(StreamError):
    """The topic's size limit refuses a message as this client compresses it."""


class WorkerStopped(StreamError):
    """The worker must end, uncommitted; a supervisor may start it again."""

    exit_code: ClassVar[int] = 1


class StartRefused(WorkerStopped):
    """Something this worker needs is missing or different; says what to run."""

    exit_code = 3


class BreakerTripped(WorkerStopped):
    """So many pins died that the worker itself is suspected."""

    exit_code = 4


class KafkaFailed(WorkerStopped):
    """Kafka's client reported an error that it will not recover from."""

    exit_code = 5
