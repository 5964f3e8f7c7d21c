"""Percentiles in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.watch.join.histogram import BUCKETS, MAX_MS, MIN_MS, RELATIVE_ERROR, Histogram
from streams.watch.join.windows import Windows, merged, reason_class, sample_of
from tests.streams.watch.records import START_MS, outcome_of

values = st.lists(st.floats(MIN_MS, MAX_MS), min_size=1, max_size=60)


def filled(parts: list[float]) -> Histogram:
    histogram = Histogram()
    for value in parts:
        histogram.add(value)
    return histogram


@given(values, st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_percentiles_are_those_of_the_sorted_values_within_the_error(parts: list[float], share: float) -> None:
    exact = sorted(parts)[max(math.ceil(share * len(parts)) - 1, 0)]  # nearest rank: a histogram has no neighbours

    found = filled(parts).percentile(share)

    assert found == pytest.approx(exact, rel=RELATIVE_ERROR * 1.01)


@given(values, values)
def test_merged_is_the_same_as_added_to_one(left: list[float], right: list[float]) -> None:
    merged, one = Histogram.merged([filled(left), filled(right)]), filled(left + right)

    assert (merged.buckets, merged.count, merged.max_ms) == (one.buckets, one.count, one.max_ms)


@given(st.lists(st.floats(-1e300, 1e300), max_size=200))
def test_the_number_of_buckets_is_bounded_whatever_is_added(parts: list[float]) -> None:
    histogram = filled(parts)

    assert all(0 <= bucket <= BUCKETS for bucket in histogram.buckets)
    assert histogram.count == len(parts)


def test_nothing_has_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None


def test_sliding_windows_forget_and_tumbling_ones_are_minutes() -> None:
    windows = Windows()
    for second in range(0, 600, 5):
        at_ms = START_MS + second * 1000
        windows.add(sample_of(outcome_of("a", 1, "indexed", at_ms)), now_ms=at_ms)
    now_ms = START_MS + 599_000

    last_minute = merged(windows.sliding(60, now_ms=now_ms)).outcomes["indexed"]
    five = merged(windows.sliding(300, now_ms=now_ms)).outcomes["indexed"]
    hour = merged(windows.sliding(3600, now_ms=now_ms)).outcomes["indexed"]

    assert (last_minute, five, hour) == (12, 60, 120)
    assert [window.outcomes["indexed"] for _, window in windows.tumbling(now_ms=now_ms)] == [12] * 10


def test_old_and_future_samples_are_not_kept_and_memory_is_bounded() -> None:
    windows = Windows()
    for minute in range(500):
        now_ms = START_MS + minute * 60_000
        windows.add(sample_of(outcome_of("a", 1, "indexed", now_ms)), now_ms=now_ms)
        windows.add(sample_of(outcome_of("a", 1, "indexed", now_ms - 7_200_000)), now_ms=now_ms)
        windows.add(sample_of(outcome_of("a", 1, "indexed", now_ms + 7_200_000)), now_ms=now_ms)

    assert len(list(windows.tumbling(now_ms=now_ms))) <= 61
    assert merged(windows.sliding(3600, now_ms=now_ms)).outcomes["indexed"] == 60


def test_the_dead_are_counted_by_reason_and_rare_reasons_together() -> None:
    windows = Windows()
    for number in range(40):
        reason = f"fetch: Kind{number % 20}: at https://example.org/{number}"
        windows.add(sample_of(outcome_of("a", 1, "dead", START_MS, reason=reason)), now_ms=START_MS)

    reasons = merged(windows.sliding(60, now_ms=START_MS)).reasons

    assert sum(reasons.values()) == 40
    assert len(reasons) == 13
    assert reasons["fetch: Kind3"] == 2


def test_reasons_are_counted_by_class() -> None:
    classes = {
        "fetch: FetchFailed: 404 from https://x": "fetch: FetchFailed",
        "odd": "odd",
        None: "unknown",
        "": "unknown",
    }

    assert {reason: reason_class(reason) for reason in classes} == classes


def test_a_replayed_pin_says_nothing_of_freshness() -> None:
    outcome = outcome_of("a", 1, "indexed", START_MS, visible_at_ms=START_MS + 9, stages_ms={"visible": 9.0})

    assert [name for name, _ in sample_of(outcome, with_age=False).measures] == ["visible"]
    assert dict(sample_of(outcome).measures)["freshness"] == 69
    assert math.isclose(dict(sample_of(outcome).measures)["visible"], 9.0)
