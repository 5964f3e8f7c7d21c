"""Decks of events, what they must leave in the index, and the ledger of what became of each: for the proofs.

The oracle is plain Python: of a pin's events the greatest version stands, and of a deletion and an event of one
version the deletion. It knows the codes of a picture from a pin of its own, published first and by itself.
"""

import asyncio
import base64
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from deploy.local.parts.part import Endpoints
from inference import model_repository
from inference.client import TritonModels
from inference.detect import Detector
from inference.images import decode
from pinstream.events import BACKFILL_TOPIC, EVENTS_TOPIC, PinOutcome
from pinstream.store.collection import Row
from pinstream.store.vector_store import VectorStore
from samples import draw, jpeg
from tests.integration.running_worker import RunningWorker, Site, eventually

CREATED_AT = "2026-11-23T20:00:00Z"
QUICK_SESSION = {"kafka__session_timeout_ms": "2000", "kafka__heartbeat_ms": "500"}
"""A killed worker's partitions move after 2 s."""
QUIET = {"probe__ratio": "0"}
"""No second outcomes: every record on pins.indexed is then one event's end."""


@cache
def picture(number: int) -> bytes:
    """A small drawn picture; those of the palette differ in their objects."""
    return jpeg(draw(number, size_px=256), quality=80)


PICTURES = range(6)
MOST_OBJECTS = 3
STREAM_BATCH = 12
STREAM_AHEAD = 150


def fields(pin_id: str, version: int, encoded: bytes, **more: Any) -> dict[str, Any]:
    """A valid event with its picture inside."""
    image = {"inline": base64.b64encode(encoded).decode()}
    fixed = {"pin_id": pin_id, "version": version, "image": image, "domain": "web", "created_at": CREATED_AT}
    return {**fixed, **more}


@dataclass(frozen=True, slots=True)
class Change:
    """One event of a deck: a picture of the palette, or None for a deletion."""

    pin_id: str
    version: int
    number: int | None
    lane: str = EVENTS_TOPIC

    def put(self, site: Site) -> None:
        """Publish it, exactly so."""
        if self.number is None:
            site.put(self.pin_id, None, topic=self.lane, headers=(("version", str(self.version).encode()),))
        else:
            value = fields(self.pin_id, self.version, picture(self.number), title=f"{self.pin_id} {self.version}")
            site.put(self.pin_id, value, topic=self.lane)


@dataclass(slots=True)
class Deck:
    """The changes published so far, in order."""

    site: Site
    pin: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:8]}")
    """Begins every pin id of this deck: the collection may be shared."""
    changes: list[Change] = field(default_factory=list)
    _contents: dict[tuple[str, int], int] = field(default_factory=dict)
    """One version of a pin has one content; only its deletion may carry the same version."""

    def put(self, changes: Iterable[Change]) -> None:
        """Publish; returns once Kafka has acknowledged all of it."""
        for change in changes:
            change.put(self.site)
            self.changes.append(change)
        self.site.flush()

    def stream_until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Publish new pins, never far ahead of the workers, until ``condition`` holds; fails after 2 minutes."""

        def published_and_holds() -> bool:
            if len(self.changes) - len(self.site.outcomes()) < STREAM_AHEAD:
                self.put(self.new(STREAM_BATCH, first=len(self.changes) + 10_000))
            return condition()

        eventually(published_and_holds, deadline_s=120.0, what=what)

    def new(self, count: int, *, first: int = 0, version: int = 1) -> list[Change]:
        """``count`` pins, one event each, with pictures of the palette."""
        numbers = range(first, first + count)
        return [Change(f"{self.pin}-{each}", version, PICTURES[each % len(PICTURES)]) for each in numbers]

    def shuffled(self, seed: int, *, pins: int, events: int) -> list[Change]:
        """Versions out of order, duplicates, deletions and re-creations, over both lanes; the same for each seed."""
        draw = random.Random(seed)
        made: list[Change] = []
        for _ in range(events):
            if made and draw.random() < 0.15:
                again = draw.choice(made)
                made.append(Change(again.pin_id, again.version, again.number, self._lane(draw)))
                continue
            pin_id, version = f"{self.pin}-{draw.randrange(pins)}", draw.randint(1, 9)
            number = self._contents.setdefault((pin_id, version), draw.choice(PICTURES))
            deleted = draw.random() < 0.25
            made.append(Change(pin_id, version, None if deleted else number, self._lane(draw)))
        return made

    @property
    def standing(self) -> Mapping[str, Change]:
        """The oracle: the change of each pin that must stand in the end."""
        last: dict[str, Change] = {}
        for change in self.changes:
            before = last.get(change.pin_id)
            if before is None or _rank(change) > _rank(before):
                last[change.pin_id] = change
        return last

    def rows(self, store: VectorStore) -> dict[str, Row]:
        """Every row of this deck's pins, living or dead, by key; fails if a key is there twice."""
        found = [row for row in store.rows() if row.pin_id.startswith(self.pin)]
        assert len({row.key for row in found}) == len(found), "a key is there twice"
        return {row.key: row for row in found}

    def assert_stands(self, store: VectorStore, palette: "Palette") -> None:
        """The index holds what the oracle says: every pin once, none stale, nothing else alive."""
        rows, standing = self.rows(store), self.standing
        alive = {pin_id: _alive(rows.values(), pin_id) for pin_id in standing}
        expected = {pin_id: _expected(change, palette.known) for pin_id, change in standing.items()}
        wrong = {pin_id: (alive[pin_id], expected[pin_id]) for pin_id in standing if alive[pin_id] != expected[pin_id]}
        assert not wrong, (
            f"{len(wrong)} of {len(standing)} pins differ (found, expected): {dict(list(wrong.items())[:2])}"
        )
        assert {row.pin_id for row in rows.values()} == set(standing)
        fences = {pin_id: (rows[f"{pin_id}#0"].version, rows[f"{pin_id}#0"].alive) for pin_id in standing}
        assert fences == {pin_id: (each.version, each.number is not None) for pin_id, each in standing.items()}

    @staticmethod
    def _lane(draw: random.Random) -> str:
        return draw.choice((EVENTS_TOPIC, BACKFILL_TOPIC))


