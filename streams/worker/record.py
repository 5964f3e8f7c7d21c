"""One Kafka record as the worker holds it, and the lease under which it may be worked on."""

from dataclasses import dataclass, field
from typing import Final

from pinstream.events import Headers
from pinstream.lanes import Lane

_OVERHEAD_BYTES: Final = 512
"""What a record costs beside its own bytes, roughly: an empty one must not be free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedRecord:
    """A record as Kafka gave it, every byte of it: a dead letter must be able to repeat it."""

    lane: Lane
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0
    """The record's timestamp: a pin's freshness counts from here."""

    @property
    def size_bytes(self) -> int:
        """What it costs of the worker's byte credits."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return _OVERHEAD_BYTES + len(self.key or b"") + len(self.value or b"") + headers


@dataclass(slots=True, eq=False)
class Lease:
    """The right to write for one partition, from assignment to revocation; ``held`` turns false once, for good."""

    partition: int
    since_s: float
    """When it began, on the monotonic clock."""
    held: bool = field(default=True)
