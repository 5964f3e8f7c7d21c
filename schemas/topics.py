"""The topics: names, keys, partitions, retention and sizes. Rule for all keys: the pin id, partitioned by murmur2."""

from dataclasses import dataclass
from typing import Final

from pinstream.events import BACKFILL_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, INDEXED_TOPIC, MAX_EVENT_BYTES

EVENTS: Final = EVENTS_TOPIC
BACKFILL: Final = BACKFILL_TOPIC
INDEXED: Final = INDEXED_TOPIC
DEAD: Final = DEAD_TOPIC

DEFAULT_PARTITIONS: Final = 12
MAX_RECORD_BYTES: Final = MAX_EVENT_BYTES + 64 * 1024
"""The largest event and what Kafka's own batch and record frames add to it."""
DEAD_LETTER_ROOM_BYTES: Final = 256 * 1024
"""Error headers; a dead letter that its topic refuses would hold its partition for ever."""

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
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
    dead = {
        "cleanup.policy": "delete",
        "retention.ms": str(30 * _DAY_MS),
        "max.message.bytes": str(MAX_RECORD_BYTES + DEAD_LETTER_ROOM_BYTES),
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
