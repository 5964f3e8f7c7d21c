"""Which offset of a partition may be committed: pure bookkeeping, no Kafka."""

from collections import deque


class OffsetTracker:
    """The finished prefix of one partition's records.

    Records are added in the order of their offsets and finish in any order. Only an offset below which everything is
    finished is ever committed, so a record that is not finished is read again after a restart.
    """

    def __init__(self) -> None:
        self._added: deque[tuple[int, int]] = deque()
        """Offset and timestamp of each record, from the oldest unfinished one on."""
        self._finished: set[int] = set()
        """Finished offsets that cannot be committed yet, because an older record is not finished."""
        self._newest_ms: int | None = None
        self._next: int | None = None
        self._committed: int | None = None

    @property
    def unfinished(self) -> int:
        """How many records were added and are not finished."""
        return len(self._added) - len(self._finished)

    @property
    def oldest_ms(self) -> int | None:
        """The timestamp of the oldest unfinished record; None where all are finished."""
        return self._added[0][1] if self._added else None

    @property
    def newest_ms(self) -> int | None:
        """The timestamp of the last record added; None before the first."""
        return self._newest_ms

    def add(self, offset: int, *, timestamp_ms: int = 0) -> None:
        """Note a consumed record, whether or not its task has begun.

        Offsets only grow (compaction leaves gaps); raises ValueError otherwise.
        """
        # Out of order would mean that records were skipped or are read twice: the prefix would say nothing then.
        last = self._added[-1][0] if self._added else (self._next or 0) - 1
        if offset <= last:
            raise ValueError(f"offset {offset} is added after {last}: records of a partition come in order")
        self._added.append((offset, timestamp_ms))
        self._newest_ms = timestamp_ms

    def begin_at(self, offset: int) -> None:
        """Nothing below ``offset`` is to be read, and nothing from it on was: commit that, even if it is a step back.

        Only for a tracker without records.
        """
        if self._added:
            raise ValueError(f"{len(self._added)} records were added before a beginning at offset {offset}")
        self._next = offset

    def finish(self, offset: int) -> None:
        """Note that a record's rows or dead letter, and its outcome, are acknowledged. Safe to repeat."""
        if not self._added or offset < self._added[0][0]:
            return  # in the prefix already; added to the set, it would stay there for ever
        self._finished.add(offset)
        while self._added and self._added[0][0] in self._finished:
            done, _ = self._added.popleft()
            self._finished.remove(done)
            self._next = done + 1

    @property
    def is_new(self) -> bool:
        """Whether it knows no offset yet."""
        return not self._added and self._next is None

    def offset_to_commit(self) -> int | None:
        """The offset to commit now, or None where there is nothing new."""
        return self._next if self._next != self._committed else None

    def mark_committed(self, offset: int | None) -> None:
        """Note that Kafka holds ``offset`` for this partition or, given None, may not: then it is committed again."""
        self._committed = offset
