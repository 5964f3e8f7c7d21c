"""The real service over stand-ins, on a port, with drawn sample pins: what a browser looks at in tests."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import Dependencies
from api.server import Server
from api.settings import ApiSettings
from inference.detect import Detection
from inference.images import Box, Pixels
from pinstream.store.collection import tombstone
from samples import SamplePin, draw, jpeg
from tests.api.fakes import Bench, ColourModels, outcome

SIZE_PX = 400
OUTFIT = 8
"""A drawn pin with several objects: a dress, a skirt, trousers."""


@cache
def sample(number: int) -> SamplePin:
    """A drawn pin, drawn once: drawing is slow."""
    return draw(number, size_px=SIZE_PX)


@cache
def picture(number: int) -> bytes:
    """Its JPEG."""
    return jpeg(sample(number))


class SampleModels(ColourModels):
    """Knows drawn pins by their mean colour, and so what is on a photo of one."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[SamplePin] = []

    async def detect(self, pixels: Pixels) -> tuple[Detection, ...]:
        """What was drawn on the pin that ``pixels`` look most like."""
        await super().detect(pixels)
        mean = pixels.mean(axis=(0, 1))
        nearest = min(self.known, key=lambda pin: abs(pin.pixels.mean(axis=(0, 1)) - mean).sum())
        return tuple(
            Detection(thing.label, score_of(rank), Box(*thing.box)) for rank, thing in enumerate(nearest.objects)
        )


def score_of(rank: int) -> float:
    """Lower for each further object."""
    return round(0.93 - 0.08 * rank, 2)


class _PhotoRecorder:
    """Keeps what is sent to Lens."""

    def __init__(self, app: ASGIApp, photos: list[bytes]) -> None:
        self._app = app
        self._photos = photos

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def receive_and_keep() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self._app(scope, receive_and_keep, send)
        if scope.get("path") == "/v1/lens":
            self._photos.append(bytes(body))


class _Server(Server):
    """Leaves the test runner its signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Site:
    """A running service; ``publish`` makes pins searchable, as a worker would."""

    url: str
    bench: Bench
    deps: Dependencies
    models: SampleModels
    offset: int = 0
    published: list[str] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)
    """The bodies that Lens was sent, as they came."""

    def publish(self, number: int, *, age_s: float = 0.0, version: int | None = None, **more: Any) -> str:
        """The drawn pin of that number, searchable and sent to the streams; returns its id."""
        pin = sample(number)
        now_ms = time.time_ns() // 1_000_000
        published_at_ms = now_ms - round(age_s * 1000)
        pin_id: str = more.pop("pin_id", pin.pin_id)
        url = more.pop("image_url", f"https://pictures/{pin.pin_id}.jpg")
        fields = {
            "version": version or published_at_ms, "domain": pin.domain, "title": pin.title, "image_url": url,
            "link": "https://example.org/" if pin.domain == "catalog" else "", "published_at_ms": published_at_ms,
            "indexed_at_ms": published_at_ms + 80, "price": 20.0 + number if pin.domain == "catalog" else None,
            "currency": "EUR" if pin.domain == "catalog" else "", **more,
        }  # fmt: skip
        self.bench.web.pictures.setdefault(f"https://pictures/{pin.pin_id}.jpg", picture(number))
        things = [(thing.label, Box(*thing.box), mean_colour(pin, thing.box)) for thing in pin.objects]
        self.bench.pin(pin_id, mean_colour(pin, (0, 0, 1, 1)), *things, **fields)
        self.models.known.append(pin)
        self.add_outcome(pin_id, "indexed", version=fields["version"], published_at_ms=published_at_ms)
        self.published.append(pin_id)
        return pin_id

    def delete(self, pin_id: str) -> None:
        """As a worker does with a tombstone event."""
        version = time.time_ns() // 1_000_000 + 1
        self.bench.store.upsert([tombstone(pin_id, 0, version, at_ms=version)])
        self.add_outcome(pin_id, "deleted", version=version)

    def add_outcome(self, pin_id: str, result: str, **more: Any) -> None:
        """An outcome comes in from Kafka."""
        self.offset += 1
        finished_at_ms = time.time_ns() // 1_000_000
        found = outcome(pin_id, result, offset=self.offset, finished_at_ms=finished_at_ms, **more)
        self.deps.recent_pins.add_outcome(found)


def mean_colour(pin: SamplePin, box: Sequence[float]) -> tuple[int, int, int]:
    """Of the pin's pixels within ``box``."""
    height, width = pin.pixels.shape[:2]
    left, right, top, bottom = box[0] * width, box[2] * width, box[1] * height, box[3] * height
    red, green, blue = pin.pixels[round(top) : round(bottom), round(left) : round(right)].mean(axis=(0, 1))
    return int(red), int(green), int(blue)


@asynccontextmanager
async def running(settings: ApiSettings | None = None) -> AsyncIterator[Site]:
    """A site without pins, until the block ends; it answers while the loop of the caller runs."""
    models = SampleModels()
    bench = Bench(settings=settings or ApiSettings(), models=models)
    photos: list[bytes] = []
    app = bench.app
    app.add_middleware(_PhotoRecorder, photos=photos)
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Server(app, shutdown_s=1)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.01)
        if serving.done():
            await serving
    deps = app.state.dependencies
    deps.feed.set_connected(True)
    try:
        yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", bench, deps, models, photos=photos)
    finally:
        server.should_exit = True
        await serving
