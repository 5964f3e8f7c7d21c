"""What the consumers hand to the scheduler: records as Kafka gave them, ends of partitions; and leases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pinstream.events import Headers
from pinstream.lanes import Lane

Offsets = Mapping[int, int]
"""Partition to the offset to commit: that of the next record to read."""

_OVERHEAD_BYTES: Final = 512
"""Roughly what a record costs besides its own bytes: an empty one must not be free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedRecord:
    """A record byte for byte as Kafka gave it, so that a dead letter can repeat it."""

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
        """Its cost in byte credits."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return _OVERHEAD_BYTES + len(self.key or b"") + len(self.value or b"") + headers


@dataclass(frozen=True, slots=True)
class ReachedEnd:
    """Nothing more to read for now in a lane's partition; ``offset`` is that of the next record there."""

    lane: Lane
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class OffsetsWentBack:
    """A lane's partition continues at ``offset``, below the ``expected`` one: another log, or a shorter one.

    Its topic was made again, or its leader had not all records (unclean election, a restored broker). What follows has
    not been read yet, whatever was read at these offsets before.
    """

    lane: Lane
    partition: int
    expected: int
    offset: int


@dataclass(frozen=True, slots=True)
class RecordsLost:
    """Kafka removed ``count`` offsets of a lane's partition, from ``start`` on, before a worker read them."""

    lane: Lane
    partition: int
    start: int
    count: int


Consumed = ConsumedRecord | ReachedEnd | OffsetsWentBack | RecordsLost


@dataclass(slots=True, eq=False)
class Lease:
    """The right to write for one partition, from its assignment to its revocation.

    ``held`` turns false once, for good: a partition that comes back comes with a new lease. So whatever belongs to
    the old one (a task in flight, a remembered version) is distinguished from the new one's by identity.
    """

    partition: int
    since_s: float
    """When it began, on the monotonic clock."""
    held: bool = field(default=True)
