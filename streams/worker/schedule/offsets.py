"""Which offset of a partition may be committed: pure bookkeeping, no Kafka."""

from collections import deque


class OffsetTracker:
    """The finished prefix of one partition's records.

    Records begin in the order of their offsets and finish in any order. Only an offset below which everything is
    finished is ever committed, so what was begun and not finished is read again after a restart.
    """

    def __init__(self) -> None:
        self._begun: deque[tuple[int, int]] = deque()
        """Offset and timestamp, from the oldest unfinished record on."""
        self._finished: set[int] = set()
        """Finished offsets that an older, unfinished one holds back."""
        self._newest_ms: int | None = None
        self._next: int | None = None
        self._committed: int | None = None

    @property
    def unfinished(self) -> int:
        """How many records were begun and have not finished."""
        return len(self._begun) - len(self._finished)

    @property
    def oldest_ms(self) -> int | None:
        """The timestamp of the oldest unfinished record; None where all are finished."""
        return self._begun[0][1] if self._begun else None

    @property
    def newest_ms(self) -> int | None:
        """The timestamp of the last record begun; None before the first."""
        return self._newest_ms

    def begin(self, offset: int, *, timestamp_ms: int = 0) -> None:
        """Note a consumed record. Offsets only grow (compaction leaves gaps); raises ValueError otherwise."""
        # Out of order would mean that records were skipped or are read twice: the prefix would say nothing then.
        last = self._begun[-1][0] if self._begun else (self._next or 0) - 1
        if offset <= last:
            raise ValueError(f"offset {offset} begins after {last}: records of a partition come in order")
        self._begun.append((offset, timestamp_ms))
        self._newest_ms = timestamp_ms

    def finish(self, offset: int) -> None:
        """Note that a record's rows or dead letter, and its outcome, are acknowledged. Safe to repeat."""
        if not self._begun or offset < self._begun[0][0]:
            return  # in the prefix already; added to the set, it would stay there for ever
        self._finished.add(offset)
        while self._begun and self._begun[0][0] in self._finished:
            done, _ = self._begun.popleft()
            self._finished.remove(done)
            self._next = done + 1

    def offset_to_commit(self) -> int | None:
        """The offset to commit now, or None where there is nothing new."""
        return self._next if self._next != self._committed else None

    def mark_committed(self, offset: int | None) -> None:
        """Note that Kafka holds ``offset`` for this partition or, given None, may not: then it is committed again."""
        self._committed = offset
