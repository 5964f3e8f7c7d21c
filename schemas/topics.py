"""The topics: names, keys, partitions, retention and sizes. Rule for all keys: the pin id, partitioned by murmur2."""

from dataclasses import dataclass
from typing import Final

EVENTS: Final = "pins.events"
BACKFILL: Final = "pins.events.backfill"
INDEXED: Final = "pins.indexed"
DEAD: Final = "pins.dead"

DEFAULT_PARTITIONS: Final = 12
MAX_EVENT_BYTES: Final = 6 * 1024 * 1024
"""An event with an inline picture; a dead letter needs room for its error headers too."""
DEAD_LETTER_ROOM_BYTES: Final = 256 * 1024

_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as `python -m streams init` creates it; ``config`` holds Kafka's own keys."""

    name: str
    partitions: int
    config: dict[str, str]
    purpose: str


def topics(*, partitions: int = DEFAULT_PARTITIONS, prefix: str = "") -> tuple[Topic, ...]:
    """All topics; the two lanes have equal partition counts, so that one pin's lanes meet in one worker."""
    compacted = {
        "cleanup.policy": "compact",
        # A tombstone must outlive any worker's absence, or a deletion can vanish before it is indexed.
        "delete.retention.ms": str(7 * _DAY_MS),
        "max.message.bytes": str(MAX_EVENT_BYTES),
    }
    dead = {
        "cleanup.policy": "delete",
        "retention.ms": str(30 * _DAY_MS),
        "max.message.bytes": str(MAX_EVENT_BYTES + DEAD_LETTER_ROOM_BYTES),
    }
    return (
        Topic(prefix + EVENTS, partitions, compacted, "what happened to pins: the truth"),
        Topic(prefix + BACKFILL, partitions, compacted, "the same, served with what the live lane leaves over"),
        Topic(prefix + INDEXED, partitions, compacted, "the last outcome of each pin"),
        Topic(
            prefix + DEAD,
            partitions,
            dead,
            "events that can never be indexed, byte-identical, with the reason",
        ),
    )
