"""One HTTP port: is there progress, would a pin be indexed now, and the metrics."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from inference.errors import InferenceError
from pinstream.errors import VectorIndexError
from streams.worker.process.retry import Service

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


def alive(pulse: WorkerState, *, stuck_s: float) -> bool:
    """Liveness is progress: lag without a finished pin is unhealthy, unless somebody else's outage is waited out."""
    return not pulse.behind or pulse.since_finished_s < stuck_s or bool(pulse.away_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What the endpoints ask."""

    pulse: Callable[[], WorkerState]
    canary: Callable[[], Awaitable[object]]
    """A real inference and a real search; raises what they raise."""
    collect: Callable[[], None]
    """Brings the gauges up to date."""
    registry: CollectorRegistry
    stuck_s: float


def application(checks: Checks) -> web.Application:
    """``/healthz``, ``/readyz`` and ``/metrics``."""

    async def healthz(_request: web.Request) -> web.Response:
        pulse = checks.pulse()
        healthy = alive(pulse, stuck_s=checks.stuck_s)
        return _answer(healthy, {**_told(pulse), "alive": healthy})

    async def readyz(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                await checks.canary()
        except (InferenceError, VectorIndexError, TimeoutError) as exc:
            return _answer(False, {"ready": False, "reason": f"{type(exc).__name__}: {exc}"})
        return _answer(True, {"ready": True})

    async def metrics(_request: web.Request) -> web.Response:
        checks.collect()
        return web.Response(body=generate_latest(checks.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def _told(pulse: WorkerState) -> dict[str, object]:
    return {
        "behind": pulse.behind,
        "since_finished_s": round(pulse.since_finished_s, 1),
        "partitions": pulse.partitions,
        "held": pulse.held,
        "away_s": {service: round(away_s, 1) for service, away_s in pulse.away_s.items()},
    }


def _answer(good: bool, told: Mapping[str, object]) -> web.Response:
    return web.Response(status=200 if good else 503, text=json.dumps(told) + "\n", content_type="application/json")
