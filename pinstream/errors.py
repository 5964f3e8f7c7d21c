"""Every error that this package raises, by what the caller must do.

::

    PinstreamError
    ├── EventInvalid          invalid: the message is not a PinEvent v1; says the JSON path that is wrong
    ├── NotDelivered          retryable: Kafka did not acknowledge an event before its deadline
    ├── QueryInvalid          invalid: an argument of a search is out of range; says which are allowed
    ├── PinUnknown            invalid: the index has no such pin
    │   ├── IndexEmpty        it has no pins at all
    │   ├── PinDeleted        the pin was deleted
    │   ├── PinNotIndexedYet  retryable: the pin was published and has no outcome yet
    │   ├── PinDead           the pin can never be indexed: its event or its picture is invalid
    │   └── ObjectUnknown     the pin is in the index, but not an object in that slot
    ├── PictureGone           invalid: the pin's picture cannot be fetched or decoded any more
    ├── ServiceError          (never raised itself)
    │   ├── ServiceUnavailable  retryable: the read service does not answer, is full or too slow
    │   └── ServiceRefused    invalid: the key is missing or wrong, or the answer is not of this contract
    └── VectorIndexError      (never raised itself)
        ├── IndexUnavailable  retryable: Milvus does not answer, is busy or too slow
        ├── IndexRefused      invalid: Milvus will never accept this request
        └── IndexMismatch     fatal: there is no such collection, or it has another shape
"""


class PinstreamError(Exception):
    """The root of all errors of this package."""


class EventInvalid(PinstreamError):
    """The message is not a valid event; publishing or reading it again changes nothing.

    ``path`` is the JSON path of the offending field, such as ``$.image.url``.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotDelivered(PinstreamError):
    """Kafka did not acknowledge the event in time. It may have been stored all the same; publish it again."""


class QueryInvalid(PinstreamError):
    """An argument of a search is out of range; the message says the value and what is allowed."""


class PinUnknown(PinstreamError):
    """The index has no such pin: never published, not indexed yet, or dead."""


class IndexEmpty(PinUnknown):
    """The index has no pins at all: nothing was indexed yet, or the address is wrong."""


class PinDeleted(PinUnknown):
    """The pin was deleted."""


class PinNotIndexedYet(PinUnknown):
    """The pin was published and has no outcome yet. Only the read service knows; VisualIndex raises PinUnknown."""


class PinDead(PinUnknown):
    """The pin was published and can never be indexed. Only the read service knows; VisualIndex raises PinUnknown."""


class ObjectUnknown(PinUnknown):
    """The pin is in the index, but it has no object in that slot."""


class PictureGone(PinstreamError):
    """The pin is in the index, but its picture cannot be fetched or decoded any more."""


class ServiceError(PinstreamError):
    """The root of the errors of a read service's clients; never raised itself."""


class ServiceUnavailable(ServiceError):
    """The read service does not answer, or is full; ``retry_after_s`` is when to try again, if it said so."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServiceRefused(ServiceError):
    """The key is missing or wrong, or the answer is not of this contract; a repetition changes nothing."""


class VectorIndexError(PinstreamError):
    """The root of the errors of a vector index; never raised itself."""


class IndexUnavailable(VectorIndexError):
    """Milvus did not answer. A write may have happened; repeat it, it is idempotent."""


class IndexRefused(VectorIndexError):
    """Milvus will never accept this request."""


class IndexMismatch(VectorIndexError):
    """The collection is missing, of another shape, or of another embedding version."""
