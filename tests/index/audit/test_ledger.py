"""What an audit keeps between its passes, and over its end."""

from pathlib import Path

import pytest

from index.audit.findings import Finding, LastEvent, LastOutcome
from index.audit.ledger import AuditLedger, LedgerMismatch
from pinstream.kafka.offset_ranges import OffsetRange


def word(version: int, *, deleted: bool = False, offset: int = 0) -> LastEvent:
    return LastEvent(version=version, deleted=deleted, lane=0, partition=0, offset=offset, at_ms=0)


def outcome(result: str, version: int) -> LastOutcome:
    return LastOutcome(result=result, version=version, embedding_version=1, lane=0, partition=0, offset=0)  # type: ignore[arg-type]


def test_of_a_pins_words_the_greatest_version_stands_and_of_equals_the_deletion() -> None:
    with AuditLedger(None) as ledger:
        ledger.hear([("a", word(2)), ("a", word(3)), ("a", word(1)), ("b", word(2, deleted=True)), ("b", word(2))])

        assert [(pin, each.version, each.deleted) for pin, each, _ in ledger.words()] == [
            ("a", 3, False),
            ("b", 2, True),
        ]


def test_a_deletions_outcome_is_not_forgotten_for_its_repeats() -> None:
    with AuditLedger(None) as ledger:
        ledger.learn(
            ("a", outcome(*each)) for each in (("indexed", 3), ("deleted", 5), ("unchanged", 5), ("superseded", 4))
        )
        ledger.learn([("b", outcome("dead", 5)), ("b", outcome("indexed", 5)), ("b", outcome("superseded", 5))])

        results = {pin: found.result for pin in "ab" if (found := ledger.outcome(pin)) is not None}
        assert results == {"a": "deleted", "b": "indexed"}


def test_pins_come_in_the_order_of_the_indexs_keys() -> None:
    pins = ["b", "a_", "a-", "a", "A", "aa", "a0"]
    with AuditLedger(None) as ledger:
        ledger.hear((pin, word(1)) for pin in pins)

        assert [pin for pin, _, _ in ledger.words()] == [key[:-2] for key in sorted(f"{pin}#0" for pin in pins)]
        assert [pin for pin, _, _ in ledger.words(after="a0")] == ["a_", "aa", "b"]


def test_what_was_saved_is_there_again_and_what_was_cut_off_is_not(tmp_path: Path) -> None:
    with AuditLedger(tmp_path / "state") as ledger:
        spans = ledger.spans_left("t", lambda: [OffsetRange(0, 5, 90), OffsetRange(1, 0, 40)])
        with ledger.saving():
            ledger.hear([("a", word(1))])
            ledger.reached("t", {0: 50})
        with pytest.raises(KeyError), ledger.saving():
            ledger.hear([("b", word(1))])
            ledger.reached("t", {1: 20})
            raise KeyError

    with AuditLedger(tmp_path / "state") as again:
        assert spans == [OffsetRange(0, 5, 90), OffsetRange(1, 0, 40)]
        assert again.spans_left("t", list) == [OffsetRange(0, 50, 90), OffsetRange(1, 0, 40)]
        assert again.extend("t", [OffsetRange(0, 7, 95), OffsetRange(1, 7, 40)]) == [
            OffsetRange(0, 50, 95),
            OffsetRange(1, 0, 40),
        ]
        assert again.pins() == 1


def test_a_file_of_another_audit_is_refused(tmp_path: Path) -> None:
    with AuditLedger(tmp_path / "state") as ledger:
        ledger.belongs_to({"sample": "1.0"})

    with AuditLedger(tmp_path / "state") as again, pytest.raises(LedgerMismatch, match=r"sample '1.0', not '0.1'"):
        again.belongs_to({"sample": "0.1"})


def test_findings_are_kept_once_each_and_cleared_by_pin() -> None:
    with AuditLedger(None) as ledger:
        ledger.find([Finding("a", "half", "x", 3), Finding("a", "half", "y", 2), Finding("b", "missing", "z")])
        ledger.hear([("a", word(1, offset=9)), ("b", word(1, offset=3))])

        assert ledger.found() == {"half": 1, "missing": 1}
        assert [each.detail for each in ledger.findings(pins=["a"])] == ["y"]
        assert list(ledger.wanting()) == [("b", 0), ("a", 2)]
        ledger.clear(["a"])
        assert ledger.pins_found(after="", limit=9) == ["b"]
