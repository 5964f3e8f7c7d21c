"""What a search returns: plain records."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from pinstream.events import Domain
from pinstream.store.collection import Box, Row

NEAR_DUPLICATE_BITS: Final = 32
"""Up to this Hamming distance two pictures count as the same one, saved again.

Measured for every embedding version by tests/bench/products on copies of photos that no model has seen, against other
people's photos: see docs/products.md. It is below the widest threshold that keeps 99 % of precision, because the more
pictures an index holds, the more of them are near to any other.
"""

SAME_PRODUCT_BITS: Final = 64
"""Up to this Hamming distance an object that links to the same page counts as the same product.

Beyond it the page is more likely a shop's front page than a product's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture that a search found, with the fields of the nearest pin that shows it.

    ``slot`` is 0 for a whole picture and 1..n for an object. ``distance`` counts the bits of 256 that differ;
    ``similarity`` is 1 - distance / 128, from 1 to -1. ``box`` is left, top, right, bottom of the matching object as
    fractions of the picture, 0 to 1. ``age_s`` is the time since publication in seconds, by the clock of this process.
    """

    pin_id: str
    slot: int
    distance: int
    similarity: float
    near_duplicate: bool
    same_product: bool
    """Of ``similar`` only: a near-duplicate of the object, or one like it that links to the same page."""
    pins: int
    """How many pins show exactly this picture and pass the filters, this one included.

    Only pins with the same code are counted. Codes of the same picture may differ in a bit: GPUs round by batch.
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
    relevance: float
    """The hits are sorted by it: the similarity, plus the freshness boost if asked for; or the caller's score."""
    query: int = 0
    """Of ``blended``: the position of the code that found it."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits: near-duplicates first, then by relevance, distance and key."""

    hits: tuple[Hit, ...]
    exhausted: bool
    """Whether these are all pictures that pass the filters; if not, ``limit`` was met."""
    cursor: str | None = None
    """For the next page, which repeats neither pin nor picture; None if there is no next page."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinObject:
    """One object that was detected on a pin's picture; ``slot`` (1..n) is what ``similar`` takes."""

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
    """All rows that the index holds of a pin, by slot, tombstones too."""

    pin_id: str
    rows: tuple[Row, ...]
    found: bool
    """Whether a search returned its whole picture just now."""
    asked_at_ms: int


def picture_of(shown: Row | Hit) -> str:
    """What identifies a picture: the digest of its bytes, or the pin id if the digest is not known."""
    return shown.image_sha256 or f"pin {shown.pin_id}"


def age_s(row: Row, *, now_ms: int) -> float:
    """Seconds since the row's event was published; never negative."""
    return max(now_ms - row.published_at_ms, 0) / 1000
