"""How many records, and how many bytes of them, the worker may hold at once."""

import threading

from pinstream.lanes import Lane


class Credits:
    """Bounds what is held between Kafka and the commit; safe from any thread.

    A record may be taken while at least one record and one byte are free, so the bytes held pass the limit by
    one record at most. The backfill lane leaves ``reserved`` records, and as much of the bytes, to the live lane.
    """

    def __init__(self, *, max_records: int, max_bytes: int, reserved: int = 0) -> None:
        if not 0 <= reserved < max_records:
            raise ValueError(f"reserved must be from 0 to {max_records - 1}, not {reserved}")
        self.max_records = max_records
        self.max_bytes = max_bytes
        self._records: dict[Lane, int] = {"live": 0, "backfill": 0}
        self._bytes: dict[Lane, int] = {"live": 0, "backfill": 0}
        self._backfill_records = max_records - reserved
        self._backfill_bytes = max_bytes * self._backfill_records // max_records
        self._freed = threading.Condition()

    @property
    def held_records(self) -> int:
        """Records taken and not given back."""
        return sum(self._records.values())

    @property
    def held_bytes(self) -> int:
        """Bytes taken and not given back."""
        return sum(self._bytes.values())

    def available(self, lane: Lane) -> bool:
        """Whether this lane may take a record now."""
        # Without the lock: each lane has one thread that takes, so at most the other lane takes one more meanwhile.
        if self.held_records >= self.max_records or self.held_bytes >= self.max_bytes:
            return False
        return lane == "live" or (
            self._records[lane] < self._backfill_records and self._bytes[lane] < self._backfill_bytes
        )

    def wait(self, lane: Lane, timeout_s: float) -> bool:
        """Block until this lane may take a record, at most ``timeout_s``; whether it may."""
        with self._freed:
            return self._freed.wait_for(lambda: self.available(lane), timeout_s)

    def take(self, lane: Lane, size_bytes: int) -> None:
        """Count one record as held; only `available` says whether it should have been taken."""
        with self._freed:
            self._records[lane] += 1
            self._bytes[lane] += size_bytes

    def give_back(self, lane: Lane, size_bytes: int) -> None:
        """One record is done with."""
        with self._freed:
            self._records[lane] -= 1
            self._bytes[lane] -= size_bytes
            self._freed.notify_all()
