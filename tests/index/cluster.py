"""Topics on librdkafka's mock cluster and an index in memory: what audits and sweeps are tested on."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Producer

from index.audit.audit import Audit, AuditReport, InProgressRule
from index.audit.compare import PinComparison
from index.audit.index_rows import IndexRows
from index.audit.index_scan import IndexScan
from index.audit.ledger import AuditLedger
from index.audit.repair import Repair
from index.audit.sample import Sample
from index.audit.topic_scan import TopicScan
from pinstream.errors import IndexUnavailable
from pinstream.kafka.connection import Connection
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore
from tests.pinstream.cli.commands import outcome

CODE = bytes([7]) * 32
HEADERS = [("traceparent", b"00-x"), ("traceparent", b"twice")]
QUIET: Callable[[str, int], Callable[[int], None]] = lambda what, total: lambda step: None  # noqa: E731


class FaultyStore(MemoryStore):
    """An index that can hold a key twice, and stop answering after some pages."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: list[str] = []
        self.pages_left = 10**9

    def count_between(self, first: str, last: str) -> int:
        self.pages_left -= 1
        if self.pages_left < 0:
            raise IndexUnavailable("away")
        return super().count_between(first, last) + sum(first <= key <= last for key in self.twice)


@dataclass
class Cluster:
    """The topics of one prefix, and an index."""

    to: Connection
    store: FaultyStore = field(default_factory=FaultyStore)
    ledger: AuditLedger = field(default_factory=lambda: AuditLedger(None))
    sample: Sample = field(default_factory=Sample)
    grace_s: float = 0.0
    page_rows: int = 1_000

    def __post_init__(self) -> None:
        self.producer = Producer(
            {"bootstrap.servers": self.to.address, "partitioner": "murmur2_random", "log_level": 0}
        )
        for topic in ("pins.events", "pins.events.backfill", "pins.indexed"):
            self.write(topic, b"not a pin", None)

    def write(self, topic: str, key: bytes, value: bytes | None, *, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        long_ago_ms = int(time.time() * 1000) - 600_000
        self.producer.produce(self.to.topic_prefix + topic, value, key, headers=list(headers), timestamp=long_ago_ms)
        assert self.producer.flush(10) == 0

    def publish(self, pin_id: str, version: int, *, lane: str = "pins.events") -> None:
        fields = {
            "pin_id": pin_id, "version": version, "image": {"url": "https://pictures/a.jpg"},
            "domain": "web", "created_at": "2026-11-23T20:00:00Z",
        }  # fmt: skip
        self.write(lane, pin_id.encode(), json.dumps(fields).encode(), headers=HEADERS)

    def delete(self, pin_id: str, version: int) -> None:
        self.write("pins.events", pin_id.encode(), None, headers=[("version", str(version).encode())])

    def write_outcome(self, pin_id: str, **fields: object) -> None:
        """Of an event that is behind all others, finished now."""
        now = {"offset": 1_000_000, "finished_at_ms": int(time.time() * 1000)}
        self.write("pins.indexed", pin_id.encode(), outcome(pin_id, **now | fields))

    def index(self, pin_id: str, version: int, objects: int = 1, **fields: object) -> list[Row]:
        rows = [
            Row(
                pin_id=pin_id, slot=slot, alive=True, code=CODE, version=version,
                object_count=0 if slot else objects, **fields,  # type: ignore[arg-type]
            )
            for slot in range(objects + 1)
        ]  # fmt: skip
        self.store.upsert(rows)
        return rows

    def publish_and_index(self, *pins: str) -> None:
        for pin_id in pins:
            self.publish(pin_id, 1)
            self.index(pin_id, 1)

    def topic_scan(self) -> TopicScan:
        return TopicScan(self.to, self.ledger, self.sample)

    def index_scan(self) -> IndexScan:
        return IndexScan(self.store, self.ledger, self.sample, PinComparison(1), page_rows=self.page_rows)

    def audit(self) -> AuditReport:
        rule = InProgressRule(group=f"{self.to.topic_prefix}workers", grace_s=self.grace_s)
        audit = Audit(self.topic_scan(), self.index_scan(), self.ledger, PinComparison(1), in_progress=rule)
        return audit.run(QUIET)

    def repair(self) -> dict[str, int]:
        results = Repair(self.to, self.topic_scan(), IndexRows(self.store, self.ledger), self.ledger).run(QUIET)
        return {str(result): count for result, count in results.items()}

    def findings(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in self.ledger.findings():
            found.setdefault(each.kind, []).append(each.pin_id)
        return found
