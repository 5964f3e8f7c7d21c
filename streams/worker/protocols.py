"""What the way of one pin needs from the other rooms, as it needs it; tests give it fakes in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from inference.detect import Detection
from inference.images import Box, Pixels
from inference.runner import Priority
from pinstream.events import ImageRef
from pinstream.store.codes import Code
from pinstream.store.collection import Row
from pinstream.store.vector_store import Consistency
from streams.worker.record import ConsumedRecord


class PictureFetcher(Protocol):
    """See `fetch.fetcher.Fetcher`."""

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture; raises FetchRefused or FetchFailed."""
        ...


class Detect(Protocol):
    """See `inference.detect.Detector`."""

    async def detect_squashed(
        self, images: Pixels, *, priority: Priority = Priority.LIVE
    ) -> Sequence[Sequence[Detection]]:
        """The objects on each squashed picture; raises ModelUnavailable or ModelMismatch."""
        ...


class Embed(Protocol):
    """See `inference.embed.Embedder`."""

    async def embed(
        self, pixels: Pixels, boxes: Sequence[Box], *, priority: Priority = Priority.LIVE
    ) -> Sequence[Code]:
        """One code per box; raises ModelUnavailable or ModelMismatch."""
        ...


class WriteRows(Protocol):
    """See `streams.worker.process.batched_rows`."""

    async def write(self, rows: Sequence[Row]) -> None:
        """All rows of one pin, acknowledged when this returns; raises IndexUnavailable, IndexRefused, IndexMismatch."""
        ...


class ReadRows(Protocol):
    """Rows by key, read back from the index in batches."""

    async def get(self, keys: Sequence[str], *, consistency: Consistency) -> Mapping[str, Row]:
        """The rows that are there; raises IndexUnavailable or IndexMismatch."""
        ...


@dataclass(frozen=True, slots=True)
class PictureCodes:
    """What the models say about one picture: its code, and its objects with theirs."""

    whole: Code
    objects: tuple[tuple[Detection, Code], ...]


class DeadLetters(Protocol):
    """Where events go that can never be indexed."""

    async def bury(self, record: ConsumedRecord, *, stage: str, reason: BaseException) -> None:
        """Acknowledged when this returns; waits for Kafka for as long as it takes."""
        ...
