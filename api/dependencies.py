"""What the endpoints work with; opened by `api.backends`, or made of stand-ins by tests."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.feed.fresh_feed import FreshFeed
from api.feed.journal import Journal
from api.guards.admission import AdmissionLimit
from api.metrics import ApiMetrics
from api.pictures.crops import Crops
from api.pictures.models import QueryModels
from api.pictures.picture_cache import PictureCache
from api.pictures.thumbnail_cache import ThumbnailCache
from api.readiness import Readiness
from api.search_threads import SearchThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything that outlives a request."""

    searches: SearchThreads
    models: QueryModels
    pictures: PictureCache
    crops: Crops
    shrinking: ThumbnailCache
    journal: Journal
    feed: FreshFeed
    uploads: AdmissionLimit
    streams: AdmissionLimit
    metrics: ApiMetrics
    readiness: Readiness
    cached_by: Literal["public", "private"]
    """Whose caches may keep pictures: where keys are needed, no shared one."""


def parts_of(request: Request) -> Dependencies:
    """The running application's parts."""
    parts: Dependencies = request.app.state.parts
    return parts


PartsHere = Annotated[Dependencies, Depends(parts_of)]
