import io
import time

import pytest
from rich.console import Console

from deploy.demo.result.figures import Percentiles
from deploy.demo.screen.demo_state import DemoState, DemoView, PartView, PinView
from deploy.demo.screen.screen import PlainScreen, draw, plain_lines, screen_for, sparkline, stage_bar
from pinstream.events import PinOutcome, Result


def outcome(pin_id: str, result: Result = "indexed", *, freshness_ms: int | None = 60) -> PinOutcome:
    return PinOutcome(
        pin_id=pin_id,
        version=1,
        outcome=result,
        objects=2,
        embedding_version=1,
        reason="truncated" if result == "dead" else None,
        topic="pins.events",
        partition=0,
        offset=0,
        published_at_ms=1_000,
        finished_at_ms=1_050,
        visible_at_ms=None if freshness_ms is None else 1_000 + freshness_ms,
        stages_ms={"fetch": 10.0, "embed": 30.0},
    )


def pin_line(title: str, *, result: str = "indexed", reason: str = "") -> PinView:
    return PinView(title, title, result, 2, {"queue": 5.0, "embed": 35.0}, 61.0, reason)


def drawn(view: DemoView, *, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(draw(view, width=width, height=30))
    return console.export_text()


READY = (PartView("Kafka", "ready", took_s=2.9), PartView("worker", "ready", took_s=6.0))
RUNNING = DemoView(
    phase="publishing",
    parts=READY,
    planned=100,
    published=24,
    found=19,
    dead=1,
    objects=55,
    first_pin_s=8.2,
    recent=(pin_line("Old coat"), pin_line("broken.jpg", result="dead", reason="a truncated picture")),
    rolling_ms=Percentiles(61, 90, 95, 99),
    history_ms=(50, 61, 90),
)


def test_boot_shows_every_part_and_how_long_it_took() -> None:
    shown = drawn(DemoView(parts=(READY[0], PartView("Triton", "busy", "downloading", 0.4), PartView("worker"))))

    assert "✔  Kafka" in shown
    assert "2.9 s" in shown
    assert "downloading" in shown
    assert "·  worker" in shown


def test_running_screen_shows_counts_rolling_freshness_and_the_latest_pin_first() -> None:
    shown = drawn(RUNNING)

    for words in ("24 of 100 published", "19 found", "1 dead", "55 objects", "p50 61 ms", "p95 90 ms", "8.2 s"):
        assert words in shown
    assert shown.index("broken.jpg") < shown.index("Old coat")
    assert "a truncated picture" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_numbers_are_never_cut(width: int) -> None:
    shown = drawn(RUNNING, width=width)

    assert all(len(line) <= width for line in shown.splitlines())
    assert "61 ms" in shown


def test_plain_lines_say_each_part_once() -> None:
    busy, ready = DemoView(parts=(PartView("Kafka", "busy"),)), DemoView(parts=READY)

    assert list(plain_lines(busy, ready)) == ["[  2.9 s] Kafka: ready", "[  6.0 s] worker: ready"]
    assert list(plain_lines(ready, ready)) == []


def test_plain_lines_say_every_ten_seconds_what_takes_long() -> None:
    busy = (PartView("Kafka", "busy", "downloading", 0.42),)

    assert list(plain_lines(DemoView(elapsed_s=8.0), DemoView(elapsed_s=9.0, parts=busy))) == []
    assert list(plain_lines(DemoView(elapsed_s=9.5), DemoView(elapsed_s=10.5, parts=busy))) == [
        "[ 10.5 s] Kafka: downloading, 42%"
    ]


def test_plain_lines_report_progress_by_tenths() -> None:
    before = DemoView(phase="publishing", planned=100, found=8, first_pin_s=7.0)
    almost = DemoView(phase="publishing", planned=100, found=9, first_pin_s=7.0)
    after = DemoView(phase="publishing", planned=100, published=12, found=10, first_pin_s=7.0, elapsed_s=9.0)

    assert list(plain_lines(before, almost)) == []
    assert list(plain_lines(almost, after)) == ["[  9.0 s] 12 of 100 published, 10 found"]


def test_stage_bar_is_as_long_as_the_pin_took() -> None:
    bar = stage_bar(pin_line("x"), longest_ms=80.0, width=40)

    assert len(bar) == 20


def test_sparkline_rises_with_its_values() -> None:
    assert sparkline([1, 2, 4, 8], width=3) == "▂▄█" or sparkline([1, 2, 4, 8], width=3) == "▃▅█"
    assert sparkline([], width=10) == ""
    assert sparkline([0, 0], width=10) == "▁▁"


def test_board_counts_a_pin_once_and_takes_the_later_word() -> None:
    board = DemoState(time.monotonic())
    board.settled(outcome("a", freshness_ms=None), "A")
    board.settled(outcome("a"), "A")
    board.settled(outcome("b", "dead", freshness_ms=None), "B")

    view = board.view()

    assert (view.found, view.dead, view.objects) == (1, 1, 2 + 2)
    assert [pin.freshness_ms for pin in view.recent] == [60, None]
    assert view.first_pin_s is not None


def test_plain_screen_tells_everything_by_its_end() -> None:
    said: list[str] = []
    board = DemoState(time.monotonic())

    with PlainScreen(board, said.append):
        board.plan(1)
        board.part("Kafka", "ready", "127.0.0.1:9092")
        board.enter("publishing")
        board.published()
        board.settled(outcome("a"), "A")

    assert any("Kafka: ready, 127.0.0.1:9092" in line for line in said)
    assert any("first pin found" in line for line in said)
    assert any("1 of 1 published, 1 found, freshness p50 60 ms" in line for line in said)


def test_screen_is_live_only_in_a_terminal() -> None:
    board = DemoState(time.monotonic())
    console = Console(file=io.StringIO(), force_terminal=False)

    assert isinstance(screen_for(console, board), PlainScreen)
