"""What an audit keeps between its stages, and after an interruption."""

from pathlib import Path

import pytest

from index.audit.compare import LastOutcome
from index.audit.findings import Finding
from index.audit.ledger import AuditLedger, LedgerMismatch
from pinstream.events import Result
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.standing import EventPosition


def event(version: int, *, deleted: bool = False, offset: int = 0) -> EventPosition:
    return EventPosition(
        topic="pins.events", partition=0, offset=offset, version=version, is_deletion=deleted, published_at_ms=0
    )


def outcome(result: Result, version: int) -> LastOutcome:
    return LastOutcome(
        outcome=result,
        version=version,
        embedding_version=1,
        topic="pins.events",
        partition=0,
        offset=0,
        finished_at_ms=0,
    )


def test_the_event_of_the_greatest_version_is_kept_and_of_equals_the_deletion() -> None:
    with AuditLedger(None) as ledger:
        ledger.add_events(
            [("a", event(2)), ("a", event(3)), ("a", event(1)), ("b", event(2, deleted=True)), ("b", event(2))]
        )

        assert [(pin, each.version, each.is_deletion) for pin, each, _ in ledger.pins()] == [
            ("a", 3, False),
            ("b", 2, True),
        ]


def test_the_outcome_of_a_deletion_is_kept_when_its_event_comes_again() -> None:
    with AuditLedger(None) as ledger:
        ledger.add_outcomes(
            ("a", outcome(*each)) for each in (("indexed", 3), ("deleted", 5), ("unchanged", 5), ("superseded", 4))
        )
        ledger.add_outcomes([("b", outcome("dead", 5)), ("b", outcome("indexed", 5)), ("b", outcome("superseded", 5))])

        results = {pin: found.outcome for pin in "ab" if (found := ledger.last_outcome(pin)) is not None}
        assert results == {"a": "deleted", "b": "indexed"}


def test_pins_come_in_the_order_of_the_indexs_keys() -> None:
    pins = ["b", "a_", "a-", "a", "A", "aa", "a0"]
    with AuditLedger(None) as ledger:
        ledger.add_events((pin, event(1)) for pin in pins)

        assert [pin for pin, _, _ in ledger.pins()] == [key[:-2] for key in sorted(f"{pin}#0" for pin in pins)]
        assert [pin for pin, _, _ in ledger.pins(after="a0")] == ["a_", "aa", "b"]


def test_finished_transactions_are_kept_and_interrupted_ones_are_not(tmp_path: Path) -> None:
    with AuditLedger(tmp_path / "state") as ledger:
        ranges = ledger.progress.ranges_left("t", lambda: [OffsetRange(0, 5, 90), OffsetRange(1, 0, 40)])
        with ledger.transaction():
            ledger.add_events([("a", event(1))])
            ledger.progress.set_positions("t", {0: 50})
        with pytest.raises(KeyError), ledger.transaction():
            ledger.add_events([("b", event(1))])
            ledger.progress.set_positions("t", {1: 20})
            raise KeyError

    with AuditLedger(tmp_path / "state") as again:
        assert ranges == [OffsetRange(0, 5, 90), OffsetRange(1, 0, 40)]
        assert again.progress.ranges_left("t", list) == [OffsetRange(0, 50, 90), OffsetRange(1, 0, 40)]
        assert again.progress.extend_ranges("t", [OffsetRange(0, 7, 95), OffsetRange(1, 7, 40)]) == [
            OffsetRange(0, 50, 95),
            OffsetRange(1, 0, 40),
        ]
        assert again.pin_count() == 1


def test_a_file_of_another_audit_is_refused(tmp_path: Path) -> None:
    with AuditLedger(tmp_path / "state") as ledger:
        ledger.require_same_audit({"sample": "1.0"})

    with AuditLedger(tmp_path / "state") as again, pytest.raises(LedgerMismatch, match=r"sample '1.0', not '0.1'"):
        again.require_same_audit({"sample": "0.1"})


def test_findings_are_kept_once_each_and_cleared_by_pin() -> None:
    with AuditLedger(None) as ledger:
        ledger.add_findings([Finding("a", "half", "x", 3), Finding("a", "half", "y", 2), Finding("b", "missing", "z")])
        ledger.add_events([("a", event(1, offset=9)), ("b", event(1, offset=3))])

        assert ledger.finding_counts() == {"half": 1, "missing": 1}
        assert [each.detail for each in ledger.findings(pins=["a"])] == ["y"]
        assert list(ledger.pins_to_repair()) == [("b", 0), ("a", 2)]
        ledger.clear_findings(["a"])
        assert ledger.pins_with_findings(after="", limit=9) == ["b"]
