import io
import time

import pytest
from rich.console import Console

from deploy.demo.screen.feed import stage_bar
from deploy.demo.screen.screen import Screen
from pinstream.events import PinOutcome, Result


def outcome(pin_id: str, result: Result = "indexed", *, freshness_ms: int | None = 60) -> PinOutcome:
    return PinOutcome(
        pin_id=pin_id,
        version=1,
        outcome=result,
        objects=2,
        embedding_version=1,
        reason="a truncated picture" if result == "dead" else None,
        topic="pins.events",
        partition=0,
        offset=0,
        published_at_ms=1_000,
        finished_at_ms=1_050,
        visible_at_ms=None if freshness_ms is None else 1_000 + freshness_ms,
        stages_ms={"queue": 10.0, "embed": 30.0},
    )


class Shown:
    """A screen and what it printed."""

    def __init__(self, *, planned: int = 100, width: int = 100, in_terminal: bool = False, age_s: float = 0.0) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, width=width, height=30, force_terminal=in_terminal, color_system=None)
        self.screen = Screen(self.console, planned=planned, started_at_s=time.monotonic() - age_s)

    @property
    def lines(self) -> list[str]:
        """Without the time in brackets."""
        return [line.partition("] ")[2] for line in self._file.getvalue().splitlines()]

    @property
    def view(self) -> str:
        """What the live view shows now."""
        console = Console(file=io.StringIO(), width=self.console.width, record=True)
        console.print(self.screen.render())
        return console.export_text()

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.screen.add_published()


def running(width: int = 100) -> Shown:
    shown = Shown(width=width)
    shown.screen.part("Kafka", "ready")
    shown.publish(24)
    shown.screen.record(outcome("a"), "Old coat")
    shown.screen.record(outcome("b", "dead", freshness_ms=None), "broken.jpg")
    return shown


def test_boot_shows_every_part_and_how_long_it_took() -> None:
    shown = Shown(age_s=2.9)

    shown.screen.part("Kafka", "busy", "starting")
    shown.screen.part("Kafka", "ready")
    shown.screen.part("Triton", "busy", "downloading", 0.4)
    shown.screen.part("worker", "waiting")

    for text in ("✔  Kafka", "2.9 s", "downloading", "·  worker"):
        assert text in shown.view


def test_running_screen_shows_counts_rolling_freshness_and_the_latest_pin_first() -> None:
    view = running().view

    for text in ("24 of 100 published", "1 found", "1 dead", "p50 60 ms", "p95 60 ms", "first pin found after"):
        assert text in view
    assert view.index("broken.jpg") < view.index("Old coat")
    assert "a truncated picture" in view


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_numbers_are_never_cut(width: int) -> None:
    view = running(width).view

    assert all(len(line) <= width for line in view.splitlines())
    assert "60 ms" in view


def test_each_part_is_printed_once_when_it_is_ready() -> None:
    shown = Shown(age_s=2.0)

    for _ in range(3):
        shown.screen.part("Kafka", "ready", "127.0.0.1:9092")
    shown.screen.part("worker", "failed")

    assert shown.lines == ["Kafka: ready, 127.0.0.1:9092", "worker: failed"]


def test_what_takes_long_is_printed_once_in_ten_seconds() -> None:
    young, old = Shown(age_s=9.0), Shown(age_s=10.5)

    for shown in (young, old):
        shown.screen.part("Kafka", "busy", "downloading", 0.42)
        shown.screen.part("Kafka", "busy", "downloading", 0.43)

    assert young.lines == []
    assert old.lines == ["Kafka: downloading, 42%"]


def test_progress_is_printed_by_tenths() -> None:
    shown = Shown()
    shown.publish(12)

    for number in range(9):
        shown.screen.record(outcome(f"p{number}", "unchanged", freshness_ms=None), "x")
    before = shown.lines
    shown.screen.record(outcome("p9", "unchanged", freshness_ms=None), "x")

    assert before == []
    assert shown.lines == ["12 of 100 published, 10 found"]


def test_stage_bar_is_as_long_as_the_pin_took() -> None:
    assert len(stage_bar(outcome("a"), longest_ms=80.0, width=40)) == 20


def test_a_later_outcome_of_a_pin_replaces_the_earlier() -> None:
    shown = Shown()
    shown.publish(2)

    shown.screen.record(outcome("a", freshness_ms=None), "A")
    shown.screen.record(outcome("a", freshness_ms=60), "A")
    shown.screen.record(outcome("b", "dead", freshness_ms=None), "B")

    assert "2 of 100 published, 1 found, 1 dead, freshness p50 60 ms" in shown.view
    assert "…" not in shown.view
    assert shown.screen.first_pin_s is not None


def test_run_without_a_terminal_leaves_its_lines_and_ends_with_the_hint() -> None:
    shown = Shown(planned=1)

    with shown.screen.live():
        shown.publish(1)
        shown.screen.record(outcome("a"), "A")
        shown.screen.stay("[0] Ctrl-C ends everything.")

    assert shown.lines == [
        "first pin found by a search",
        "1 of 1 published, 1 found, freshness p50 60 ms, p95 60 ms",
        "Ctrl-C ends everything.",
    ]


def test_terminal_gets_the_view_instead_of_lines() -> None:
    shown = Shown(in_terminal=True)

    shown.screen.part("Kafka", "ready")

    assert shown.lines == []
    with shown.screen.live():
        pass
    assert any("Kafka" in line for line in shown._file.getvalue().splitlines())
