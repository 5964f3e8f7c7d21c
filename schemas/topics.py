"""The Kafka topics: names, partitions, retention and sizes. Every key is a pin id, partitioned by murmur2."""

from dataclasses import dataclass
from typing import Final

from pinstream.events import BACKFILL_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, INDEXED_TOPIC, MAX_EVENT_BYTES

DEFAULT_PARTITIONS: Final = 12
MAX_RECORD_BYTES: Final = MAX_EVENT_BYTES + 64 * 1024
"""The largest event, and 64 KiB for Kafka's batch and record headers."""
DEAD_LETTER_ROOM_BYTES: Final = 256 * 1024
"""For error headers: a dead letter larger than its topic allows would block its partition for ever."""

_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as ``python -m streams init`` creates it; ``config`` holds Kafka's own settings."""

    name: str
    partitions: int
    config: dict[str, str]
    purpose: str


def topics(*, partitions: int = DEFAULT_PARTITIONS, prefix: str = "") -> tuple[Topic, ...]:
    """All topics. Both lanes have the same number of partitions, so that one worker gets both lanes of a pin."""
    compacted = {
        "cleanup.policy": "compact",
        # Longer than any worker may be down: a tombstone that is compacted away before it is read is a deletion lost.
        "delete.retention.ms": str(7 * _DAY_MS),
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
    dead = {
        "cleanup.policy": "delete",
        "retention.ms": str(30 * _DAY_MS),
        "max.message.bytes": str(MAX_RECORD_BYTES + DEAD_LETTER_ROOM_BYTES),
    }
    return (
        Topic(
            prefix + EVENTS_TOPIC,
            partitions,
            compacted,
            "what happened to pins; everything else can be rebuilt from it",
        ),
        Topic(
            prefix + BACKFILL_TOPIC,
            partitions,
            compacted,
            "the same, processed with the capacity that the live lane leaves over",
        ),
        Topic(prefix + INDEXED_TOPIC, partitions, compacted, "the last outcome of each pin"),
        Topic(
            prefix + DEAD_TOPIC,
            partitions,
            dead,
            "events that can never be indexed, unchanged, with the reason",
        ),
    )
