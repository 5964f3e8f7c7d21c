"""Random pins for property tests, in which ties and shared pictures are common, and a slow search to compare with."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from pinstream.search.hits import NEAR_DUPLICATE_BITS
from pinstream.search.query import Freshness
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code, hamming, similarity
from pinstream.store.collection import Row, Where
from tests.pinstream.search.rows import HOUR_MS, NOW_MS, code

DISTANCES = (*range(6), NEAR_DUPLICATE_BITS - 1, NEAR_DUPLICATE_BITS, NEAR_DUPLICATE_BITS + 1, 40, 50, 64, 65, 90, 120)
AGES_MS = (0, 1, 900, 60_000, HOUR_MS // 2, HOUR_MS, 3 * HOUR_MS, 30 * HOUR_MS, -5_000)


@st.composite
def pins(draw: st.DrawFn, *, most: int = 40) -> list[Row]:
    """Rows of pins with up to three objects; many show one of a few pictures, or are equally far, or equally old."""
    rows: list[Row] = []
    for number in range(draw(st.integers(0, most))):
        objects = draw(st.lists(st.sampled_from(DISTANCES), max_size=3))
        whole = Row(
            pin_id=f"p{number:02}",
            slot=0,
            alive=True,
            code=code(draw(st.sampled_from(DISTANCES))),
            version=1,
            object_count=len(objects),
            label=draw(st.sampled_from(("Hat", "Shoe"))),
            domain=draw(st.sampled_from(("web", "catalog"))),
            image_sha256=draw(st.sampled_from(("", *"abcdefghij"))),
            published_at_ms=NOW_MS - draw(st.sampled_from(AGES_MS)),
            link=draw(st.sampled_from(("", "https://shop.example/1", "https://shop.example/2"))),
        )
        rows.append(whole)
        rows += [replace(whole, slot=slot, code=code(bits)) for slot, bits in enumerate(objects, start=1)]
    return rows


def crowd(seed: int, *, size: int, half_life_s: float) -> list[Row]:
    """Whole pictures of many pins, most of them old, some shown by pins of different codes and ages."""
    chance = random.Random(seed)
    return [
        Row(
            pin_id=f"p{number:03}",
            slot=0,
            alive=True,
            code=code(chance.randint(20, 110)),
            version=1,
            image_sha256=chance.choice(("", f"{number % 40:02}", f"own {number}")),
            published_at_ms=NOW_MS - round(1000 * half_life_s * chance.choice((chance.uniform(0, 5), 50, 50, 50, 50))),
        )
        for number in range(size)
    ]


@dataclass(frozen=True)
class SlowQuery:
    """One code to search for, and the relevance of its hits."""

    where: Where
    code: Code = bytes(CODE_BYTES)
    relevance_at: Callable[[int], float] = similarity
    first_bits: int = NEAR_DUPLICATE_BITS
    max_bits: int = CODE_BITS


Found = tuple[str, int, int, int]
"""Pin, slot, distance, pins."""


def slow_search(
    rows: Sequence[Row], queries: Iterable[SlowQuery], *, freshness: Freshness | None = None, but: str = ""
) -> list[Found]:
    """Every picture, best first: of each picture the nearest rows by each code, of those the one that sorts first."""
    best: dict[str, tuple[tuple[bool, float, int, str], Found]] = {}
    for each in queries:
        pictures: dict[str, list[Row]] = {}
        for row in rows:
            if each.where.accepts(row) and row.pin_id != but and hamming(row.code, each.code) <= each.max_bits:
                pictures.setdefault(row.image_sha256 or f"pin {row.pin_id}", []).append(row)
        for picture, shown in pictures.items():
            distance = min(hamming(row.code, each.code) for row in shown)
            nearest = [row for row in shown if hamming(row.code, each.code) == distance]
            count = len({row.pin_id for row in nearest})
            for row in nearest:
                boost = 0.0
                if freshness is not None:
                    age_s = max(NOW_MS - row.published_at_ms, 0) / 1000
                    boost = freshness.weight * 2 ** (-age_s / freshness.half_life_s)
                sort_key = (distance > each.first_bits, -(each.relevance_at(distance) + boost), distance, row.key)
                found = (sort_key, (row.pin_id, row.slot, distance, count))
                if picture not in best or found[0] < best[picture][0]:
                    best[picture] = found
    return [found for _, found in sorted(best.values())]
