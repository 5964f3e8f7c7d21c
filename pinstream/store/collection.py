"""The Milvus collection as plain records: its rows, its keys, its filters. Needs no client."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pinstream.events import Domain
from pinstream.store.codes import CODE_BYTES, Code

EMBEDDING_VERSION: Final = 1
ALIAS: Final = "pins"
WHOLE_SLOT: Final = 0
MAX_SLOT: Final = 2**15 - 1
TOMBSTONE_CODE: Final[Code] = bytes(CODE_BYTES)

Slots = Literal["any", "whole", "objects"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture, 0..1."""
WHOLE_BOX: Final[Box] = (0.0, 0.0, 1.0, 1.0)


def collection_name(embedding_version: int = EMBEDDING_VERSION) -> str:
    """The collection that holds the codes of one embedding version."""
    return f"{ALIAS}_v{embedding_version}"


def row_key(pin_id: str, slot: int) -> str:
    """The primary key, ``<pin_id>#<slot>``; slot 0 is the whole picture, 1..n are its objects."""
    return f"{pin_id}#{slot}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One code in the index: a whole picture or one object on it.

    ``label`` and ``score`` are the object's; in slot 0 those of the picture's most certain object, so that whole
    pictures can be filtered by what they mainly show (empty and 0.0 where nothing was found).
    """

    pin_id: str
    slot: int
    alive: bool
    code: Code
    version: int
    object_count: int = 0
    label: str = ""
    score: float = 0.0
    box: Box = WHOLE_BOX
    domain: Domain = "web"
    image_sha256: str = ""
    published_at_ms: int = 0
    indexed_at_ms: int = 0
    title: str = ""
    link: str = ""
    image_url: str = ""
    price: float | None = None
    currency: str = ""
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The row's primary key."""
        return row_key(self.pin_id, self.slot)


def tombstone(pin_id: str, slot: int, version: int, *, at_ms: int) -> Row:
    """The row that replaces a vanished object or a deleted pin; no search returns it.

    The worker's fence reads its version in slot 0, and keeps older events out.
    """
    return Row(
        pin_id=pin_id,
        slot=slot,
        alive=False,
        code=TOMBSTONE_CODE,
        version=version,
        published_at_ms=at_ms,
        indexed_at_ms=at_ms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which rows with ``alive = true`` a search may return; fields that are None do not restrict.

    ``link`` must not be empty. It has no column of its own: Milvus reads the JSON of every row, which is slower.
    """

    slots: Slots = "any"
    domains: frozenset[str] | None = None
    labels: frozenset[str] | None = None
    published_since_ms: int | None = None
    image_sha256s: frozenset[str] | None = None
    pins: frozenset[str] | None = None
    not_pins: frozenset[str] = frozenset()
    not_image_sha256s: frozenset[str] = frozenset()
    link: str | None = None

    @property
    def accepts_nothing(self) -> bool:
        """Whether a set is empty, so that no row can pass. Do not search then: Milvus Lite cannot parse ``in []``."""
        return any(values is not None and not values for values in self._required().values())

    def accepts(self, row: Row) -> bool:
        """Whether a search under this filter may return ``row``."""
        return (
            row.alive
            and (self.slots == "any" or (self.slots == "whole") == (row.slot == WHOLE_SLOT))
            and (self.domains is None or row.domain in self.domains)
            and (self.labels is None or row.label in self.labels)
            and (self.published_since_ms is None or row.published_at_ms >= self.published_since_ms)
            and (self.image_sha256s is None or row.image_sha256 in self.image_sha256s)
            and (self.pins is None or row.pin_id in self.pins)
            and row.pin_id not in self.not_pins
            and row.image_sha256 not in self.not_image_sha256s
            and (self.link is None or row.link == self.link)
        )

    def expression(self) -> str:
        """The filter as a Milvus expression; values are quoted, so that none can change its meaning."""
        clauses = ["alive == true"]
        if self.slots != "any":
            clauses.append(f"slot {'==' if self.slots == 'whole' else '>'} {WHOLE_SLOT}")
        for field, values in self._required().items():
            if values is not None:
                clauses.append(f"{field} in {list_literal(values)}")
        if self.published_since_ms is not None:
            clauses.append(f"published_at_ms >= {self.published_since_ms}")
        for field, refused in (("pin_id", self.not_pins), ("image_sha256", self.not_image_sha256s)):
            if refused:
                clauses.append(f"{field} not in {list_literal(refused)}")
        if self.link is not None:
            clauses.append(f'shown["link"] == {literal(self.link)}')
        return " and ".join(clauses)

    def _required(self) -> dict[str, frozenset[str] | None]:
        return {
            "domain": self.domains,
            "label": self.labels,
            "image_sha256": self.image_sha256s,
            "pin_id": self.pins,
        }


def list_literal(values: Iterable[str]) -> str:
    """``values`` as a sorted list in a Milvus expression."""
    return "[" + ", ".join(literal(value) for value in sorted(values)) + "]"


def literal(value: str) -> str:
    """A text in a Milvus expression, escaped, so that no value can change the meaning of the expression."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
