"""The rows published last. Milvus cannot sort by time, so a time window is widened or narrowed until it fits."""

from dataclasses import replace
from typing import Final

from pinstream.store.collection import Row, Where
from pinstream.store.vector_store import MAX_LIMIT, Consistency, VectorStore

_FIRST_WINDOW_MS: Final = 60_000
_ROWS_PER_WANTED: Final = 4


def newest_rows(store: VectorStore, where: Where, *, limit: int, now_ms: int, consistency: Consistency) -> list[Row]:
    """Up to ``limit`` accepted rows, the newest first, then by key.

    A scan returns rows in no order. If it returns more than four times ``limit``, the newest may be missing, so the
    window narrows; if it returns fewer than ``limit``, the window widens. If more rows than that were published within
    one millisecond, which of them are returned is undefined.
    """
    most = min(limit * _ROWS_PER_WANTED, MAX_LIMIT - 1)
    too_late_ms, too_early_ms = now_ms + 1, -1
    oldest_ms = where.published_since_ms or 0
    since_ms = max(now_ms - _FIRST_WINDOW_MS, oldest_ms)
    while True:
        rows = store.scan(replace(where, published_since_ms=since_ms), limit=most + 1, consistency=consistency)
        if len(rows) > most:
            too_early_ms = since_ms
        elif len(rows) < limit and since_ms > oldest_ms:
            too_late_ms = since_ms
        else:
            break
        if too_late_ms - too_early_ms <= 1:
            since = replace(where, published_since_ms=too_early_ms)
            rows = store.scan(since, limit=MAX_LIMIT - 1, consistency=consistency)
            break
        if too_early_ms < 0:  # no window was too long so far: make it eight times as long
            since_ms = max(now_ms - 8 * max(now_ms - too_late_ms, 1), oldest_ms)
        else:
            since_ms = (too_early_ms + too_late_ms) // 2
    return sorted(rows, key=lambda row: (-row.published_at_ms, row.key))[:limit]
