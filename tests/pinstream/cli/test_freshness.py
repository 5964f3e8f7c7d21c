"""Percentiles a person can check."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.cli.watch.freshness import FreshnessWindow, Spread, quantile
from pinstream.cli.watch.line_order import LineOrder
from pinstream.events import PinOutcome


def outcome(**changes: Any) -> PinOutcome:
    fields: dict[str, Any] = {
        "pin_id": "a",
        "outcome": "indexed",
        "embedding_version": 1,
        "topic": "pins.events",
        "partition": 0,
        "offset": 0,
        "published_at_ms": 1_000,
        "finished_at_ms": 1_060,
    }
    return PinOutcome(**(fields | changes))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1))
def test_quantiles_are_interpolated_between_neighbours(values: list[float], share: float) -> None:
    expected = np.quantile(values, share)

    assert quantile(sorted(values), share) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_spreads_hold_ages_and_stages_in_their_order() -> None:
    window = FreshnessWindow()
    for age_ms in range(1, 101):
        window.add(
            outcome(offset=age_ms, finished_at_ms=1_000 + age_ms, stages_ms={"embed": 2.0, "queue": float(age_ms)})
        )
    window.add(outcome(finished_at_ms=1_050, visible_at_ms=1_055))

    spreads = {spread.name: spread for spread in window.spreads()}

    assert list(spreads) == ["freshness", "acknowledged", "queue", "embed"]
    assert spreads["freshness"] == Spread("freshness", 1, 55, 55, 55, 55)
    queue = spreads["queue"]
    assert (queue.count, queue.p50_ms, queue.max_ms) == (100, 50.5, 100)
    assert (queue.p95_ms, queue.p99_ms) == pytest.approx((95.05, 99.01))


def test_the_window_rolls_and_dead_pins_are_counted_not_averaged() -> None:
    window = FreshnessWindow(2)
    window.add(outcome(offset=1, finished_at_ms=9_000))
    window.add(outcome(offset=2, finished_at_ms=1_010))
    window.add(outcome(offset=3, outcome="dead", finished_at_ms=99_000))

    (acknowledged,) = window.spreads()

    assert (acknowledged.count, acknowledged.max_ms) == (1, 10)
    assert (window.pins, window.dead) == (3, 1)


def test_a_pin_that_is_found_later_counts_once() -> None:
    window = FreshnessWindow()
    window.add(outcome())
    window.add(outcome(visible_at_ms=1_070))

    freshness, acknowledged = window.spreads()

    assert (freshness.count, freshness.max_ms, acknowledged.count, window.pins) == (1, 70, 1, 1)


def test_each_event_has_one_line_with_its_probe_if_that_comes_soon() -> None:
    now_s = 0.0
    lines = LineOrder(hold_s=1.0, now=lambda: now_s)

    at_once = lines.take([outcome(offset=1), outcome(offset=2), outcome(offset=3, outcome="dead")])
    found = lines.take([outcome(offset=1, visible_at_ms=1_070)])
    now_s = 1.0
    waited = lines.take([])
    late = lines.take([outcome(offset=2, visible_at_ms=3_000), outcome(offset=1)])

    assert [each.offset for each in (*at_once, *found, *waited, *late)] == [3, 1, 2]
    assert found[0].freshness_ms == 70


def test_an_empty_window_has_no_spreads() -> None:
    assert FreshnessWindow().spreads() == []
