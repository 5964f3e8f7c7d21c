"""What a pin costs in storage: memory and disk of the standalone Milvus server, and the size of its Kafka records."""

import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from pymilvus import MilvusClient
from rich.console import Console

from deploy.local.stack import LocalStack, StackOptions
from index.bootstrap import init
from pinstream.events import EVENTS_TOPIC, STAGES, PinEvent, PinOutcome
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import EMBEDDING_VERSION, Row, collection_name
from pinstream.store.milvus import MilvusStore
from tests.bench import machine
from tests.bench.figures import markdown_table
from tests.bench.machine import process_tree

_WRITE_ROWS: Final = 2_000
_TIMEOUT_S: Final = 60.0
_LOAD_S: Final = 20.0
_WORDS: Final = (  # titles that repeat too much would compress too well
    *("the", "red", "blue", "linen", "wool", "oak", "brass", "summer", "winter", "garden", "kitchen", "dress", "coat"),
    *("lamp", "chair", "shelf", "recipe", "sketch", "walk", "for", "with", "under", "and", "old", "new", "table"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pins are written; each has its whole picture and one object, every fifth two."""

    pins: int = 40_000


def run(plan: Plan, console: Console) -> dict[str, Any]:
    """Bytes a row in the server's memory and on its disk, and bytes a record on Kafka."""
    rows = sum(1 for _ in _rows(plan.pins))
    with tempfile.TemporaryDirectory(prefix="pinstream-bench-") as root:
        options = StackOptions(root=Path(root), kafka="none", triton="none", milvus="server")
        with LocalStack(options) as stack:
            pid = next(part.pid for part in stack.records if part.name == "milvus")
            memory, disk = _memory_bytes(pid), _disk_bytes(Path(root))
            store = MilvusStore(stack.endpoints.milvus, timeout_s=_TIMEOUT_S)
            init(store)
            batch: list[Row] = []
            for row in _rows(plan.pins):
                batch.append(row)
                if len(batch) == _WRITE_ROWS:
                    store.upsert(batch)
                    batch = []
            store.upsert(batch)
            written = _memory_bytes(pid)
            MilvusClient(stack.endpoints.milvus).flush(collection_name())
            time.sleep(_LOAD_S)  # sealed segments are loaded again in the background
            report = {
                "pins": plan.pins,
                "rows": rows,
                "memory_bytes_a_row": {
                    "just_written": round((written - memory) / rows),
                    "sealed": round((_memory_bytes(pid) - memory) / rows),
                },
                "disk_bytes_a_row": round((_disk_bytes(Path(root)) - disk) / rows),
                "record_bytes": _record_bytes(),
                "machine": machine.description(),
            }
    console.print(report)
    return report


def table(report: Mapping[str, Any]) -> str:
    """The report for docs/operations/sizing.md."""
    memory, disk, record = report["memory_bytes_a_row"], report["disk_bytes_a_row"], report["record_bytes"]
    a_pin = report["rows"] / report["pins"]

    def line(name: str, size_bytes: float) -> tuple[str, str, str]:
        return name, f"{size_bytes:,.0f} bytes", f"{size_bytes * a_pin * 1e6 / 1e9:.1f} GB"

    rows = (
        line("memory of the server, just after writing, buffers included", memory["just_written"]),
        line("memory of the server, segments sealed", memory["sealed"]),
        line("disk of the server, its log included", disk),
    )
    return "\n\n".join(
        (
            f"The standalone server with {report['pins']:,} pins, {a_pin:.1f} rows each, with titles and links:",
            markdown_table(("", "a row", "a million pins"), rows),
            f"On Kafka, before compression: an event with an address {record['event']:,} bytes, an outcome "
            f"{record['outcome']:,} bytes.",
        )
    )


def _rows(pins: int) -> Iterator[Row]:
    chance = random.Random(0)
    now_ms = time.time_ns() // 1_000_000
    for number in range(pins):
        title = " ".join(chance.choices(_WORDS, k=chance.randint(3, 9)))
        for slot in range(1 + 1 + (number % 5 == 0)):
            yield Row(
                pin_id=f"pin-{number}",
                slot=slot,
                alive=True,
                code=chance.randbytes(CODE_BYTES),
                version=now_ms,
                label="Dress" if slot else "",
                image_sha256=f"{chance.getrandbits(256):064x}",
                published_at_ms=now_ms - chance.randrange(86_400_000),
                title=title,
                link=f"https://shop.example/{title.replace(' ', '-')}/{number}",
                image_url=f"https://images.example/{chance.getrandbits(64):x}.jpg",
                price=float(chance.randint(5, 300)),
                currency="EUR",
            )


def _record_bytes() -> dict[str, int]:
    """One event with an address and its outcome, as they are encoded."""
    event = PinEvent.model_validate(
        {
            "pin_id": "sunset-1",
            "version": 1_795_735_507_935,
            "image": {"url": "https://images.example/736x/ab/cd/ef/abcdef0123456789.jpg"},
            "domain": "web",
            "created_at": "2026-11-26T23:31:47Z",
            "title": "A red linen dress in a shop window",
            "link": "https://shop.example/a-red-linen-dress/12345",
        }
    )
    outcome = PinOutcome(
        pin_id=event.pin_id,
        version=event.version,
        outcome="indexed",
        objects=1,
        embedding_version=EMBEDDING_VERSION,
        attempts=1,
        topic=EVENTS_TOPIC,
        partition=3,
        offset=2041,
        published_at_ms=event.version,
        finished_at_ms=event.version + 60,
        stages_ms=dict.fromkeys(STAGES, 12.34),
        worker="host-1-4711",
    )
    return {"event": len(event.encode()), "outcome": len(outcome.encode())}


def _memory_bytes(pid: int) -> int:
    return sum(each.memory_full_info().pss for each in process_tree(pid) if psutil.pid_exists(each.pid))


def _disk_bytes(root: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in root.rglob("*") if path.is_file())
