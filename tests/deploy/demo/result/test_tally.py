from pathlib import Path

from deploy.demo.result.tally import DemoPin, RunTally
from pinstream.events import PinOutcome, Result


def pin(pin_id: str) -> DemoPin:
    return DemoPin(pin_id=pin_id, title=pin_id, file=Path("x.jpg"), url="http://127.0.0.1/x.jpg")


def outcome(pin_id: str, result: Result = "indexed", *, visible: bool = True, reason: str | None = None) -> PinOutcome:
    return PinOutcome(
        pin_id=pin_id,
        version=1,
        outcome=result,
        objects=1,
        embedding_version=1,
        reason=reason,
        topic="pins.events",
        partition=0,
        offset=0,
        published_at_ms=1_000,
        finished_at_ms=1_050,
        visible_at_ms=1_060 if visible else None,
    )


def tally_of(*pin_ids: str) -> RunTally:
    tally = RunTally()
    for pin_id in pin_ids:
        tally.add(pin(pin_id))
    return tally


def test_run_is_finished_once_every_pin_was_found_by_a_search() -> None:
    tally = tally_of("a", "b")
    tally.record(outcome("a"))

    tally.record(outcome("b", visible=False))
    finished_too_early = tally.await_all(timeout_s=0)
    tally.record(outcome("b"))

    assert not finished_too_early
    assert tally.await_all(timeout_s=0)
    assert tally.verdict(broken={}, missing=[]).is_good


def test_outcome_without_a_probe_never_replaces_one_with() -> None:
    tally = tally_of("a")
    tally.record(outcome("a"))

    changed = tally.record(outcome("a", visible=False))

    assert changed is None
    assert tally.outcomes["a"].visible_at_ms is not None


def test_outcome_of_a_replay_does_not_replace_indexed() -> None:
    tally = tally_of("a")
    tally.record(outcome("a"))

    tally.record(outcome("a", "unchanged", visible=False))

    assert tally.outcomes["a"].outcome == "indexed"


def test_pins_of_others_are_ignored() -> None:
    tally = tally_of("a")

    assert not tally.record(outcome("another-run"))
    assert tally.figures().indexed == 0


def test_pin_without_an_outcome_is_a_complaint_that_names_it() -> None:
    tally = tally_of("a", "b")
    tally.record(outcome("a"))

    verdict = tally.verdict(broken={}, missing=[])

    assert verdict.complaints == ("1 pin without an outcome: b",)


def test_dead_pin_whose_picture_is_broken_is_accounted_for() -> None:
    tally = tally_of("broken")
    tally.record(outcome("broken", "dead", visible=False, reason="a picture that does not decode"))

    verdict = tally.verdict(broken={"broken": "truncated"}, missing=[])

    assert verdict.is_good
    assert verdict.refused == {"broken": "a picture that does not decode"}


def test_dead_pin_with_a_good_picture_is_a_complaint_with_the_reason() -> None:
    tally = tally_of("good")
    tally.record(outcome("good", "dead", visible=False, reason="host answered 404"))

    verdict = tally.verdict(broken={}, missing=[])

    assert verdict.complaints == ("1 pin dead although the picture is good: good (host answered 404)",)


def test_undelivered_pin_is_not_waited_for_and_is_a_complaint() -> None:
    tally = tally_of("a")

    tally.add_undelivered(pin("a"), "Kafka did not answer")

    assert tally.await_all(timeout_s=0)
    assert tally.verdict(broken={}, missing=[]).complaints == (
        "1 pin not delivered to Kafka: a (Kafka did not answer)",
    )


def test_complaint_names_three_pins_and_counts_the_rest() -> None:
    verdict = tally_of(*"abcde").verdict(broken={}, missing=[])

    assert verdict.complaints == ("5 pins without an outcome: a, b, c and 2 more",)


def test_superseded_and_missing_pins_are_complaints() -> None:
    tally = tally_of("a", "b")
    tally.record(outcome("a", "superseded", visible=False))
    tally.record(outcome("b", visible=False))

    verdict = tally.verdict(broken={}, missing=tally.without_freshness())

    assert verdict.complaints == (
        "1 pin neither indexed nor dead: a",
        "1 pin written, but not in the index: b",
    )
