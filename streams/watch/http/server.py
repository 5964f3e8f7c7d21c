"""The watch's HTTP port: status page, JSON, health, readiness and metrics."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pinstream.kafka.partitioner import partition_of
from pinstream.lanes import LANES
from streams.watch.consume.progress import ReadProgress
from streams.watch.http import page
from streams.watch.http.report import DEFAULT_LIMIT, MAX_LIMIT, WatchReport, pin_as_json
from streams.watch.join.pins import PinState
from streams.watch.join.watcher import Watcher
from streams.watch.settings import WatchSettings

log = logging.getLogger(__name__)

ASSETS: Final = Path(__file__).parent / "assets"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MAX_LATE_S: Final = 30.0
"""The watch is ready while it has read everything that was on Kafka this long ago."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RunningWatch(Protocol):
    """What the server needs of the Faust app."""

    @property
    def partitions(self) -> frozenset[int]:
        """Those of this instance."""

    @property
    def instances(self) -> Mapping[str, list[int]]:
        """Every instance and its partitions."""

    @property
    def running(self) -> bool:
        """Whether it reads records."""

    def state(self, pin_id: str) -> PinState | None:
        """A pin of one of this instance's partitions."""


class WatchServer:
    """It answers from the start of the process, before Faust has joined its group."""

    def __init__(self, settings: WatchSettings, watcher: Watcher, progress: ReadProgress, *, partitions: int) -> None:
        self._settings = settings
        self._watcher = watcher
        self._progress = progress
        self._partitions = partitions
        self._report = WatchReport(watcher=watcher)
        self._watch: RunningWatch | None = None
        self._url = ""

    def attach(self, watch: RunningWatch) -> None:
        """From now on pins can be looked up."""
        self._watch = watch

    async def start(self, stack: AsyncExitStack) -> str:
        """Listen until ``stack`` closes; returns the URL under which others reach this instance."""
        http = self._settings.http
        runner = web.AppRunner(self.application(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, http.host, http.port).start()
        host, port = runner.addresses[0][:2]
        own_host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 (compared, not listened on)
        self._url = http.url.rstrip("/") or f"http://{own_host}:{port}"
        log.info("listening", extra={"http": (host, port), "url": self._url})
        return self._url

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_add_security_headers])
        routes: dict[str, Handler] = {
            "/": self._page,
            "/pins": self._redirect_to_pin,
            "/pins/{id}": self._pin,
            "/overdue": self._overdue,
            "/freshness": self._freshness,
            "/coverage": self._coverage,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }
        for path, handler in routes.items():
            app.router.add_get(path, handler)
        app.router.add_static("/assets", ASSETS)
        return app

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        text = page.render(self._report, self._settings, self._instance(), behind=self._progress.behind)
        return web.Response(text=text, content_type="text/html")

    async def _redirect_to_pin(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(f"/pins/{request.query.get('id', '')}")

    async def _pin(self, request: web.Request) -> web.StreamResponse:
        pin_id = request.match_info["id"]
        partition = partition_of(pin_id.encode(), self._partitions)
        url = self._url_of(partition)
        if url is not None and url != self._url:
            raise web.HTTPTemporaryRedirect(f"{url}/pins/{pin_id}")
        state = self._watch.state(pin_id) if self._watch is not None and url is not None else None
        if state is None:
            note = f"no instance watches partition {partition} at the moment: try again"
            if url is not None:
                kept_s = self._settings.table.accounted_s
                note = f"the watch knows pins that are waiting, and those accounted for in the last {kept_s:.0f} s"
            return _json({"pin_id": pin_id, "partition": partition, "standing": "unknown", "note": note}, status=404)
        return _json(pin_as_json(pin_id, state, now_ms=self._watcher.now_ms()))

    async def _overdue(self, request: web.Request) -> web.StreamResponse:
        limit = request.query.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
            return _json({"error": f"limit={limit!r:.40}: 1 to {MAX_LIMIT} are allowed"}, status=400)
        return _json({**self._report.overdue(int(limit)), "instance": self._instance()})

    async def _freshness(self, _request: web.Request) -> web.StreamResponse:
        objective = self._settings.objective
        wanted = {"pin_s": objective.pin_s, "deletion_s": objective.deletion_s, "backfill_s": objective.backfill_s}
        return _json({"objective": wanted, **self._report.freshness(), "instance": self._instance()})

    async def _coverage(self, _request: web.Request) -> web.StreamResponse:
        spans_s = sorted({60, 300, self._settings.objective.coverage_s})
        return _json({**self._report.coverage(spans_s), "instance": self._instance()})

    async def _healthz(self, _request: web.Request) -> web.StreamResponse:
        """200 while the event loop runs; a watch that reads nothing is ended by its watchdog."""
        return _json({"alive": True, **self._health()})

    async def _readyz(self, _request: web.Request) -> web.StreamResponse:
        health = self._health()
        is_current = health["seen_to_s"] is not None and health["seen_to_s"] < _MAX_LATE_S
        ready = bool(health["running"] and health["partitions"] and is_current)
        return _json({"ready": ready, **health}, status=200 if ready else 503)

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        self._set_gauges()
        return web.Response(body=generate_latest(self._watcher.metrics.registry), headers={
            "Content-Type": CONTENT_TYPE_LATEST
        })  # fmt: skip

    def _set_gauges(self) -> None:
        metrics, watcher = self._watcher.metrics, self._watcher
        ledgers = [partition.ledger for partition in watcher.partitions.values()]
        counts = [ledger.overdue_counts() for ledger in ledgers]
        for kind in ("pin", "deletion"):
            metrics.set("overdue_pins", sum(count[kind] for count in counts), kind)
        metrics.set("coverage_ratio", self._report.coverage_of(self._settings.objective.coverage_s).ratio)
        for lane in LANES:
            metrics.set("lag_seconds", self._report.oldest_age_s(lane), lane)
        metrics.set("behind_records", self._progress.behind or 0)
        pins = sum(ledger.pins for ledger in ledgers)
        metrics.set("pins", watcher.waiting, "waiting")
        metrics.set("pins", watcher.ahead, "ahead")
        metrics.set("pins", pins - watcher.waiting - watcher.ahead, "accounted")
        metrics.set("partitions", len(self._watch.partitions) if self._watch else 0)
        metrics.set("progress_timestamp_seconds", self._progress.progressed_at_ms / 1000)

    def _url_of(self, partition: int) -> str | None:
        """Of the instance that watches a partition; this one if it does, though Faust may still name another."""
        if self._watch is None:
            return None
        if partition in self._watch.partitions:
            return self._url
        return next((url for url, held in self._watch.instances.items() if partition in held), None)

    def _instance(self) -> dict[str, Any]:
        """Each instance answers for its own partitions, and names the others."""
        watch = self._watch
        held = sorted(watch.partitions) if watch is not None else []
        others = {url: parts for url, parts in watch.instances.items() if url != self._url} if watch else {}
        return {"url": self._url, "partitions": held, "of": self._partitions, "others": others}

    def _health(self) -> dict[str, Any]:
        progress, now_ms = self._progress, self._watcher.now_ms()
        return {
            "running": self._watch is not None and self._watch.running,
            "partitions": len(self._watch.partitions) if self._watch is not None else 0,
            "behind": progress.behind,
            "seen_to_s": round((now_ms - progress.as_of_ms) / 1000, 1) if progress.as_of_ms else None,
            "since_progress_s": round((now_ms - progress.progressed_at_ms) / 1000, 1),
            "waiting": self._watcher.waiting,
        }


@web.middleware
async def _add_security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as exc:
        exc.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response


def _json(body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(status=status, text=json.dumps(body) + "\n", content_type="application/json")
