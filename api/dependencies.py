"""What the endpoints need and share; `api.backends` builds it on real servers, tests on fakes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.feed.fresh_feed import FreshFeed
from api.feed.recent_pins import RecentPins
from api.metrics import ApiMetrics
from api.middleware.per_caller_limit import PerCallerLimit
from api.pictures.box_code_cache import BoxCodeCache
from api.pictures.picture_cache import PictureCache
from api.pictures.query_models import QueryModels
from api.pictures.thumbnail_cache import ThumbnailCache
from api.readiness import Readiness
from api.search_threads import SearchThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything that outlives a request."""

    searches: SearchThreads
    models: QueryModels
    pictures: PictureCache
    box_codes: BoxCodeCache
    thumbnails: ThumbnailCache
    recent_pins: RecentPins
    feed: FreshFeed
    uploads: PerCallerLimit
    streams: PerCallerLimit
    metrics: ApiMetrics
    readiness: Readiness
    cache_scope: Literal["public", "private"]
    """For ``Cache-Control`` of pictures: private where API keys are needed, so that no shared cache holds them."""


def get_dependencies(request: Request) -> Dependencies:
    """For FastAPI's `Depends`."""
    dependencies: Dependencies = request.app.state.dependencies
    return dependencies


Deps = Annotated[Dependencies, Depends(get_dependencies)]
