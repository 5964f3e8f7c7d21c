"""One pin as the watch knows it: its newest event, what became of that, and how the two are joined."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

import orjson
from pydantic import ValidationError

from pinstream.events import PinOutcome
from pinstream.lanes import Lane, lane_of

Kind = Literal["pin", "deletion"]
Standing = Literal["waiting", "searchable", "dead", "superseded"]

_RANK: Final = {"dead": 0, "superseded": 1, "unchanged": 2, "indexed": 3, "deleted": 4}
"""Of two outcomes at one version the higher is the pin's: a replay revives the dead, and a deletion wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The newest event of a pin: the one that must be accounted for."""

    lane: Lane
    offset: int
    version: int
    published_at_ms: int
    kind: Kind
    since_ms: int
    """From when its age counts: its publication, or when the watch read it, for what an operator published again."""

    def newer_than(self, other: Self) -> bool:
        """By version; at equal versions a deletion wins."""
        if self.version != other.version:
            return self.version > other.version
        return self.kind == "deletion" and other.kind == "pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinState:
    """The last state of one pin. Without a publication its event was not read yet: outcomes may overtake it."""

    partition: int
    publication: Publication | None = None
    outcome: PinOutcome | None = None

    @property
    def standing(self) -> Standing | None:
        """Where the newest event stands; None before it was read."""
        if self.publication is None:
            return None
        if self.outcome is None or not accounts(self.outcome, self.publication):
            return "waiting"
        if self.outcome.outcome in ("dead", "superseded"):
            return self.outcome.outcome
        return "searchable"

    def with_publication(self, publication: Publication) -> Self:
        """After one more event: a newer one takes the place of an older, and a second try that of a dead one."""
        known = self.publication
        if known is None or publication.newer_than(known):
            return replace(self, publication=publication)
        again = publication.version == known.version and publication.kind == known.kind
        if again and self.standing == "dead" and not self._tells_of(publication):
            return replace(self, publication=publication, outcome=None)
        return self

    def with_outcome(self, outcome: PinOutcome) -> Self:
        """After one more outcome: the greatest version counts, however late an older one is told."""
        known = self.outcome
        if outcome.version is None:
            return self  # an event that nobody can read says nothing of the pin
        if known is None or _order(outcome) > _order(known) or _later(outcome, known):
            return replace(self, outcome=outcome)
        return self

    def _tells_of(self, publication: Publication) -> bool:
        """Whether the outcome is that of this very event, or of a later one of its lane."""
        outcome = self.outcome
        return (
            outcome is not None and lane_of(outcome.topic) == publication.lane and outcome.offset >= publication.offset
        )

    def encode(self) -> bytes:
        """For the table."""
        publication = self.publication
        return orjson.dumps(
            {
                "partition": self.partition,
                "publication": None if publication is None else _fields(publication),
                "outcome": None if self.outcome is None else self.outcome.model_dump(mode="json", exclude_none=True),
            }
        )

    @classmethod
    def decode(cls, value: bytes) -> Self | None:
        """What the table holds; None for what another release wrote and this one cannot read."""
        try:
            fields = orjson.loads(value)
            publication, outcome = fields["publication"], fields["outcome"]
            return cls(
                partition=fields["partition"],
                publication=None if publication is None else Publication(**publication),
                outcome=None if outcome is None else PinOutcome.model_validate(outcome),
            )
        except (orjson.JSONDecodeError, ValidationError, KeyError, TypeError):
            return None


def accounts(outcome: PinOutcome, publication: Publication) -> bool:
    """Whether ``outcome`` says what became of that event, or of a newer one of the pin."""
    if outcome.version is None or outcome.version < publication.version:
        return False
    if outcome.version > publication.version or publication.kind == "pin":
        return True
    same_event = outcome.offset == publication.offset and lane_of(outcome.topic) == publication.lane
    return same_event or outcome.outcome == "deleted"


def _order(outcome: PinOutcome) -> tuple[int, int, bool]:
    return outcome.version or 0, _RANK[outcome.outcome], outcome.visible_at_ms is not None


def _later(outcome: PinOutcome, known: PinOutcome) -> bool:
    """Of two outcomes that say the same, the later event's: a dead letter that was replayed and died again."""
    same_lane = lane_of(outcome.topic) == lane_of(known.topic)
    return _order(outcome) == _order(known) and (outcome.offset > known.offset if same_lane else True)


def _fields(publication: Publication) -> dict[str, Any]:
    return {name: getattr(publication, name) for name in Publication.__slots__}
