"""Where an answer goes on: an opaque text that remembers what was shown, so that no later page repeats it."""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from pinstream.errors import QueryInvalid

MAX_PAGED: Final = 500
"""So many hits deep a cursor reaches: it takes 10 bytes for each, and must fit into an address."""

_FORMAT: Final = 1
_HEAD: Final = struct.Struct(">B4sQ")
_MARK_BYTES: Final = 5
_LATEST_MS: Final = 1 << 53
"""No clock shows this; a filter could not hold the largest number that fits into a cursor."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The question's digest, when its first page was asked, and the marks of the pins and pictures shown since."""

    question: bytes
    asked_at_ms: int
    marks: frozenset[bytes] = frozenset()

    def has(self, kind: str, name: str) -> bool:
        """Whether this pin or picture was shown; wrong once in about 10^9 times."""
        return bool(self.marks) and _mark(kind, name) in self.marks

    def after(self, shown: Iterable[tuple[str, str]]) -> Self:
        """The cursor once these were shown too, each a pin and its picture."""
        marks = {mark for pin, picture in shown for mark in (_mark("pin", pin), _mark("picture", picture))}
        return type(self)(self.question, self.asked_at_ms, self.marks | marks)

    @property
    def shown(self) -> int:
        """How many hits were shown, about: each leaves two marks."""
        return len(self.marks) // 2

    def encode(self) -> str:
        """As text that may stand in an address."""
        packed = _HEAD.pack(_FORMAT, self.question, self.asked_at_ms) + b"".join(sorted(self.marks))
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def first_page(question: object, *, now_ms: int) -> Cursor:
    """The cursor of an answer that begins now."""
    return Cursor(_digest(question), now_ms)


def next_page(text: str, question: object) -> Cursor:
    """The cursor that ``text`` holds; raises QueryInvalid where it is none, or another question's."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        form, digest, asked_at_ms = _HEAD.unpack_from(packed)
    except (binascii.Error, struct.error, ValueError) as exc:
        raise QueryInvalid(f"cursor = {text!r:.40}: give back the one that came with an answer") from exc
    marks = packed[_HEAD.size :]
    is_whole = form == _FORMAT and asked_at_ms <= _LATEST_MS and not len(marks) % _MARK_BYTES
    if not is_whole or len(marks) > 2 * MAX_PAGED * _MARK_BYTES:
        raise QueryInvalid(f"cursor = {text!r:.40}: give back the one that came with an answer")
    if digest != _digest(question):
        raise QueryInvalid(f"cursor = {text!r:.40}: it belongs to another question; only the limit may change")
    each = (marks[i : i + _MARK_BYTES] for i in range(0, len(marks), _MARK_BYTES))
    return Cursor(digest, asked_at_ms, frozenset(each))


def _digest(question: object) -> bytes:
    return hashlib.blake2b(repr(question).encode(), digest_size=4).digest()


def _mark(kind: str, name: str) -> bytes:
    return hashlib.blake2b(f"{kind} {name}".encode(), digest_size=_MARK_BYTES).digest()
