"""What the library adds to Milvus: each call against a bare pymilvus search, taken in turns in one run."""

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final

from pymilvus import MilvusClient
from rich.console import Console

from deploy.local.stack import LocalStack, StackOptions
from index.bootstrap import init
from pinstream.search.index import VisualIndex
from pinstream.search.query import Filters, Freshness
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code
from pinstream.store.collection import Row, Where, collection_name
from pinstream.store.collection_schema import RETURNED_BY_SEARCH
from pinstream.store.milvus import MilvusStore
from tests.bench import machine
from tests.bench.figures import markdown_table

LIMIT: Final = 20
BATCH: Final = 20
_WRITE_ROWS: Final = 2_000
_CENTRES: Final = 400
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is indexed, and how often each call is timed."""

    pins: int = 20_000
    rounds: int = 300
    servers: tuple[str, ...] = ("lite", "server")


def run(plan: Plan, console: Console) -> dict[str, Any]:
    """Median milliseconds of each call, and their ratio to the bare search, on each server."""
    report: dict[str, Any] = {"pins": plan.pins, "rounds": plan.rounds, "machine": machine.description()}
    for server in plan.servers:
        with tempfile.TemporaryDirectory(prefix="pinstream-bench-") as root, ExitStack() as ends:
            options = StackOptions(root=Path(root), kafka="none", triton="none", milvus=server)
            uri = ends.enter_context(LocalStack(options)).endpoints.milvus
            report[server] = _measured(uri, plan)
        console.print(server, report[server])
    return report


def table(report: Mapping[str, Any]) -> str:
    """The report for docs/searching.md."""
    servers = {"lite": "Milvus Lite", "server": "standalone 2.3.5"}
    there = [name for name in servers if name in report]
    header = ("call", *(f"{servers[name]}, median" for name in there), *(f"x bare, {servers[name]}" for name in there))
    calls = report[there[0]]
    rows = [
        (
            call,
            *(f"{report[name][call]['median_ms']:.2f} ms" for name in there),
            *(f"{report[name][call]['ratio']:.2f}" for name in there),
        )
        for call in calls
    ]
    here = report["machine"]
    about = f"{report['pins']:,} pins, {report['rounds']} rounds, {here['cores']} cores ({here['processor']}):"
    return f"{about}\n\n{markdown_table(header, rows)}"


def _measured(uri: str, plan: Plan) -> dict[str, dict[str, float]]:
    store = MilvusStore(uri, timeout_s=_TIMEOUT_S)
    init(store)
    codes = _filled(store, plan.pins)
    with VisualIndex.over(store) as index:
        calls = _calls(index, MilvusClient(uri), codes)
        for call in calls.values():
            call()
        times: dict[str, list[float]] = {name: [] for name in calls}
        order = random.Random(2)
        for _ in range(plan.rounds):
            for name in order.sample(list(calls), len(calls)):  # what follows a heavy call is slower
                begun_s = time.perf_counter()
                calls[name]()
                times[name].append((time.perf_counter() - begun_s) * 1000)
    bare_ms, *_ = (median(each) for each in times.values())
    return {
        name: {"median_ms": round(median(each), 3), "ratio": round(median(each) / bare_ms, 3)}
        for name, each in times.items()
    }


def _calls(index: VisualIndex, bare: MilvusClient, codes: Sequence[Code]) -> dict[str, Callable[[], object]]:
    """The bare search first; every call about another pin, but for the one that is asked again."""
    chance, first_time = random.Random(1), count(len(codes) // 2)
    known = [f"pin-{number}" for number in range(50)]
    index.related_many(known)
    where = Where(slots="whole").expression()

    def bare_search() -> object:
        (hits,) = bare.search(
            collection_name(),
            [chance.choice(codes)],
            filter=where,
            limit=LIMIT,
            output_fields=list(RETURNED_BY_SEARCH),
            consistency_level="Bounded",
            timeout=_TIMEOUT_S,
        )
        return [hit["entity"] for hit in hits]  # pymilvus decodes a hit when it is read

    def new_pin() -> str:
        return f"pin-{next(first_time) % len(codes)}"

    return {
        f"bare pymilvus search, {LIMIT} hits read": bare_search,
        "`by_code`": lambda: index.by_code(chance.choice(codes), slots="whole", limit=LIMIT),
        "`related`, a pin asked about before": lambda: index.related(chance.choice(known), limit=LIMIT),
        "`related`, a pin asked about for the first time": lambda: index.related(new_pin(), limit=LIMIT),
        "`related` with `max_age_s`": lambda: index.related(
            chance.choice(known), limit=LIMIT, filters=Filters(max_age_s=10**9)
        ),
        "`related` with a half-life of an hour": lambda: index.related(
            chance.choice(known), limit=LIMIT, order=Freshness(half_life_s=3600)
        ),
        f"`related_many` of {BATCH} new pins": lambda: index.related_many(
            [new_pin() for _ in range(BATCH)], limit=LIMIT
        ),
    }


def _filled(store: MilvusStore, pins: int) -> list[Code]:
    """Pins around some centres, as photos of the same kinds of things lie; published over the last three days."""
    chance = random.Random(0)
    centres = [chance.getrandbits(CODE_BITS) for _ in range(_CENTRES)]
    now_ms = time.time_ns() // 1_000_000
    rows = []
    for number in range(pins):
        code = (chance.choice(centres) ^ _noise(chance)).to_bytes(CODE_BYTES, "big")
        rows.append(
            Row(
                pin_id=f"pin-{number}",
                slot=0,
                alive=True,
                code=code,
                version=1,
                label="Dress",
                image_sha256=f"{number:064x}",
                published_at_ms=now_ms - chance.randrange(3 * 86_400_000),
                title="A dress, seen in a shop window",
                link=f"https://shop.example/item/{number}",
                price=19.0,
                currency="EUR",
            )
        )
    for first in range(0, pins, _WRITE_ROWS):
        store.upsert(rows[first : first + _WRITE_ROWS])
    return [row.code for row in rows]


def _noise(chance: random.Random) -> int:
    """About an eighth to three eighths of the bits."""
    noise = chance.getrandbits(CODE_BITS) & chance.getrandbits(CODE_BITS)
    return noise if chance.random() < 0.5 else noise & chance.getrandbits(CODE_BITS)
