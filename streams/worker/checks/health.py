"""One HTTP port: whether there is progress, whether a pin would be indexed now, and the metrics."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from inference.errors import InferenceError
from pinstream.errors import VectorIndexError
from streams.worker.outages import Service

_READY_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What the worker knows about itself at one moment; durations in seconds."""

    behind: bool
    """Whether there is anything that was published and is not finished."""
    since_finished_s: float
    partitions: int
    held: int
    away_s: Mapping[Service, float] = field(default_factory=dict)
    """For each service that does not answer, for how long."""


def is_alive(state: WorkerState, *, stuck_s: float) -> bool:
    """Liveness is progress: lag without a finished pin is unhealthy.

    Not while a service is away, though: a restart would not bring it back.
    """
    return not state.behind or state.since_finished_s < stuck_s or bool(state.away_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecks:
    """What the endpoints call."""

    state: Callable[[], WorkerState]
    check_readiness: Callable[[], Awaitable[object]]
    """Raises InferenceError or VectorIndexError where a pin would not be indexed now."""
    set_gauges: Callable[[], None]
    registry: CollectorRegistry
    stuck_s: float


def application(checks: HealthChecks) -> web.Application:
    """``/healthz``, ``/readyz`` and ``/metrics``."""

    async def healthz(_request: web.Request) -> web.Response:
        state = checks.state()
        alive = is_alive(state, stuck_s=checks.stuck_s)
        return _respond(alive, {**_as_json(state), "alive": alive})

    async def readyz(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                await checks.check_readiness()
        except (InferenceError, VectorIndexError, TimeoutError) as exc:
            return _respond(False, {"ready": False, "reason": f"{type(exc).__name__}: {exc}"})
        return _respond(True, {"ready": True})

    async def metrics(_request: web.Request) -> web.Response:
        checks.set_gauges()
        return web.Response(body=generate_latest(checks.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def _as_json(state: WorkerState) -> dict[str, object]:
    return {
        "behind": state.behind,
        "since_finished_s": round(state.since_finished_s, 1),
        "partitions": state.partitions,
        "held": state.held,
        "away_s": {service: round(away_s, 1) for service, away_s in state.away_s.items()},
    }


def _respond(ok: bool, body: Mapping[str, object]) -> web.Response:
    return web.Response(status=200 if ok else 503, text=json.dumps(body) + "\n", content_type="application/json")
