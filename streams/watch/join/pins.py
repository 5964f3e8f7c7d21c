"""One pin as the watch knows it: its newest event and its latest outcome."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import orjson
from pydantic import ValidationError

from pinstream.events import PinOutcome
from pinstream.lanes import LANE_TOPICS, Lane
from pinstream.standing import EventPosition, Standing, is_later, is_newer, standing_of

Kind = Literal["pin", "deletion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An event, and since when it is waiting to be accounted for."""

    lane: Lane
    offset: int
    version: int
    published_at_ms: int
    kind: Kind
    since_ms: int
    """From when its age counts: its publication, or when the watch read it, for what an operator published again."""
    republished: int = 0

    def position(self, partition: int) -> EventPosition:
        return EventPosition(
            topic=LANE_TOPICS[self.lane],
            partition=partition,
            offset=self.offset,
            version=self.version,
            is_deletion=self.kind == "deletion",
            published_at_ms=self.published_at_ms,
            republished=self.republished,
        )


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
        if self.outcome is None:
            return "waiting"  # without a position, which would be made several times for each event
        return standing_of(self.publication.position(self.partition), self.outcome)

    def with_publication(self, publication: Publication) -> Self:
        """After one more event."""
        known, new = self.publication, publication.position(self.partition)
        if known is None or new.rank > (position := known.position(self.partition)).rank:
            return replace(self, publication=publication)
        if not is_newer(new, position):
            return self
        # The same version again. If it is still waiting, its age counts from the first event: else a publisher that
        # repeats itself would keep a stuck pin from ever being overdue. Another lane has another objective, and what an
        # operator publishes again starts anew.
        again = replace(self, publication=publication)
        same_kind = (known.lane, known.republished) == (publication.lane, publication.republished)
        if again.standing != "waiting" or (self.standing == "waiting" and same_kind):
            return replace(again, publication=replace(publication, since_ms=known.since_ms))
        return again

    def with_outcome(self, outcome: PinOutcome) -> Self:
        """After one more outcome; that of an event which does not decode says nothing of the pin."""
        if outcome.version is None or not is_later(outcome, self.outcome):
            return self
        return replace(self, outcome=outcome)

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


def _fields(publication: Publication) -> dict[str, Any]:
    return {name: getattr(publication, name) for name in Publication.__slots__}
