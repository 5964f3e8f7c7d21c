"""Random operations on an index, made so that the hard cases are common: few pins, few codes, many equals."""

import random
from dataclasses import dataclass, replace
from typing import get_args

from pinstream.events import Domain
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code
from pinstream.store.collection import Row, Slots, Where, tombstone

LABELS = ("Hat", "Dress", 'Sho"es\\', "Été", "")
LINKS = ("", "https://example.com/?a=1&b=%22", 'https://example.com/é"\\x')
NOW_MS = 1_700_000_000_000


@dataclass(frozen=True)
class Upsert:
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Delete:
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Search:
    code: Code
    where: Where
    limit: int


class Operations:
    """An endless, seeded sequence of operations over some thirty pins."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._centres = [self._random.randbytes(CODE_BYTES) for _ in range(4)]
        self._version = 0

    def upsert(self) -> Upsert:
        """Several pins as the worker writes them, some twice in one batch, some deleted."""
        pins = [self._pin() for _ in range(self._random.randint(1, 12))]
        if self._random.random() < 0.5:
            pins.append([replace(row, title="later in the batch") for row in self._random.choice(pins)])
        return Upsert(tuple(row for rows in pins for row in rows))

    def delete(self) -> Delete:
        """Some keys for good, some of them unknown."""
        return Delete(
            tuple(f"{self._pin_id()}#{self._random.randint(0, 3)}" for _ in range(self._random.randint(0, 6)))
        )

    def search(self) -> Search:
        """Near a centre, where equal distances are common, under random filters."""
        return Search(self.code(), self.where(), self._random.choice((1, 2, 3, 7, 20, 200)))

    def code(self) -> Code:
        """A centre with up to three of its bits flipped."""
        value = int.from_bytes(self._random.choice(self._centres), "big")
        for _ in range(self._random.randint(0, 3)):
            value ^= 1 << self._random.randrange(CODE_BITS)
        return value.to_bytes(CODE_BYTES, "big")

    def where(self) -> Where:
        """Each restriction with some probability, an empty set among them."""
        maybe = self._maybe
        return Where(
            slots=self._random.choice(get_args(Slots)),
            domains=maybe(get_args(Domain)),
            labels=maybe(LABELS),
            published_since_ms=NOW_MS + self._random.randint(0, 50) if self._random.random() < 0.3 else None,
            image_sha256s=maybe([self._sha256(i) for i in range(8)]),
            pins=maybe([f"pin-{i}" for i in range(30)]),
            not_pins=maybe([f"pin-{i}" for i in range(30)]) or frozenset(),
            not_image_sha256s=maybe([self._sha256(i) for i in range(8)]) or frozenset(),
            link=self._random.choice(LINKS[1:]) if self._random.random() < 0.2 else None,
        )

    def _maybe(self, values: "list[str] | tuple[str, ...]") -> frozenset[str] | None:
        if self._random.random() < 0.75:
            return None
        return frozenset(self._random.sample(values, self._random.randint(0, len(values))))

    def _pin(self) -> list[Row]:
        pin_id = self._pin_id()
        self._version += 1
        if self._random.random() < 0.2:
            return [tombstone(pin_id, slot, self._version, at_ms=NOW_MS) for slot in range(self._random.randint(1, 4))]
        objects = self._random.randint(0, 3)
        dead = range(objects + 1, self._random.randint(objects, 3) + 1)
        picture = self._random.choice(("", self._sha256(self._random.randint(0, 7))))
        rows = [self._row(pin_id, slot, objects) for slot in range(objects + 1)]
        return [replace(row, image_sha256=picture) for row in rows] + [
            tombstone(pin_id, slot, self._version, at_ms=NOW_MS) for slot in dead
        ]

    def _row(self, pin_id: str, slot: int, objects: int) -> Row:
        chance = self._random
        return Row(
            pin_id=pin_id,
            slot=slot,
            alive=True,
            code=self.code(),
            version=self._version,
            object_count=objects,
            label=chance.choice(LABELS),
            score=chance.random(),
            box=(chance.random() / 2, chance.random() / 2, 1 - chance.random() / 2, 1.0),
            domain=chance.choice(get_args(Domain)),
            published_at_ms=NOW_MS + chance.randint(0, 50),
            indexed_at_ms=NOW_MS + chance.randint(50, 90),
            title=chance.choice(("", "a red hat", 'q"uo\\te\n', "😀 日本", "nul \0 byte")),
            link=chance.choice(LINKS),
            image_url=chance.choice(("", "https://example.com/é.jpg")),
            price=chance.choice((None, 0.0, 12.99, 1e12, 1 / 3)),
            currency=chance.choice(("", "EUR")),
            tags=tuple(chance.sample(LABELS, chance.randint(0, 3))),
        )

    def _pin_id(self) -> str:
        return f"pin-{self._random.randint(0, 29)}"

    @staticmethod
    def _sha256(i: int) -> str:
        return f"{i:064x}"
