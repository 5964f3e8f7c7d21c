"""What the screen shows, as plain records: filled in by whoever knows, read by whoever draws."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final, Literal

from deploy.demo.result.figures import FOUND, Percentiles, percentiles
from pinstream.events import PinOutcome, Stage

PartState = Literal["waiting", "busy", "ready", "failed"]
Phase = Literal["booting", "publishing", "settling", "staying"]
RECENT: Final = 200
"""How many of the last pins the rolling percentiles cover."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One thing that has to be up, and how far it is."""

    name: str
    state: PartState = "waiting"
    text: str = ""
    share: float | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PinView:
    """One pin with its outcome, as a line of the feed."""

    pin_id: str
    title: str
    result: str
    objects: int
    stages_ms: Mapping[Stage, float]
    freshness_ms: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoView:
    """Everything on the screen at one moment."""

    phase: Phase = "booting"
    elapsed_s: float = 0.0
    parts: tuple[PartView, ...] = ()
    planned: int = 0
    published: int = 0
    found: int = 0
    dead: int = 0
    objects: int = 0
    first_pin_s: float | None = None
    recent: tuple[PinView, ...] = ()
    """The latest last."""
    rolling_ms: Percentiles | None = None
    history_ms: tuple[float, ...] = ()
    hint: str = ""


@dataclass(slots=True)
class DemoState:
    """The one place where the demo's threads write what they see; thread-safe."""

    started_at_s: float
    """When the program began, on the monotonic clock."""
    parts: dict[str, PartView] = field(default_factory=dict)
    _view: DemoView = field(default_factory=DemoView)
    _recent: deque[PinView] = field(default_factory=lambda: deque(maxlen=RECENT))
    _results: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def part(self, name: str, state: PartState, text: str = "", share: float | None = None) -> None:
        """How far a part is; when it was first ready is kept."""
        with self._lock:
            before = self.parts.get(name)
            again = before is not None and before.state == state
            took_s = before.took_s if before and again else self._elapsed_s() if state in ("ready", "failed") else 0.0
            self.parts[name] = PartView(name, state, text, share, took_s)

    def plan(self, pins: int) -> None:
        """How many pins the run will publish."""
        with self._lock:
            self._view = replace(self._view, planned=pins)

    def enter(self, phase: Phase, *, hint: str = "") -> None:
        """What the demo does from now on, and what the person in front of it can do."""
        with self._lock:
            self._view = replace(self._view, phase=phase, hint=hint)

    def published(self) -> None:
        """One more pin is on its way."""
        with self._lock:
            self._view = replace(self._view, published=self._view.published + 1)

    def settled(self, outcome: PinOutcome, title: str) -> None:
        """What became of a pin; a later word on the same pin replaces the earlier."""
        line = _line(outcome, title)
        with self._lock:
            known = outcome.pin_id in self._results
            if known:
                kept = [line if each.pin_id == line.pin_id else each for each in self._recent]
                self._recent = deque(kept, maxlen=RECENT)
            else:
                self._recent.append(line)
            self._results[outcome.pin_id] = outcome.outcome
            results = list(self._results.values())
            first = self._view.first_pin_s
            if first is None and line.freshness_ms is not None:
                first = self._elapsed_s()
            self._view = replace(
                self._view,
                found=sum(result in FOUND for result in results),
                dead=results.count("dead"),
                objects=self._view.objects + (0 if known else outcome.objects),
                first_pin_s=first,
            )

    def view(self) -> DemoView:
        """The moment, for a screen."""
        with self._lock:
            history = tuple(pin.freshness_ms for pin in self._recent if pin.freshness_ms is not None)
            return replace(
                self._view,
                elapsed_s=self._elapsed_s(),
                parts=tuple(self.parts.values()),
                recent=tuple(self._recent),
                rolling_ms=percentiles(history),
                history_ms=history,
            )

    def _elapsed_s(self) -> float:
        return time.monotonic() - self.started_at_s


def _line(outcome: PinOutcome, title: str) -> PinView:
    return PinView(
        pin_id=outcome.pin_id,
        title=title,
        result=outcome.outcome,
        objects=outcome.objects,
        stages_ms=outcome.stages_ms,
        freshness_ms=outcome.freshness_ms,
        reason=outcome.reason or "",
    )
