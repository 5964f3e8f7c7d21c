"""What the endpoints work with; opened by `api.backends`, or made of stand-ins by tests."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.feed.fresh_feed import Feed
from api.feed.journal import Journal
from api.guards.admission import Places
from api.metrics import Metrics
from api.pictures.crops import Crops
from api.pictures.models import Models
from api.pictures.picture_cache import Pictures
from api.pictures.thumbnail_cache import Shrinking
from api.readiness import Readiness
from api.search_threads import Searches


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that outlives a request."""

    searches: Searches
    models: Models
    pictures: Pictures
    crops: Crops
    shrinking: Shrinking
    journal: Journal
    feed: Feed
    uploads: Places
    streams: Places
    metrics: Metrics
    readiness: Readiness
    cached_by: Literal["public", "private"]
    """Whose caches may keep pictures: where keys are needed, no shared one."""


def parts_of(request: Request) -> Parts:
    """The running application's parts."""
    parts: Parts = request.app.state.parts
    return parts


PartsHere = Annotated[Parts, Depends(parts_of)]
