"""A cursor leads to the next page of its own query, and to nothing else."""

import base64
from collections.abc import Callable

import pytest

from pinstream.errors import QueryInvalid
from pinstream.search.cursor import MAX_PAGED
from pinstream.search.query import CodeQuery, Filters, Freshness, Rerank
from tests.pinstream.search.rows import code, index_of, pin_ids, row


def test_a_cursor_of_another_query_and_a_text_that_is_none_are_refused() -> None:
    searched = index_of(*(row(f"p{i}", i) for i in range(9)))
    cursor = searched.related("p0", limit=2).cursor
    assert cursor is not None

    late = base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor + "==")[:5] + b"\xff" * 8).decode().rstrip("=")
    for other in ("", "!", "AAAA", cursor[:-3], cursor + "AAAA", "é", late):
        with pytest.raises(QueryInvalid, match=r"cursor = .*give back the one that came with an answer"):
            searched.related("p0", cursor=other)
    calls: tuple[Callable[[], object], ...] = (
        lambda: searched.related("p1", cursor=cursor),
        lambda: searched.related("p0", cursor=cursor, filters=Filters(domain="web")),
        lambda: searched.related("p0", cursor=cursor, order=Freshness(half_life_s=1)),
    )
    for call in calls:
        with pytest.raises(QueryInvalid, match="it belongs to another query; only the limit may change"):
            call()


def test_a_cursor_reaches_as_deep_as_stated() -> None:
    searched = index_of(*(row(f"p{i:03}", i % 200) for i in range(MAX_PAGED + 20)))

    first = searched.by_code(code(0), limit=MAX_PAGED)
    deeper = searched.by_code(code(0), limit=MAX_PAGED + 1)
    second = searched.by_code(code(0), limit=10, cursor=first.cursor)

    assert (first.exhausted, deeper.exhausted, deeper.cursor) == (False, False, None)
    assert len(first.cursor or "") < 8_000
    assert not set(pin_ids(first)) & set(pin_ids(second))
    assert (len(second), second.exhausted, second.cursor) == (10, False, None)


def test_cursors_that_running_services_have_given_out_stay_valid() -> None:
    searched = index_of(*(row(f"p{i}", i) for i in range(5)))
    filters = Filters(domain="web", max_age_s=86_400, but="p4")
    keep_order = Rerank(scorer=lambda hits: [0.0] * len(hits), candidates=3)

    pages = (
        searched.related(
            "p0", filters=filters, order=Freshness(half_life_s=3_600), cursor="AUjvcVUAAAGLz-VoACG2HhZsJnnoBrc"
        ),
        searched.related("p0", order=keep_order, cursor="Adz_g68AAAGLz-VoACG2HhZsJnnoBrc"),
        searched.by_code(code(0), slots="whole", cursor="Achia_YAAAGLz-VoAKBlrq401UcaixE"),
        searched.blended(
            [CodeQuery(code=code(0), slots="whole", weight=0.5)], cursor="AdaP7_cAAAGLz-VoAKBlrq401UcaixE"
        ),
    )

    assert [pin_ids(page) for page in pages] == [
        ["p2", "p3"],
        ["p2", "p3"],
        ["p1", "p2", "p3", "p4"],
        ["p1", "p2", "p3", "p4"],
    ]
