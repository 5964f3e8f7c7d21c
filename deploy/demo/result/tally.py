"""The books of a run: every published pin, what became of it, and which ones nobody answered for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

from deploy.demo.result.figures import FOUND, Figures, summarise
from pinstream.events import PinOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPin:
    """A pin to publish: a picture file, the address it is served at, and what is said about it."""

    pin_id: str
    title: str
    file: Path
    url: str
    domain: str = "web"


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """Whether every pin was accounted for, and if not, why: a sentence for each kind of trouble."""

    complaints: tuple[str, ...]
    refused: Mapping[str, str]
    """Dead pins whose picture is to blame, with the reason: accounted for."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is left unexplained."""
        return not self.complaints


class RunTally:
    """Outcomes by pin. One thread writes down what is published, another what became of it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._pins: dict[str, DemoPin] = {}
        self._undelivered: dict[str, str] = {}
        self._outcomes: dict[str, PinOutcome] = {}
        self.news = 0
        """How often an outcome said something new."""

    def published(self, pin: DemoPin) -> None:
        """Expect an outcome of this pin."""
        with self._changed:
            self._pins[pin.pin_id] = pin

    def undelivered(self, pin: DemoPin, reason: str) -> None:
        """Kafka never took this pin: no outcome will come."""
        with self._changed:
            self._undelivered[pin.pin_id] = reason
            self._changed.notify_all()

    def take(self, outcome: PinOutcome) -> DemoPin | None:
        """Write down an outcome; the pin it is about, or None if it says nothing new about a pin of this run.

        A record that saw the pin in a search outweighs one that did not; being found outweighs a replay's verdict.
        """
        with self._changed:
            pin = self._pins.get(outcome.pin_id)
            if pin is None or not _says_more(outcome, self._outcomes.get(outcome.pin_id)):
                return None
            self._outcomes[outcome.pin_id] = outcome
            self.news += 1
            self._changed.notify_all()
            return pin

    def await_all(self, *, timeout_s: float) -> bool:
        """Block until every published pin is settled, its freshness included; False if ``timeout_s`` ends first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open(), timeout_s)

    @property
    def pins(self) -> Mapping[str, DemoPin]:
        """Every pin that was published, in that order."""
        with self._changed:
            return dict(self._pins)

    @property
    def outcomes(self) -> Mapping[str, PinOutcome]:
        """What is known so far, in order of arrival."""
        with self._changed:
            return dict(self._outcomes)

    def found(self) -> list[str]:
        """Pins that are in the index, in order of arrival."""
        return [pin_id for pin_id, outcome in self.outcomes.items() if outcome.outcome in FOUND]

    def silent(self) -> list[str]:
        """Pins that Kafka took, or may have taken, and that nothing has been heard of."""
        with self._changed:
            return [pin for pin in self._pins if pin not in self._outcomes and pin not in self._undelivered]

    def unseen(self) -> list[str]:
        """Pins that were written, but that no probe saw in a search."""
        return [
            pin_id
            for pin_id, outcome in self.outcomes.items()
            if outcome.outcome == "indexed" and outcome.visible_at_ms is None
        ]

    def figures(self) -> Figures:
        """The run in numbers."""
        with self._changed:
            return summarise(self._outcomes.values(), pins=len(self._pins))

    def verdict(self, *, blame: Mapping[str, str], unfindable: list[str]) -> RunVerdict:
        """Judge the run. ``blame`` says of dead pins what is wrong with their pictures; ``unfindable`` pins
        were written and are not in the index."""
        silent = self.silent()
        with self._changed:
            dead = {pin: each.reason or "" for pin, each in self._outcomes.items() if each.outcome == "dead"}
            others = [pin for pin, each in self._outcomes.items() if each.outcome not in (*FOUND, "dead")]
            undelivered = dict(self._undelivered)
        unjust = [pin for pin in dead if pin not in blame]
        complaints = [
            _complaint("without an outcome", silent),
            _complaint("not delivered to Kafka", list(undelivered), because=next(iter(undelivered.values()), "")),
            _complaint("dead although the picture is good", unjust, because=dead[unjust[0]] if unjust else ""),
            _complaint("neither indexed nor dead", others),
            _complaint("written, but not to be found", unfindable),
        ]
        return RunVerdict(
            tuple(filter(None, complaints)), {pin: reason for pin, reason in dead.items() if pin in blame}
        )

    def _open(self) -> bool:
        return any(
            pin_id not in self._undelivered and not _is_settled(self._outcomes.get(pin_id)) for pin_id in self._pins
        )


def _is_settled(outcome: PinOutcome | None) -> bool:
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
