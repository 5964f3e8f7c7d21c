"""Arguments out of range are refused, with the value and what is allowed."""

from collections.abc import Callable

import pytest

from pinstream.errors import QueryInvalid
from pinstream.search.query import MAX_HITS, CodeQuery, Filters, Freshness, Rerank
from tests.pinstream.search.rows import code, index_of, row


def test_arguments_out_of_range_are_named_with_what_is_allowed() -> None:
    searched = index_of(row("pin", 0))
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: searched.related("pin", limit=0), f"limit = 0: 1 to {MAX_HITS} are allowed"),
        (lambda: searched.related("pin", limit=MAX_HITS + 1), "limit = 1001"),
        (
            lambda: searched.related("pin", filters=Filters(domain="shop")),
            "domain = 'shop': web, camera, catalog are allowed",
        ),
        (lambda: searched.related("pin", filters=Filters(domain=[])), "give at least one name"),
        (lambda: searched.related("pin", filters=Filters(label="")), "give at least one name"),
        (lambda: searched.related("pin", filters=Filters(label="a\nb")), "printable characters are allowed"),
        (lambda: searched.related("pin", filters=Filters(label="\udcff")), "printable characters are allowed"),
        (lambda: searched.related("pin", filters=Filters(max_age_s=-1)), r"max_age_s = -1"),
        (lambda: searched.related("pin", filters=Filters(max_age_s=float("nan"))), "max_age_s = nan"),
        (
            lambda: searched.related("pin", filters=Filters(max_age_s=1e307)),
            r"max_age_s = 1e\+307: 0 to 1e\+12 seconds",
        ),
        (lambda: searched.related('p" or true'), "pin_id = "),
        (lambda: searched.similar("pin", 0), r"slot = 0: .* use related\(\)"),
        (lambda: searched.by_code(b"short"), "a code has 32 bytes"),
        (lambda: searched.by_code(code(0), slots="all"), "slots = 'all': any, whole, objects"),  # type: ignore[arg-type]
        (lambda: searched.related("nobody", filters=Filters(domain="shop")), "domain = 'shop'"),  # before it is read
    )

    for call, message in calls:
        with pytest.raises(QueryInvalid, match=message):
            call()


def test_orders_out_of_range_are_named_with_what_is_allowed() -> None:
    searched = index_of(row("pin", 0), row("other", 1))

    for order, message in (
        (Freshness(half_life_s=0), "half_life_s = 0: seconds, above 0"),
        (Freshness(half_life_s=float("nan")), "half_life_s = nan"),
        (Freshness(half_life_s=1, weight=3), "weight = 3: above 0 and up to 2"),
        (Rerank(scorer=len, candidates=0), "candidates = 0: 1 to 1000"),  # type: ignore[arg-type]
        (Rerank(scorer=lambda hits: []), "scorer: 1 finite scores were expected, it gave 0"),
        (Rerank(scorer=lambda hits: [float("nan")]), "1 finite scores were expected, it gave 1: \\[nan"),
    ):
        with pytest.raises(QueryInvalid, match=message):
            searched.related("pin", order=order)
    for query, message in (
        ([], "give at least one code"),
        ([CodeQuery(code=b"short")], "a code has 32 bytes"),
        ([CodeQuery(code=code(0), weight=0)], "weight = 0: above 0 and up to 1"),
    ):
        with pytest.raises(QueryInvalid, match=message):
            searched.blended(query)
