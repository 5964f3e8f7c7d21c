"""Cursors: opaque texts that hold hashes of what earlier pages showed, so that no later page repeats it."""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from pinstream.errors import QueryInvalid

MAX_PAGED: Final = 500
"""How many hits all pages together may have: a cursor takes 10 bytes for each, and must fit into a URL."""

_FORMAT: Final = 1
_HEAD: Final = struct.Struct(">B4sQ")
_MARK_BYTES: Final = 5
_LATEST_MS: Final = 1 << 53
"""Later times are refused: they fit into a cursor, but not into a filter of the store."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """One page of one query: the query's digest, when its first page was asked for, and hashes of what was shown."""

    query_digest: bytes
    asked_at_ms: int
    marks: frozenset[bytes] = frozenset()

    @property
    def hits_shown(self) -> int:
        """How many hits the earlier pages had, approximately: each leaves two hashes."""
        return len(self.marks) // 2

    def was_shown(self, *, pin_id: str, picture: str) -> bool:
        """Whether an earlier page had this pin or this picture; wrong once in about 10^9 times."""
        return self.picture_was_shown(picture) or (bool(self.marks) and _mark("pin", pin_id) in self.marks)

    def picture_was_shown(self, picture: str) -> bool:
        """Whether an earlier page had this picture."""
        return bool(self.marks) and _mark("picture", picture) in self.marks

    def after(self, shown: Iterable[tuple[str, str]]) -> Self:
        """The next page, after one that showed these hits; each hit is a pin and its picture."""
        marks = {mark for pin, picture in shown for mark in (_mark("pin", pin), _mark("picture", picture))}
        return type(self)(self.query_digest, self.asked_at_ms, self.marks | marks)

    def encode(self) -> str:
        """The cursor as text that is safe in a URL."""
        packed = _HEAD.pack(_FORMAT, self.query_digest, self.asked_at_ms) + b"".join(sorted(self.marks))
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def first_page(query: object, *, now_ms: int) -> Cursor:
    """The first page of the answer to ``query``."""
    return Cursor(_digest(query), now_ms)


def next_page(text: str, query: object) -> Cursor:
    """The page that the cursor ``text`` stands for; raises QueryInvalid if it is no cursor, or another query's."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        form, digest, asked_at_ms = _HEAD.unpack_from(packed)
    except (binascii.Error, struct.error, ValueError) as exc:
        raise QueryInvalid(f"cursor = {text!r:.40}: give back the one that came with an answer") from exc
    marks = packed[_HEAD.size :]
    is_whole = form == _FORMAT and asked_at_ms <= _LATEST_MS and not len(marks) % _MARK_BYTES
    if not is_whole or len(marks) > 2 * MAX_PAGED * _MARK_BYTES:
        raise QueryInvalid(f"cursor = {text!r:.40}: give back the one that came with an answer")
    if digest != _digest(query):
        raise QueryInvalid(f"cursor = {text!r:.40}: it belongs to another query; only the limit may change")
    return Cursor(digest, asked_at_ms, frozenset(marks[i : i + _MARK_BYTES] for i in range(0, len(marks), _MARK_BYTES)))


def _digest(query: object) -> bytes:
    return hashlib.blake2b(repr(query).encode(), digest_size=4).digest()


def _mark(kind: str, name: str) -> bytes:
    return hashlib.blake2b(f"{kind} {name}".encode(), digest_size=_MARK_BYTES).digest()
