"""Everything a caller of this package may have to handle.

::

    PinstreamError
    ├── EventInvalid          invalid: the message is not a PinEvent v1; says the JSON path that is wrong
    ├── NotDelivered          retryable: Kafka did not acknowledge an event before its deadline
    ├── QueryInvalid          invalid: an argument of a search is out of range; says which are allowed
    ├── PinUnknown            the index has no such pin (or not yet)
    │   ├── IndexEmpty        it has no pins at all
    │   ├── PinDeleted        it had, and the pin was deleted
    │   ├── PinNotIndexedYet  it was published a moment ago: ask again
    │   ├── PinDead           it never will have it: its event or its picture is no good
    │   └── ObjectUnknown     the pin is there, the object slot is not
    ├── PictureGone           invalid: the pin's picture cannot be had, or is none
    ├── ServiceError          (never raised itself)
    │   ├── ServiceUnavailable  retryable: the read service is away, full or past a deadline
    │   └── ServiceRefused    invalid: no key or a wrong one, or an answer of another contract
    └── VectorIndexError      (never raised itself)
        ├── IndexUnavailable  retryable: Milvus is away, busy or past the deadline
        ├── IndexRefused      invalid: Milvus will never take this request
        └── IndexMismatch     fatal: no such collection, or one of another shape or embedding version
"""


class PinstreamError(Exception):
    """The root of everything raised here."""


class EventInvalid(PinstreamError):
    """The message is not a valid event; publishing or reading it again changes nothing.

    ``path`` is the JSON path of the offending field, such as ``$.image.url``.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotDelivered(PinstreamError):
    """Kafka did not acknowledge the event in time; it may still have been stored, so publish it again."""


class QueryInvalid(PinstreamError):
    """An argument of a search is out of range; the message holds the value and what is allowed."""


class PinUnknown(PinstreamError):
    """The index has no such pin: never published, not indexed yet, or dead."""


class IndexEmpty(PinUnknown):
    """The index has no pins at all: nothing was indexed yet, or it is another index than was meant."""


class PinDeleted(PinUnknown):
    """The pin was there and has been deleted."""


class PinNotIndexedYet(PinUnknown):
    """The pin was published, and its outcome is awaited; only the read service tells this from PinUnknown."""


class PinDead(PinUnknown):
    """The pin was published and cannot be indexed; only the read service tells this from PinUnknown."""


class ObjectUnknown(PinUnknown):
    """The pin is in the index, but it has no object in that slot."""


class PictureGone(PinstreamError):
    """The pin is there, its picture is not: its address does not give one any more."""


class ServiceError(PinstreamError):
    """The root of what can go wrong between this program and the read service."""


class ServiceUnavailable(ServiceError):
    """The read service did not answer, or had no room; ``retry_after_s`` says when it expects to, if it did."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServiceRefused(ServiceError):
    """The read service will never answer this: a key is missing or wrong, or it speaks another contract."""


class VectorIndexError(PinstreamError):
    """The root of what can go wrong between this program and Milvus."""


class IndexUnavailable(VectorIndexError):
    """Milvus did not answer; a write may or may not have happened: repeat it, it is idempotent."""


class IndexRefused(VectorIndexError):
    """Milvus refuses this request and always will."""


class IndexMismatch(VectorIndexError):
    """The collection is missing, of another shape, or of another embedding version."""
