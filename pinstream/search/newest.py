"""The rows published last, from an index that cannot sort: by a window of time that is widened and narrowed."""

from dataclasses import replace
from typing import Final, Protocol

from pinstream.store.collection import Row, Where
from pinstream.store.vector_store import MAX_LIMIT

_FIRST_WINDOW_MS: Final = 60_000
_ROOM: Final = 4


class Scan(Protocol):
    """A store's ``scan``, at the consistency that was chosen."""

    def __call__(self, where: Where, *, limit: int) -> list[Row]:
        """Up to ``limit`` accepted rows, in no particular order."""
        ...


def newest_rows(scan: Scan, where: Where, *, limit: int, now_ms: int) -> list[Row]:
    """Up to ``limit`` accepted rows, the newest first, of equals the smaller key first.

    ``scan(where, limit=n)`` gives up to n rows in no order: a full page may lack the newest, so the window shrinks;
    a page with too few rows grows it. More than four times ``limit`` within one millisecond are cut at chance.
    """
    room = min(limit * _ROOM, MAX_LIMIT - 1)
    too_young, too_old = now_ms + 1, -1
    oldest_ms = where.published_since_ms or 0
    since_ms = max(now_ms - _FIRST_WINDOW_MS, oldest_ms)
    while True:
        rows = scan(replace(where, published_since_ms=since_ms), limit=room + 1)
        if len(rows) > room:
            too_old = since_ms
        elif len(rows) < limit and since_ms > oldest_ms:
            too_young = since_ms
        else:
            break
        if too_young - too_old <= 1:
            rows = scan(replace(where, published_since_ms=too_old), limit=MAX_LIMIT - 1)
            break
        since_ms = _between(too_old, too_young, now_ms=now_ms, oldest_ms=oldest_ms)
    return sorted(rows, key=lambda row: (-row.published_at_ms, row.key))[:limit]


def _between(too_old: int, too_young: int, *, now_ms: int, oldest_ms: int) -> int:
    """The next start to try: eight times the window while nothing was too old, else half way."""
    if too_old < 0:
        return max(now_ms - 8 * max(now_ms - too_young, 1), oldest_ms)
    return (too_old + too_young) // 2
