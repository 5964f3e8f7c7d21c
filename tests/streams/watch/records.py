"""Records and a table for the watch's tests."""

import json
from typing import Any

from pinstream.events import PinOutcome, Result
from pinstream.kafka.stored_record import StoredRecord
from streams.watch.join.ledger import Objectives, Retention
from streams.watch.join.pins import PinState
from streams.watch.join.watcher import Watcher
from streams.watch.metrics import WatchMetrics

HOUR_MS = 3_600_000
START_MS = 1_800_000_000_000
OBJECTIVES = Objectives(pin_ms=10_000, deletion_ms=5_000, backfill_ms=HOUR_MS)
KEEP = Retention(accounted_ms=HOUR_MS, accounted_pins=1_000, waiting_ms=24 * HOUR_MS)
TOPICS = ("pins.events", "pins.events.backfill", "pins.indexed")


class Bench:
    """A watcher with a table, a clock that is set by hand, and offsets that count up, as one Kafka partition would."""

    def __init__(self, *, keep: Retention = KEEP) -> None:
        self.now_ms = START_MS
        self.table: dict[str, bytes] = {}
        self.keep = keep
        self.counted_to_ms = 0
        self.offsets = dict.fromkeys(TOPICS, 0)
        self.published: dict[tuple[str, int], int] = {}
        self.watcher = self.new_watcher()

    def new_watcher(self) -> Watcher:
        watcher = Watcher(
            OBJECTIVES, self.keep, WatchMetrics(TOPICS), counted_to_ms=self.counted_to_ms, now_ms=lambda: self.now_ms
        )
        watcher.rebuild([0], self.stored())
        return watcher

    def restart(self) -> None:
        """A new process: only the table is left, and up to when was counted."""
        self.watcher = self.new_watcher()

    def stored(self) -> list[tuple[str, PinState]]:
        states = ((pin, PinState.decode(value)) for pin, value in self.table.items())
        return [(pin, state) for pin, state in states if state is not None]

    def publish(self, pin: str, version: int = 1, *, lane: str = "pins.events", age_ms: int = 0, **more: Any) -> int:
        value = {
            "pin_id": pin, "version": version, "image": {"url": "https://example.org/a.jpg"},
            "domain": "web", "created_at": "2026-11-23T20:00:00Z", **more,
        }  # fmt: skip
        self.published[pin, version] = self.put(lane, pin.encode(), json.dumps(value).encode(), age_ms=age_ms)
        return self.published[pin, version]

    def delete(self, pin: str, version: int) -> int:
        return self.put("pins.events", pin.encode(), None, headers=[("version", str(version).encode())])

    def report(self, pin: str, version: int = 1, outcome: Result = "indexed", **changes: Any) -> None:
        """By default of the event of that version."""
        changes.setdefault("offset", self.published.get((pin, version), 0))
        self.put("pins.indexed", pin.encode(), outcome_of(pin, version, outcome, self.now_ms, **changes).encode())

    def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Any = (),
        age_ms: int = 0,
    ) -> int:
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        record = StoredRecord(
            topic=topic, partition=0, offset=offset, key=key, value=value, headers=headers,
            timestamp_ms=self.now_ms - age_ms,
        )  # fmt: skip
        pin = self.watcher.pin_of(record)
        if pin is not None:
            join = self.watcher.add_outcome if topic == "pins.indexed" else self.watcher.add_event
            changed = join(record, pin, self.known(pin))
            if changed is not None:
                self.table[pin] = changed.encode()
        for expired in self.watcher.expired(0):
            state = self.known(expired)
            if state is not None:
                self.watcher.forget(0, expired, state)
                del self.table[expired]
        return offset

    def known(self, pin: str) -> PinState | None:
        value = self.table.get(pin)
        return None if value is None else PinState.decode(value)

    def standing(self, pin: str) -> str | None:
        state = self.known(pin)
        return None if state is None else state.standing

    def wait(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)
        if self.watcher.mark_overdue(self.now_ms):
            self.counted_to_ms = self.watcher.counted_to_ms

    def overdue(self) -> list[str]:
        return sorted(pin.pin_id for each in self.watcher.partitions.values() for pin in each.ledger.overdue())

    def coverage(self) -> tuple[int, int]:
        ledger = self.watcher.partitions[0].ledger
        found = ledger.coverage(900, now_ms=self.now_ms)
        return found.searchable, found.due

    def met(self, objective: str, met: str) -> float:
        return self.watcher.metrics.value("pinstream_watch_objective_total", {"objective": objective, "met": met})


def outcome_of(pin: str, version: int | None, outcome: Result, now_ms: int, **changes: Any) -> PinOutcome:
    fields: dict[str, Any] = {
        "embedding_version": 1, "topic": "pins.events", "partition": 0, "offset": 0,
        "published_at_ms": now_ms - 60, "finished_at_ms": now_ms, "stages_ms": {"queue": 3.0, "embed": 20.0},
    }  # fmt: skip
    return PinOutcome(pin_id=pin, version=version, outcome=outcome, **(fields | changes))
