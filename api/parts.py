"""What the endpoints work with; opened by `api.backends`, or made of stand-ins by tests."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.crops import Crops
from api.feed import Feed
from api.journal import Journal
from api.metrics import Metrics
from api.models import Models
from api.pictures import Pictures
from api.places import Places
from api.readiness import Readiness
from api.searches import Searches
from api.shrinking import Shrinking


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
