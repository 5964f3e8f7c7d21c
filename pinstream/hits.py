"""What a search answers with: plain records, and how many rows become one hit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from pinstream.codes import similarity
from pinstream.collection import Box, Row
from pinstream.events import Domain
from pinstream.store import Match

NEAR_DUPLICATE_BITS: Final = 32
"""Up to this Hamming distance two pictures count as the same one, saved again.

Measured with embedding version 1: recompressing to JPEG quality 70 flips 19 bits at the median and 30 at the 95th
percentile, cutting 5 % off the edges 21 and 34; two different photographs differ by 71, the closest by 37.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture that a search found, shown by the nearest of the pins that show it."""

    pin_id: str
    slot: int
    distance: int
    similarity: float
    near_duplicate: bool
    pins: int
    """How many pins show this very picture and pass the filters, this one included.

    Counted are those with the same code: a picture embedded twice may differ in a bit (GPUs round by batch).
    """
    age_s: float
    box: Box
    label: str
    score: float
    domain: Domain
    version: int
    published_at_ms: int
    image_sha256: str
    title: str
    link: str
    image_url: str
    price: float | None
    currency: str
    tags: tuple[str, ...]

    @classmethod
    def of(cls, match: Match, *, pins: int, now_ms: int) -> Self:
        """The hit for ``match``, which stands for ``pins`` pins."""
        row = match.row
        return cls(
            pin_id=row.pin_id,
            slot=row.slot,
            distance=match.distance,
            similarity=similarity(match.distance),
            near_duplicate=match.distance <= NEAR_DUPLICATE_BITS,
            pins=pins,
            age_s=age_s(row, now_ms=now_ms),
            box=row.box,
            label=row.label,
            score=row.score,
            domain=row.domain,
            version=row.version,
            published_at_ms=row.published_at_ms,
            image_sha256=row.image_sha256,
            title=row.title,
            link=row.link,
            image_url=row.image_url,
            price=row.price,
            currency=row.currency,
            tags=row.tags,
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, nearest first, so near-duplicates lead; of equal distances the smaller pin id first."""

    hits: tuple[Hit, ...]
    exhausted: bool
    """True: these are all there are. False: there are more, and ``limit`` was met."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinObject:
    """One thing that was found on a pin's picture; ``slot`` is what ``similar`` takes."""

    slot: int
    label: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedPin:
    """A pin as the index knows it."""

    pin_id: str
    version: int
    domain: Domain
    age_s: float
    published_at_ms: int
    indexed_at_ms: int
    objects: tuple[PinObject, ...]
    image_sha256: str
    title: str
    link: str
    image_url: str
    price: float | None
    currency: str
    tags: tuple[str, ...]

    @classmethod
    def of(cls, whole: Row, objects: Iterable[Row], *, now_ms: int) -> Self:
        """The pin whose slot 0 is ``whole``."""
        return cls(
            pin_id=whole.pin_id,
            version=whole.version,
            domain=whole.domain,
            age_s=age_s(whole, now_ms=now_ms),
            published_at_ms=whole.published_at_ms,
            indexed_at_ms=whole.indexed_at_ms,
            objects=tuple(
                PinObject(slot=row.slot, label=row.label, score=row.score, box=row.box)
                for row in sorted(objects, key=lambda row: row.slot)
            ),
            image_sha256=whole.image_sha256,
            title=whole.title,
            link=whole.link,
            image_url=whole.image_url,
            price=whole.price,
            currency=whole.currency,
            tags=whole.tags,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTrace:
    """What the index holds of a pin, for a person who looks for it: rows by slot, dead ones too."""

    pin_id: str
    rows: tuple[Row, ...]
    found: bool
    """Whether a search returned its whole picture just now."""
    asked_at_ms: int


class Pictures:
    """Matches collapsed to pictures: all rows of a pin, and all pins with one picture, become one entry.

    Pins in ``but`` are passed over.
    """

    def __init__(self, *, but: frozenset[str] = frozenset()) -> None:
        self._but = but
        self._nearest: dict[str, Match] = {}
        self._pins: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._nearest)

    def add(self, matches: Sequence[Match]) -> None:
        """Take in ``matches``, nearest first, and none nearer than those taken before."""
        for match in matches:
            if match.row.pin_id in self._but:
                continue
            picture = match.row.image_sha256 or match.row.pin_id
            nearest = self._nearest.setdefault(picture, match)
            if match.distance == nearest.distance:
                self._pins.setdefault(picture, set()).add(match.row.pin_id)

    def image_sha256s(self) -> frozenset[str]:
        """The pictures seen, as far as their content is known."""
        return frozenset(match.row.image_sha256 for match in self._nearest.values() if match.row.image_sha256)

    def unnamed_pins(self) -> frozenset[str]:
        """The pins seen whose picture's content is not known."""
        return frozenset(match.row.pin_id for match in self._nearest.values() if not match.row.image_sha256)

    def hits(self, limit: int, *, now_ms: int) -> tuple[Hit, ...]:
        """The ``limit`` nearest pictures, by (distance, key)."""
        nearest = list(self._nearest.items())[:limit]
        return tuple(Hit.of(match, pins=len(self._pins[picture]), now_ms=now_ms) for picture, match in nearest)


def age_s(row: Row, *, now_ms: int) -> float:
    """Seconds since ``row``'s event was published, by the clock of this process; never negative."""
    return max(now_ms - row.published_at_ms, 0) / 1000
