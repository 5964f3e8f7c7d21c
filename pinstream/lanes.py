"""The lanes that events arrive on: *live*, and *backfill*, served with the capacity that the live lane leaves."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from pinstream.events import BACKFILL_TOPIC, EVENTS_TOPIC

Lane = Literal["live", "backfill"]
LANES: Final[tuple[Lane, ...]] = get_args(Lane)
LANE_TOPICS: Final[Mapping[Lane, str]] = {"live": EVENTS_TOPIC, "backfill": BACKFILL_TOPIC}


def lane_of(topic: str) -> Lane:
    """The lane of a topic, whatever prefix its name has."""
    return "backfill" if topic.endswith(BACKFILL_TOPIC) else "live"
