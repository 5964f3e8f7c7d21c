"""Whether a partition's offsets follow each other: pure bookkeeping, no Kafka."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OffsetGap:
    """Offsets from ``start`` up to, not including, ``end`` that were not read."""

    partition: int
    start: int
    end: int

    def removed_below(self, low_watermark: int) -> int:
        """How many of them Kafka removed at the log's beginning.

        Compaction and transaction markers leave gaps too, but above the low watermark; those are no loss.
        """
        return max(min(low_watermark, self.end) - self.start, 0)


class OffsetCheck:
    """Compares each offset read with the one that was expected next, for every partition of a lane."""

    def __init__(self) -> None:
        self._expected: dict[int, int] = {}

    def expect(self, partition: int, offset: int) -> None:
        """The next offset to be read there; until it is called for a partition, nothing is expected there."""
        self._expected[partition] = offset

    def forget(self, partition: int) -> None:
        self._expected.pop(partition, None)

    def went_back(self, partition: int, offset: int) -> int | None:
        """The offset that was expected, where ``offset`` is below it."""
        expected = self._expected.get(partition)
        return expected if expected is not None and offset < expected else None

    def gap_before(self, partition: int, offset: int) -> OffsetGap | None:
        """What lies between the offset that was expected and ``offset``."""
        expected = self._expected.get(partition)
        return OffsetGap(partition, expected, offset) if expected is not None and offset > expected else None
