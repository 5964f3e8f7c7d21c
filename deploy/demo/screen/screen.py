"""The run in a terminal: one screen that refreshes itself, or plain lines where nobody watches."""

import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.demo.screen.demo_state import DemoState, DemoView, PartView, PinView
from pinstream.events import STAGES, Stage

_MARKS: Final = {"waiting": ("·", "dim"), "busy": ("◌", "yellow"), "ready": ("✔", "green"), "failed": ("✘", "red")}
_COLOURS: Final[dict[Stage, str]] = {
    "queue": "bright_black",
    "fetch": "cyan",
    "decode": "blue",
    "detect": "magenta",
    "embed": "red",
    "write": "yellow",
    "visible": "green",
}
_BAR_COLUMNS: Final = 30
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_STAYING_ROWS: Final = 6
"""Few enough that the result above stays in sight."""
_NUMBERS: Final = 26
"""Columns that the feed's figures and the gaps between them take."""
_EVERY_S: Final = 1.0
_BUSY_EVERY_S: Final = 10.0


class Screen(Protocol):
    """Shows a board for as long as it is entered."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def screen_for(console: Console, board: DemoState) -> Screen:
    """Live where a person can watch, plain lines where the output goes into a file or a log."""
    return (
        LiveScreen(console, board)
        if console.is_terminal and not console.is_dumb_terminal
        else PlainScreen(board, console.out)
    )


class LiveScreen:
    """Redraws the whole screen some times a second."""

    def __init__(self, console: Console, board: DemoState) -> None:
        self._live = Live(
            get_renderable=lambda: draw(board.view(), width=console.width, height=console.height),
            console=console,
            refresh_per_second=5,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class PlainScreen:
    """Says what changed, once a second at most."""

    def __init__(self, board: DemoState, say: Callable[[str], None]) -> None:
        self._board = board
        self._say = say
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="screen", daemon=True)
        self._shown = DemoView()

    def __enter__(self) -> Self:
        self._shown = self._board.view()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._catch_up()
        self._catch_up()

    def _catch_up(self) -> None:
        now = self._board.view()
        said = list(plain_lines(self._shown, now))
        for line in said:
            self._say(line)
        self._shown = now


def plain_lines(before: DemoView, now: DemoView) -> Iterator[str]:
    """What happened between two moments, one line each."""
    known = {part.name: part.state for part in before.parts}
    for part in now.parts:
        if part.state in ("ready", "failed") and known.get(part.name) != part.state:
            yield f"[{part.took_s:5.1f} s] {part.name}: {part.state}{f', {part.text}' if part.text else ''}"
        elif (
            part.state == "busy"
            and part.text
            and int(now.elapsed_s / _BUSY_EVERY_S) > int(before.elapsed_s / _BUSY_EVERY_S)
        ):
            share = f", {part.share:.0%}" if part.share is not None else ""
            yield f"[{now.elapsed_s:5.1f} s] {part.name}: {part.text}{share}"
    if now.first_pin_s is not None and before.first_pin_s is None:
        yield f"[{now.first_pin_s:5.1f} s] first pin found by a search"
    if now.phase != "booting" and _crossed(before, now):
        rolling = (
            f", freshness p50 {now.rolling_ms.p50:.0f} ms, p95 {now.rolling_ms.p95:.0f} ms" if now.rolling_ms else ""
        )
        dead = f", {now.dead} dead" if now.dead else ""
        of = "" if now.phase == "staying" else f" of {now.planned}"
        yield f"[{now.elapsed_s:5.1f} s] {now.published}{of} published, {now.found} found{dead}{rolling}"
    if now.phase == "staying" and before.phase != "staying" and now.hint:
        yield now.hint


def _crossed(before: DemoView, now: DemoView) -> bool:
    """Whether the count of settled pins passed another tenth of the plan, or later another ten."""
    step = 10 if now.phase == "staying" else max(now.planned / 10, 1)
    return int((before.found + before.dead) / step) != int((now.found + now.dead) / step)


def draw(view: DemoView, *, width: int, height: int) -> RenderableType:
    """The screen at one moment."""
    booting = any(part.state != "ready" for part in view.parts) or not view.recent
    pieces: list[RenderableType] = [_title(view), _boot(view.parts) if booting else _boot_line(view), Text()]
    used = (len(view.parts) if booting else 1) + 3
    if view.phase != "booting":
        pieces += [_progress(view, width), Text()]
        used += 3
    if view.recent:
        rows = _STAYING_ROWS if view.phase == "staying" else max(min(height - used - 5, 16), 3)
        pieces += [_feed(view.recent[-rows:], width), Text(), _legend()]
    if view.hint:
        pieces += [Text(), Text(view.hint)]
    return Group(*pieces)


def _title(view: DemoView) -> Text:
    return Text.assemble(("pinstream", "bold red"), ("  demo", "bold"), (f"   {_clock(view.elapsed_s)}", "dim"))


def _boot(parts: Sequence[PartView]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for part in parts:
        mark, style = _MARKS[part.state]
        took = f"{part.took_s:.1f} s" if part.took_s else ""
        bar = Text()
        if part.share is not None and part.state == "busy":
            done = round(part.share * _BAR_COLUMNS)
            bar = Text.assemble(("━" * done, "red"), ("━" * (_BAR_COLUMNS - done), "bright_black"), "  ")
        said = bar + Text(part.text, style="dim")
        table.add_row(Text(f"  {mark}", style=style), Text(part.name), Text(took, style="dim"), said)
    return table


def _boot_line(view: DemoView) -> Text:
    names = ", ".join(part.name for part in view.parts)
    first = f"   first pin found after {view.first_pin_s:.1f} s" if view.first_pin_s is not None else ""
    return Text.assemble(("  ✔ ", "green"), (f"{names}", "dim"), (first, "dim"))


def _progress(view: DemoView, width: int) -> Table:
    done = view.found + view.dead
    staying = view.phase == "staying"
    bar = ProgressBar(
        total=view.planned,
        completed=min(done, view.planned),
        width=min(40, width // 3),
        complete_style="red",
        finished_style="green",
    )
    said = Text.assemble(
        (f"{view.published}", "bold"),
        (" published" if staying else f" of {view.planned} published", "dim"),
        "   ",
        (f"{view.found}", "bold green"),
        (" found", "dim"),
        "   ",
        *(((f"{view.dead}", "bold yellow"), (" dead   ", "dim")) if view.dead else ()),
        (f"{view.objects}", "bold"),
        (" objects", "dim"),
    )
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_row(Text("  "), bar, said)
    if view.rolling_ms:
        rolling = Text.assemble(
            ("freshness  ", "dim"),
            ("p50 ", "dim"),
            (f"{view.rolling_ms.p50:.0f} ms", "bold"),
            ("   p95 ", "dim"),
            (f"{view.rolling_ms.p95:.0f} ms", "bold"),
        )
        table.add_row(Text("  "), Text(sparkline(view.history_ms, width=min(40, width // 3)), style="red"), rolling)
    return table


def _feed(pins: Sequence[PinView], width: int) -> Table:
    names = max(width // 3, 14)
    room = width - names - _NUMBERS
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  pin", max_width=names, no_wrap=True, overflow="ellipsis")
    table.add_column("objects", justify="right", min_width=7, no_wrap=True)
    table.add_column("freshness", justify="right", min_width=9, no_wrap=True)
    if room > 0:
        table.add_column("stages", max_width=room, no_wrap=True, overflow="ellipsis")
    longest_ms = max((sum(pin.stages_ms.values()) for pin in pins), default=1.0) or 1.0
    for pin in reversed(pins):
        cells = [Text(f"  {pin.title or pin.pin_id}"), *_numbers(pin)]
        dead = pin.result == "dead"
        last = Text(pin.reason, style="dim") if dead else stage_bar(pin, longest_ms=longest_ms, width=room)
        table.add_row(*([*cells, last] if room > 0 else cells))
    return table


def _numbers(pin: PinView) -> tuple[Text, Text]:
    if pin.result == "dead":
        return Text(), Text("dead", style="yellow")
    fresh = "…" if pin.freshness_ms is None else f"{pin.freshness_ms:.0f} ms"
    return Text(str(pin.objects)), Text(fresh, style="bold")


def stage_bar(pin: PinView, *, longest_ms: float, width: int) -> Text:
    """The stages of one pin laid end to end, in proportion to the longest pin shown."""
    bar, passed, drawn = Text(), 0.0, 0
    for stage in STAGES:
        passed += pin.stages_ms.get(stage, 0.0)
        cells = round(passed / longest_ms * width) - drawn
        bar.append("━" * cells, style=_COLOURS[stage])
        drawn += cells
    return bar


def sparkline(values: Sequence[float], *, width: int) -> str:
    """The last ``width`` values as small bars, from 0 to the largest of them."""
    shown = values[-width:]
    highest = max(shown, default=0.0) or 1.0
    return "".join(_BLOCKS[min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1)] for value in shown)


def _legend() -> Text:
    return Text.assemble("  ", *[(f"━ {stage}  ", style) for stage, style in _COLOURS.items()])


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
