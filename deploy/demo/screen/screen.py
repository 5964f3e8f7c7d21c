"""The run in a terminal: a live view, or plain lines if the output is no terminal."""

import time
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.demo.result.figures import FOUND
from deploy.demo.screen.feed import feed, legend
from pinstream.cli.watch.freshness import FRESHNESS, spread
from pinstream.events import PinOutcome

PartState = Literal["waiting", "busy", "ready", "failed"]
_MARKS: Final = {"waiting": ("·", "dim"), "busy": ("◌", "yellow"), "ready": ("✔", "green"), "failed": ("✘", "red")}
_RECENT: Final = 200
"""How many of the last pins the rolling percentiles cover."""
_IDLE_ROWS: Final = 6
"""Few, so that the result above stays visible."""
_BUSY_EVERY_S: Final = 10.0


@dataclass(slots=True)
class _PartRow:
    """A part that has to become ready, and its progress."""

    state: PartState = "waiting"
    text: str = ""
    share: float | None = None
    took_s: float = 0.0
    printed_at_s: float = 0.0


class Screen:
    """Shows what the demo's threads report; thread-safe."""

    def __init__(self, console: Console, *, planned: int, started_at_s: float) -> None:
        self._console = console
        self._is_live = console.is_terminal and not console.is_dumb_terminal
        self._planned = planned
        self._started_at_s = started_at_s
        self._lock = Lock()
        self._parts: dict[str, _PartRow] = {}
        self._outcomes: dict[str, PinOutcome] = {}
        self._recent: deque[tuple[str, str]] = deque(maxlen=_RECENT)
        self._published = 0
        self._hint = ""
        self.first_pin_s: float | None = None
        """When the first pin was found, in seconds after the start."""

    def live(self) -> AbstractContextManager[object]:
        """A context that shows the view and redraws it; without a terminal it shows nothing."""
        if not self._is_live:
            return nullcontext()
        return Live(get_renderable=self.render, console=self._console, refresh_per_second=5)

    def part(self, name: str, state: PartState, text: str = "", share: float | None = None) -> None:
        """Report the state of a part; the time when it first became ready is kept."""
        with self._lock:
            row = self._parts.setdefault(name, _PartRow())
            changed, now_s = row.state != state, self._elapsed_s()
            if changed:
                row.took_s = now_s if state in ("ready", "failed") else 0.0
            row.state, row.text, row.share = state, text, share
            if changed and state in ("ready", "failed"):
                self._print(row.took_s, f"{name}: {state}{f', {text}' if text else ''}")
            elif state == "busy" and text and now_s - row.printed_at_s > _BUSY_EVERY_S:
                row.printed_at_s = now_s
                self._print(now_s, f"{name}: {text}{f', {share:.0%}' if share is not None else ''}")

    def add_published(self) -> None:
        with self._lock:
            self._published += 1

    def record(self, outcome: PinOutcome, title: str) -> None:
        """Show what became of a pin; a later outcome of the same pin replaces the earlier."""
        with self._lock:
            is_new = outcome.pin_id not in self._outcomes
            self._outcomes[outcome.pin_id] = outcome
            if is_new:
                self._recent.append((outcome.pin_id, title))
            if self.first_pin_s is None and outcome.freshness_ms is not None:
                self.first_pin_s = self._elapsed_s()
                self._print(self.first_pin_s, "first pin found by a search")
            # Another tenth of the run, or later another ten pins.
            every = 10 if self._hint else max(self._planned // 10, 1)
            if is_new and len(self._outcomes) % every == 0:
                self._print(self._elapsed_s(), self._counts().plain)

    def stay(self, hint: str) -> None:
        """The run is over and pins are still published; ``hint`` is shown below."""
        with self._lock:
            self._hint = hint
        if not self._is_live:
            self._console.print(Text(hint), soft_wrap=True)

    def render(self) -> RenderableType:
        with self._lock:
            head = Text.assemble(("  pinstream ", "bold red"), (_clock(self._elapsed_s()), "dim"))
            if not self._published:
                return Group(head, Text(), self._parts_table())
            lines: list[RenderableType] = [head, Text(), self._parts_line(), Text(), self._progress(), Text()]
            shown = [(title, self._outcomes[pin_id]) for pin_id, title in self._recent]
            rows = _IDLE_ROWS if self._hint else max(self._console.height - 14, 3)
            lines += [feed(shown[-rows:], width=self._console.width), Text(), legend()]
            return Group(*lines, Text(f"\n{self._hint}")) if self._hint else Group(*lines)

    def _parts_table(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, row in self._parts.items():
            mark, style = _MARKS[row.state]
            shown: RenderableType = Text(row.text, style="dim", overflow="ellipsis", no_wrap=True)
            if row.state == "busy" and row.share is not None:
                shown = Group(shown, ProgressBar(total=1.0, completed=row.share, width=30))
            took = f"{row.took_s:.1f} s" if row.took_s else ""
            table.add_row(Text(f"  {mark}", style=style), Text(name), Text(took, style="dim"), shown)
        return table

    def _parts_line(self) -> Text:
        first = f"   first pin found after {self.first_pin_s:.1f} s" if self.first_pin_s is not None else ""
        return Text.assemble(("  ✔ ", "green"), (", ".join(self._parts), "dim"), (first, "dim"))

    def _progress(self) -> Table:
        table = Table.grid(padding=(0, 3, 0, 0))
        done = min(len(self._outcomes), self._planned)
        bar = ProgressBar(total=self._planned, completed=done, width=min(40, self._console.width // 3))
        table.add_row(Text("  "), bar, self._counts())
        return table

    def _counts(self) -> Text:
        results = [outcome.outcome for outcome in self._outcomes.values()]
        of = "" if self._hint else f" of {self._planned}"
        text = Text(f"{self._published}{of} published, {sum(result in FOUND for result in results)} found")
        if dead := results.count("dead"):
            text.append(f", {dead} dead")
        recent = (self._outcomes[pin_id].freshness_ms for pin_id, _ in self._recent)
        if rolling := spread(FRESHNESS, (each for each in recent if each is not None)):
            text.append(f", freshness p50 {rolling.p50_ms:.0f} ms, p95 {rolling.p95_ms:.0f} ms")
        return text

    def _print(self, at_s: float, text: str) -> None:
        if not self._is_live:
            self._console.out(f"[{at_s:5.1f} s] {text}")

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started_at_s


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