def _rank(change: Change) -> tuple[int, bool]:
    return change.version, change.number is None


Shown = tuple[int, int, bytes, str, int, str]


def _alive(rows: Iterable[Row], pin_id: str) -> list[Shown]:
    """What a reader may see of a pin: slot, version, code, label, object count, title."""
    return sorted(_shown(row, row.version, row.title) for row in rows if row.pin_id == pin_id and row.alive)


def _shown(row: Row, version: int, title: str) -> Shown:
    return row.slot, version, row.code, row.label, row.object_count, title


def _expected(change: Change, known: Mapping[int, Sequence[Row]]) -> list[Shown]:
    if change.number is None:
        return []
    title = f"{change.pin_id} {change.version}"
    return sorted(_shown(row, change.version, title) for row in known[change.number])


@dataclass(frozen=True, slots=True)
class Palette:
    """What the models say of each picture, and the worker's settings under which they say it."""

    known: Mapping[int, Sequence[Row]]
    """The living rows of one pin with that picture."""
    settings: Mapping[str, str]


def learn(endpoints: Endpoints, store: VectorStore, folder: Path) -> Palette:
    """The palette, from one pin for each picture, one after the other.

    The detector's threshold is put where pictures differ in their objects, so that slots vanish when one replaces
    another: whatever the models were trained for, or not yet.
    """
    weakest = sorted(asyncio.run(_least_scores(endpoints)))
    middle = len(weakest) // 2
    assert weakest[middle - 1] < weakest[middle], "the detector gives different pictures the same code"
    threshold = (weakest[middle - 1] + weakest[middle]) / 2
    settings = {"triton__min_score": f"{threshold:.9f}", "triton__max_objects": str(MOST_OBJECTS)}
    deck = Deck(Site(endpoints))
    deck.put(deck.new(len(PICTURES)))
    run_until_idle(deck.site, folder, **settings, limits__in_flight="1", limits__backfill_in_flight="1")
    rows = deck.rows(store)
    known = {number: [row for row in rows.values() if row.pin_id == f"{deck.pin}-{number}"] for number in PICTURES}
    counts = {len(of_picture) for of_picture in known.values()}
    assert min(counts) >= 1, "a picture was not indexed"
    assert len(counts) > 1, "no picture has more objects than another"
    return Palette(known, settings)


async def _least_scores(endpoints: Endpoints) -> list[float]:
    """For each picture the score of its weakest object that could count."""
    async with TritonModels(endpoints.triton_grpc, timeout_s=30.0) as models:
        detector = Detector(models, model_repository.labels(), min_score=0.0, max_objects=MOST_OBJECTS)
        return [(await detector.detect(decode(picture(each), max_pixels=2**24)))[-1].score for each in PICTURES]


def run_until_idle(site: Site, folder: Path, *, group: str = "idle", **settings: str) -> list[PinOutcome]:
    """What became of everything that the group had not seen, by one worker that then ended by itself."""
    name = uuid.uuid4().hex
    worker = RunningWorker(site, folder, group=group, **{**QUIET, "name": name, **settings})
    with worker_ends(worker):
        worker.start("--exit-when-idle", "0.5")
        assert worker.wait(120.0) == 0, worker.said()
    return [outcome for outcome in site.outcomes() if outcome.worker == name]


def results(outcomes: Iterable[PinOutcome]) -> Counter[str]:
    """How many ended how."""
    return Counter(outcome.outcome for outcome in outcomes)


@contextmanager
def worker_ends(*workers: RunningWorker) -> Iterator[None]:
    """The workers are gone after the block, whatever happened."""
    try:
        yield
    finally:
        for worker in workers:
            if worker.process is not None and worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()


Place = tuple[str, int, int]


def places(outcomes: Iterable[PinOutcome]) -> Counter[Place]:
    """How often each consumed event has ended."""
    return Counter((outcome.topic, outcome.partition, outcome.offset) for outcome in outcomes)


def published(site: Site) -> set[Place]:
    """Where every event of both lanes lies."""
    return {
        (message.topic() or "", message.partition() or 0, message.offset() or 0)
        for topic in (EVENTS_TOPIC, BACKFILL_TOPIC)
        for message in site.read(topic)
    }


def await_all(site: Site, *workers: RunningWorker, deadline_s: float = 120.0) -> list[PinOutcome]:
    """The outcomes, once every published event has one; the workers must live on."""
    wanted = published(site)
    missing = set(wanted)

    def ended() -> bool:
        for worker in workers:
            assert worker.process is not None
            assert worker.process.poll() is None, worker.said()
        missing.intersection_update(wanted - places(site.outcomes()).keys())
        return not missing

    try:
        eventually(ended, deadline_s=deadline_s, what=f"an outcome for each of {len(wanted)} events")
    except AssertionError as exc:
        seen = "\n".join(f"{worker.health()}\n{worker.said()[-4000:]}" for worker in workers)
        raise AssertionError(f"{exc}: {len(missing)} missing, such as {sorted(missing)[:5]}\n{seen}") from exc
    return site.outcomes()
