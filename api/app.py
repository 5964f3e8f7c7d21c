"""The FastAPI application: its endpoints, its error handlers, and its middleware in the order a request passes it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.dependencies import Dependencies
from api.endpoints import flashlight, fresh, health, lens, page, pins
from api.metrics import ApiMetrics
from api.middleware.api_keys import ApiKeys
from api.middleware.error_handlers import install_error_handlers
from api.middleware.head_requests import HeadRequests
from api.middleware.problems import document_problems
from api.middleware.request_guard import RequestGuard
from api.middleware.request_metrics import RequestMetrics
from api.middleware.security_headers import SecurityHeaders
from api.middleware.token_buckets import TokenBuckets
from api.settings import ApiSettings

OpenDependencies = Callable[[ApiSettings, ApiMetrics], AbstractAsyncContextManager[Dependencies]]


class Application(FastAPI):
    """FastAPI with our errors in its OpenAPI document, and headers on every answer."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = document_problems(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        # Not add_middleware: Starlette answers unexpected errors outside of all that it adds.
        return HeadRequests(SecurityHeaders(super().build_middleware_stack()))


def create_app(settings: ApiSettings, open_dependencies: OpenDependencies) -> FastAPI:
    """The dependencies are opened when the application starts and closed when it stops."""
    metrics = ApiMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_dependencies(settings, metrics) as dependencies:
            app.state.dependencies = dependencies
            yield

    app = Application(
        title="pinstream",
        version=version("pinstream"),
        summary="Related Pins, Similar Looks, Flashlight and Lens over pins that were saved seconds ago.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would go to whatever host the request's Host header names
    )
    app.state.timeout_s = settings.api.timeout_s
    app.state.settings = settings
    install_error_handlers(app)
    for endpoints in (pins, flashlight, lens, fresh, health, page):
        app.include_router(endpoints.router)
    app.mount("/web", page.files)
    _add_middleware(app, settings, metrics)
    return app


def _add_middleware(app: FastAPI, settings: ApiSettings, metrics: ApiMetrics) -> None:
    """A request passes the middleware that was added last first."""
    quota = settings.quota
    app.add_middleware(
        RequestGuard,
        keys=ApiKeys(settings.api.keys),
        buckets=TokenBuckets(rate_per_s=quota.rate_per_s, burst=quota.burst, callers=quota.callers),
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
