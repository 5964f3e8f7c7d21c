"""What Flashlight and Lens add over HTTP to the bare model calls that they need: taken in turns in one run."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
from rich.console import Console

from deploy.local.stack import LocalStack, StackOptions
from index.bootstrap import init
from inference.client import TritonModels
from inference.detect import Detector
from inference.embed import Embedder
from inference.images import WHOLE, Box, decode
from inference.model_repository import labels
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Row
from pinstream.store.milvus import MilvusStore
from samples import draw, jpeg
from tests.bench import machine
from tests.bench.figures import markdown_table

LIMIT: Final = 20
SIDE_PX: Final = 640
PICTURES: Final = 12
_WRITE_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is indexed, and how often each call is timed."""

    pins: int = 20_000
    rounds: int = 200


def run(plan: Plan, console: Console) -> dict[str, Any]:
    """Median milliseconds of each call, and what the product adds to its bare model calls."""
    pictures = [jpeg(draw(number, size_px=SIDE_PX)) for number in range(PICTURES)]
    with tempfile.TemporaryDirectory(prefix="pinstream-bench-") as root:
        served = Path(root, "pictures")
        served.mkdir()
        for number, picture in enumerate(pictures):
            (served / f"{number}.jpg").write_bytes(picture)
        options = StackOptions(root=Path(root, "stack"), kafka="none", pictures=served, api="local")
        with LocalStack(options) as stack:
            _fill(stack, plan.pins)
            times = asyncio.run(_timed(stack, pictures, plan.rounds))
    medians = {name: round(median(each), 2) for name, each in times.items()}
    console.print(medians)
    return {"pins": plan.pins, "rounds": plan.rounds, "machine": machine.description(), "median_ms": medians}


def table(report: Mapping[str, Any]) -> str:
    """The report for docs/api.md."""
    ms, here = report["median_ms"], report["machine"]
    rows = [
        (product, f"{ms[product]:.1f} ms", bare, f"{ms[bare]:.1f} ms", f"{ms[product] - ms[bare]:.1f} ms")
        for product, bare in (("Flashlight, a new box", "embed one crop"), ("Lens", "detect, embed whole and objects"))
    ]
    header = ("call", "median", "bare model calls", "median", "added")
    others = ", ".join(f"{name} {ms[name]:.1f} ms" for name in ("Flashlight, a box asked before", "Related Pins"))
    about = (
        f"{report['pins']:,} pins in Milvus Lite, photos of {SIDE_PX} px, {report['rounds']} rounds, {here['cores']} "
        f"cores ({here['processor']}) that also run Triton. Added are HTTP, decoding, the search and its answer."
    )
    return f"{about}\n\n{markdown_table(header, rows)}\n\nWithout a model call: {others}."


def _fill(stack: LocalStack, pins: int) -> None:
    """Rows of random codes, and the pictures' pins."""
    store, chance = MilvusStore(stack.endpoints.milvus, timeout_s=60.0), random.Random(0)
    init(store)
    known = stack.endpoints.pictures
    rows = [
        Row(
            pin_id=f"pin-{number}",
            slot=0,
            alive=True,
            code=chance.randbytes(CODE_BYTES),
            version=1,
            image_sha256=f"{number}",
            image_url=f"{known}/{number % PICTURES}.jpg",
            published_at_ms=number + 1,
        )
        for number in range(pins)
    ]
    for first in range(0, len(rows), _WRITE_ROWS):
        store.upsert(rows[first : first + _WRITE_ROWS])
    store.close()


async def _timed(stack: LocalStack, pictures: list[bytes], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every call, by its name; each round asks every call once, in an order of its own."""
    order = random.Random(1)
    async with AsyncExitStack() as ends:
        http = await ends.enter_async_context(httpx.AsyncClient(base_url=stack.endpoints.api, timeout=60))
        models = await ends.enter_async_context(TritonModels(stack.endpoints.triton_grpc, timeout_s=30.0))
        calls = _calls(http, models, pictures, order)
        for call in (*calls.values(), *calls.values()):
            await call()
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name in order.sample(list(calls), len(calls)):
                begun_s = time.perf_counter()
                await calls[name]()
                times[name].append((time.perf_counter() - begun_s) * 1000)
                await asyncio.sleep(0.03)  # within what one caller may ask for
    return times


def _calls(
    http: httpx.AsyncClient, models: TritonModels, pictures: list[bytes], chance: random.Random
) -> dict[str, Callable[[], Awaitable[object]]]:
    detector, embedder = Detector(models, labels()), Embedder(models)
    pixels = [decode(picture) for picture in pictures]

    def box() -> Box:
        left, top = chance.uniform(0, 0.5), chance.uniform(0, 0.5)
        return Box(left, top, left + chance.uniform(0.2, 0.5), top + chance.uniform(0.2, 0.5))

    async def flashlight(pin: int, drawn: Box) -> None:
        edges = [drawn.x0, drawn.y0, drawn.x1, drawn.y1]
        question = {"pin_id": f"pin-{pin}", "box": edges, "limit": LIMIT}
        (await http.post("/v1/flashlight", json=question)).raise_for_status()

    async def lens() -> None:
        headers = {"Content-Type": "image/jpeg"}
        content = chance.choice(pictures)
        (await http.post("/v1/lens", params={"limit": LIMIT}, content=content, headers=headers)).raise_for_status()

    async def understand() -> None:
        picture = chance.choice(pixels)
        found = await detector.detect(picture)
        await embedder.embed(picture, [WHOLE, *(each.box for each in found)])

    async def related() -> None:
        path = f"/v1/pins/pin-{chance.randrange(2_000)}/related"
        (await http.get(path, params={"limit": LIMIT})).raise_for_status()

    return {
        "embed one crop": lambda: embedder.embed(chance.choice(pixels), [box()]),
        "Flashlight, a new box": lambda: flashlight(chance.randrange(PICTURES), box()),
        "Flashlight, a box asked before": lambda: flashlight(0, Box(0.25, 0.25, 0.75, 0.75)),
        "detect, embed whole and objects": understand,
        "Lens": lens,
        "Related Pins": related,
    }
