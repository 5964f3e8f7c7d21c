"""Every pin that a run published and what became of it, and which pins got no outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

from deploy.demo.result.figures import FOUND, Figures, summarise
from pinstream.events import PinOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPin:
    """A pin to publish: a picture file, and the URL that it is served at."""

    pin_id: str
    title: str
    file: Path
    url: str
    domain: str = "web"


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """Whether every pin was accounted for, and if not, why: a sentence for each kind of failure."""

    complaints: tuple[str, ...]
    refused: Mapping[str, str]
    """Dead letters whose picture is broken, with the reason: accounted for."""

    @property
    def is_good(self) -> bool:
        return not self.complaints


class RunTally:
    """Outcomes by pin. Thread-safe: one thread adds what is published, another records outcomes."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._pins: dict[str, DemoPin] = {}
        self._undelivered: dict[str, str] = {}
        self._outcomes: dict[str, PinOutcome] = {}

    def add(self, pin: DemoPin) -> None:
        """Expect an outcome of this pin."""
        with self._changed:
            self._pins[pin.pin_id] = pin

    def add_undelivered(self, pin: DemoPin, reason: str) -> None:
        """Kafka did not take this pin: no outcome will come."""
        with self._changed:
            self._undelivered[pin.pin_id] = reason
            self._changed.notify_all()

    def record(self, outcome: PinOutcome) -> DemoPin | None:
        """Note an outcome; returns its pin, or None if the outcome adds nothing about a pin of this run.

        An outcome with a time of visibility replaces one without; ``indexed`` replaces what a replay reports.
        """
        with self._changed:
            pin = self._pins.get(outcome.pin_id)
            if pin is None or not _says_more(outcome, self._outcomes.get(outcome.pin_id)):
                return None
            self._outcomes[outcome.pin_id] = outcome
            self._changed.notify_all()
            return pin

    def await_all(self, *, timeout_s: float) -> bool:
        """Block until every published pin has its outcome, its freshness included; False after ``timeout_s``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._has_pending(), timeout_s)

    @property
    def pins(self) -> Mapping[str, DemoPin]:
        """Every published pin, in the order of publishing."""
        with self._changed:
            return dict(self._pins)

    @property
    def outcomes(self) -> Mapping[str, PinOutcome]:
        """What is known so far, in order of arrival."""
        with self._changed:
            return dict(self._outcomes)

    @property
    def found(self) -> Mapping[str, PinOutcome]:
        """The outcomes of pins that are in the index."""
        return {pin_id: outcome for pin_id, outcome in self.outcomes.items() if outcome.outcome in FOUND}

    def without_outcome(self) -> list[str]:
        """Pins that Kafka may have taken, and that have no outcome."""
        with self._changed:
            return [pin for pin in self._pins if pin not in self._outcomes and pin not in self._undelivered]

    def without_freshness(self) -> list[str]:
        """Pins that were written, but that no probe found in a search."""
        return [
            pin_id
            for pin_id, outcome in self.outcomes.items()
            if outcome.outcome == "indexed" and outcome.visible_at_ms is None
        ]

    def figures(self) -> Figures:
        with self._changed:
            return summarise(self._outcomes.values(), pins=len(self._pins))

    def verdict(self, *, broken: Mapping[str, str], missing: list[str]) -> RunVerdict:
        """Whether the run is good.

        ``broken`` maps dead pins to what is wrong with their pictures; ``missing`` pins were written and are not in the
        index.
        """
        no_outcome = self.without_outcome()
        with self._changed:
            dead = {pin: each.reason or "" for pin, each in self._outcomes.items() if each.outcome == "dead"}
            others = [pin for pin, each in self._outcomes.items() if each.outcome not in (*FOUND, "dead")]
            undelivered = dict(self._undelivered)
        unjust = [pin for pin in dead if pin not in broken]
        complaints = [
            _complaint("without an outcome", no_outcome),
            _complaint("not delivered to Kafka", list(undelivered), because=next(iter(undelivered.values()), "")),
            _complaint("dead although the picture is good", unjust, because=dead[unjust[0]] if unjust else ""),
            _complaint("neither indexed nor dead", others),
            _complaint("written, but not in the index", missing),
        ]
        refused = {pin: reason for pin, reason in dead.items() if pin in broken}
        return RunVerdict(tuple(filter(None, complaints)), refused)

    def _has_pending(self) -> bool:
        return any(
            pin_id not in self._undelivered and not _is_finished(self._outcomes.get(pin_id)) for pin_id in self._pins
        )


def _is_finished(outcome: PinOutcome | None) -> bool:
    return outcome is not None and (outcome.outcome != "indexed" or outcome.visible_at_ms is not None)


def _says_more(new: PinOutcome, old: PinOutcome | None) -> bool:
    return old is None or _weight(new) > _weight(old)


def _weight(outcome: PinOutcome) -> tuple[bool, bool]:
    return outcome.outcome == "indexed", outcome.visible_at_ms is not None


def _complaint(what: str, pins: list[str], *, because: str = "") -> str:
    if not pins:
        return ""
    named = ", ".join(pins[:3]) + (f" and {len(pins) - 3} more" if len(pins) > 3 else "")
    return f"{len(pins)} {'pin' if len(pins) == 1 else 'pins'} {what}: {named}" + (f" ({because})" if because else "")
