"""The service on fakes: an index in memory, pictures by address, and models whose codes are colours."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import httpx
import numpy as np
from fastapi import FastAPI

from api.app import create_app
from api.assembly import BackendClients, build_dependencies
from api.dependencies import Dependencies
from api.feed.recent_pins import RecordPosition
from api.metrics import ApiMetrics
from api.settings import ApiSettings
from fetch.errors import FetchRefused
from inference.detect import Detection
from inference.images import WHOLE, Box, Pixels
from pinstream.events import ImageRef, PinOutcome
from pinstream.standing import EventPosition
from pinstream.store.codes import CODE_BITS, Code
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore

NOW_MS = 1_800_000_000_000
Colour = tuple[int, int, int]
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (30, 40, 220), (245, 245, 245)


def colour_code(colour: Sequence[float]) -> Code:
    """A thermometer for each channel: near colours have near codes."""
    bits = [level * 3 < value for value in colour for level in range(85)]
    return np.packbits(bits + [False] * (CODE_BITS - len(bits))).tobytes()


def paint_picture(ground: Colour, *patches: tuple[Box, Colour], width: int = 200, height: int = 100) -> bytes:
    """A PNG of one colour with boxes of others."""
    pixels = np.full((height, width, 3), ground, np.uint8)
    for box, colour in patches:
        _inside(pixels, box)[:] = colour
    made, content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert made
    return content.tobytes()


@dataclass
class Web:
    """Pictures by address; an error in place of a picture is raised. While ``answers`` is cleared, calls wait."""

    pictures: dict[str, bytes | Exception] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    async def fetch(self, image: ImageRef) -> bytes:
        """The picture at the address."""
        self.requested.append(image.url or "")
        await self.answers.wait()
        found = self.pictures.get(image.url or "", FetchRefused("HTTP 404"))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Records:
    """Pictures inside events, each of a version, by their position."""

    pictures: dict[RecordPosition, tuple[int, bytes]] = field(default_factory=dict)

    async def read(self, pin_id: str, version: int, position: RecordPosition) -> bytes:
        """The picture in the event."""
        there, picture = self.pictures.get(position, (None, b""))
        if there != version:
            raise FetchRefused(f"not kept any more, or of version {there}")
        return picture


@dataclass
class ColourModels:
    """Both models: a code is a mean colour, a picture shows ``objects``. While ``answers`` is cleared, calls wait."""

    objects: tuple[Detection, ...] = ()
    failure: Exception | None = None
    crops: int = 0
    calls: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    async def detect(self, pixels: Pixels) -> tuple[Detection, ...]:
        """What the test put there."""
        await self._answer()
        return self.objects

    async def embed(self, pixels: Pixels, boxes: Sequence[Box]) -> list[Code]:
        """One code per box."""
        await self._answer()
        self.crops += len(boxes)
        return [colour_code(_inside(pixels, box).mean(axis=(0, 1))) for box in boxes]

    async def check(self) -> object:
        """For readiness."""
        return await self.embed(np.zeros((8, 8, 3), np.uint8), [WHOLE])

    async def _answer(self) -> None:
        self.calls += 1
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure


def _inside(pixels: Pixels, box: Box) -> Pixels:
    height, width = pixels.shape[:2]
    left, right = round(box.x0 * width), max(round(box.x1 * width), round(box.x0 * width) + 1)
    top, bottom = round(box.y0 * height), max(round(box.y1 * height), round(box.y0 * height) + 1)
    return pixels[top:bottom, left:right]


@dataclass
class Bench:
    """A service and the fakes behind it."""

    settings: ApiSettings = field(default_factory=ApiSettings)
    store: MemoryStore = field(default_factory=MemoryStore)
    web: Web = field(default_factory=Web)
    records: Records = field(default_factory=Records)
    models: ColourModels = field(default_factory=ColourModels)

    @property
    def app(self) -> FastAPI:
        """The application over these stand-ins."""

        @asynccontextmanager
        async def open_dependencies(settings: ApiSettings, metrics: ApiMetrics) -> AsyncIterator[Dependencies]:
            clients = BackendClients(
                store=self.store, fetcher=self.web, inline_pictures=self.records,
                detector=self.models, embedder=self.models, check_models=self.models.check,
            )  # fmt: skip
            async with build_dependencies(settings, metrics, clients) as deps:
                yield deps

        return create_app(self.settings, open_dependencies)

    def pin(self, pin_id: str, colour: Colour = RED, *objects: tuple[str, Box, Colour], **more: Any) -> None:
        """A pin of one colour with objects of others, indexed, its picture on the web."""
        url = more.pop("image_url", f"https://pictures/{pin_id}.png")
        if url:
            self.web.pictures.setdefault(url, paint_picture(colour, *((box, paint) for _, box, paint in objects)))
        whole: dict[str, Any] = {
            "pin_id": pin_id, "alive": True, "version": 1, "image_url": url, "image_sha256": f"sha-{pin_id}",
            "published_at_ms": NOW_MS, "indexed_at_ms": NOW_MS + 50, "title": pin_id, **more,
        }  # fmt: skip
        rows = [Row(slot=0, code=colour_code(colour), object_count=len(objects), **whole)]
        for slot, (label, box, paint) in enumerate(objects, start=1):
            edges = (box.x0, box.y0, box.x1, box.y1)
            rows.append(Row(slot=slot, code=colour_code(paint), label=label, score=0.9, box=edges, **whole))
        self.store.upsert(rows)


@dataclass
class InProcessService:
    """A running service: a client in this process, and its dependencies."""

    client: httpx.AsyncClient
    deps: Dependencies


@asynccontextmanager
async def start_service(bench: Bench) -> AsyncIterator[InProcessService]:
    """The bench's service, started. Streams cannot be read this way: httpx' transport waits for their end."""
    app = bench.app
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield InProcessService(client, app.state.dependencies)


def event(offset: int, version: int = 1, *, topic: str = "pins.events", is_deletion: bool = False) -> EventPosition:
    """An event that was published before anything was finished."""
    return EventPosition(
        topic=topic, partition=0, offset=offset, version=version, is_deletion=is_deletion, published_at_ms=NOW_MS
    )


def outcome(pin_id: str, result: str = "indexed", *, offset: int = 0, **more: Any) -> PinOutcome:
    """An outcome as a worker writes it."""
    fields = {
        "pin_id": pin_id, "version": 1, "outcome": result, "embedding_version": 1, "topic": "pins.events",
        "partition": 0, "offset": offset, "published_at_ms": NOW_MS, "finished_at_ms": NOW_MS + offset, **more,
    }  # fmt: skip
    return PinOutcome.decode(json.dumps(fields).encode())
