import json
import statistics

from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.result.figures import rounded, summarise
from pinstream.cli.watch.freshness import spread
from pinstream.events import PinOutcome, Result, Stage


def outcome(
    pin_id: str,
    result: Result = "indexed",
    *,
    objects: int = 1,
    freshness_ms: int | None = 60,
    stages_ms: dict[Stage, float] | None = None,
) -> PinOutcome:
    return PinOutcome(
        pin_id=pin_id,
        version=1,
        outcome=result,
        objects=objects,
        embedding_version=1,
        topic="pins.events",
        partition=0,
        offset=0,
        published_at_ms=1_000,
        finished_at_ms=1_050,
        visible_at_ms=None if freshness_ms is None else 1_000 + freshness_ms,
        stages_ms=stages_ms or {},
    )


def test_percentiles_of_a_hundred_and_one_values_are_those_values() -> None:
    measured = spread("x", range(101))

    assert measured is not None
    assert rounded(measured) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_percentiles_of_nothing_are_none() -> None:
    assert spread("x", []) is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_percentiles_are_ordered_and_inside_the_values(durations_ms: list[float]) -> None:
    measured = spread("x", durations_ms)

    assert measured is not None
    assert (
        min(durations_ms)
        <= measured.p50_ms
        <= measured.p95_ms
        <= measured.p99_ms
        <= measured.max_ms
        == max(durations_ms)
    )
    assert abs(measured.p50_ms - statistics.median(durations_ms)) <= 1e-6 * max(durations_ms)


def test_report_has_exactly_the_agreed_fields() -> None:
    outcomes = [
        outcome("a", objects=2, freshness_ms=50, stages_ms={"fetch": 2.0, "embed": 30.0}),
        outcome("b", objects=3, freshness_ms=70, stages_ms={"fetch": 4.0, "embed": 50.0}),
        outcome("c", "dead", objects=0, freshness_ms=None, stages_ms={"fetch": 999.0}),
    ]

    report = json.loads(summarise(outcomes, pins=4).as_json())

    assert report == {
        "pins": 4,
        "indexed": 2,
        "dead": 1,
        "objects": 5,
        "freshness_ms": {"p50": 60.0, "p95": 69.0, "p99": 69.8, "max": 70.0},
        "stages_ms": {
            "fetch": {"p50": 3.0, "p95": 3.9, "p99": 4.0, "max": 4.0},
            "embed": {"p50": 40.0, "p95": 49.0, "p99": 49.8, "max": 50.0},
        },
    }


def test_unchanged_pins_count_as_found() -> None:
    figures = summarise([outcome("a"), outcome("b", "unchanged", freshness_ms=None)], pins=2)

    assert (figures.indexed, figures.dead) == (2, 0)


def test_report_of_a_run_without_outcomes_is_still_a_report() -> None:
    report = json.loads(summarise([], pins=3).as_json())

    assert report == {"pins": 3, "indexed": 0, "dead": 0, "objects": 0, "freshness_ms": {}, "stages_ms": {}}
