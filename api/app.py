"""The application: endpoints, errors, guards, in the order a request meets them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.dependencies import Dependencies
from api.endpoints import flashlight, fresh, health, lens, page, pins
from api.guards import problems
from api.guards.guard import Buckets, Guard, Keys
from api.guards.headers import HeadRequests, SafeHeaders
from api.guards.request_metrics import RequestMetrics
from api.metrics import ApiMetrics
from api.settings import ApiSettings

OpenParts = Callable[[ApiSettings, ApiMetrics], AbstractAsyncContextManager[Dependencies]]


class Application(FastAPI):
    """FastAPI, describing its errors as they are."""

    def openapi(self) -> dict[str, Any]:
        """See FastAPI."""
        if self.openapi_schema is None:
            self.openapi_schema = problems.describe(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """See Starlette, whose own answer to an unexpected error is outside all that `add_middleware` adds."""
        return HeadRequests(SafeHeaders(super().build_middleware_stack()))


def application(settings: ApiSettings, open_parts: OpenParts) -> FastAPI:
    """The service; its parts are opened when it starts and closed when it ends."""
    metrics = ApiMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings, metrics) as parts:
            app.state.parts = parts
            yield

    app = Application(
        title="pinstream",
        version=version("pinstream"),
        summary="Related Pins, Similar Looks, Flashlight and Lens over what was indexed a moment ago.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lead wherever the request's Host says
    )
    app.state.timeout_s = settings.api.timeout_s
    app.state.settings = settings
    problems.install(app)
    for each in (pins, flashlight, lens, fresh, health, page):
        app.include_router(each.router)
    app.mount("/web", page.files)
    _guard(app, settings, metrics)
    return app


def _guard(app: FastAPI, settings: ApiSettings, metrics: ApiMetrics) -> None:
    """What a request passes before its endpoint; added last is met first."""
    quota = settings.quota
    app.add_middleware(
        Guard,
        keys=Keys(settings.api.keys),
        buckets=Buckets(rate_per_s=quota.rate_per_s, burst=quota.burst, callers=quota.callers),
        body_bytes=quota.body_bytes,
        proxies=settings.api.proxies,
        metrics=metrics,
    )
    if settings.api.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.api.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["Retry-After", "ETag", "X-Pinstream-Picture", "X-Pinstream-Placeholder"],
        )
    app.add_middleware(RequestMetrics, metrics=metrics)
