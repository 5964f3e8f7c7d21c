"""The canary as a process: rounds for ever with metrics, or one round with a list of its steps."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import start_http_server
from rich.console import Console
from rich.text import Text

from pinstream.publish import Publisher
from pinstream.search.index import VisualIndex
from streams.canary.metrics import CanaryMetrics, Step
from streams.canary.round import CanaryRound, StepDone, StepFailed
from streams.canary.settings import CanarySettings

log = logging.getLogger(__name__)

_STEP_DONE: Final[dict[Step, str]] = {
    "publish": "published",
    "find": "found by a search",
    "delete": "deleted",
    "gone": "gone from searches",
}
_HISTOGRAMS: Final[dict[Step, str]] = {"find": "published_to_found", "gone": "deleted_to_gone"}
_LEFTOVER: Final = "removed the pin that a killed canary had left"


def run_once(settings: CanarySettings, console: Console) -> int:
    """One round, one line a step; the exit status."""
    with _open_round(settings) as canary:
        console.print(Text(f"canary pin {canary.pin_id}, by Kafka at {settings.kafka.servers}", style="bold"))
        try:
            if canary.remove_leftover():
                console.print(Text(f"  {_LEFTOVER}", style="yellow"))
            for done in canary.run():
                console.print(_line(done), soft_wrap=True)
        except StepFailed as exc:
            console.print(Text(f"  ✗ {exc.step}: {exc}", style="bold red"), soft_wrap=True)
            return 1
    console.print(Text("the write path works: published, found, deleted, gone", style="green"))
    return 0


def run_forever(settings: CanarySettings, stop: threading.Event) -> None:
    """Rounds until ``stop`` is set; a failed one is logged and counted, and the next begins at its time."""
    metrics, http = CanaryMetrics(), settings.http
    server, thread = start_http_server(http.port, http.host, metrics.registry)
    log.info("listening", extra={"http": server.server_address[:2]})
    try:
        with _open_round(settings) as canary:
            _remove_leftover(canary, metrics)
            while not stop.is_set():
                started_s = time.monotonic()
                _run_round(canary, metrics)
                stop.wait(max(settings.canary.every_s - (time.monotonic() - started_s), 0))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _remove_leftover(canary: CanaryRound, metrics: CanaryMetrics) -> None:
    try:
        if canary.remove_leftover():
            log.warning(_LEFTOVER, extra={"pin_id": canary.pin_id})
    except StepFailed as exc:
        metrics.add("failures", exc.step)
        log.error("canary: %s: %s", exc.step, exc)


def _run_round(canary: CanaryRound, metrics: CanaryMetrics) -> None:
    try:
        for done in canary.run():
            if done.step in _HISTOGRAMS:
                metrics.observe(_HISTOGRAMS[done.step], done.took_s)
    except StepFailed as exc:
        metrics.add("rounds", "failed")
        metrics.add("failures", exc.step)
        log.error("canary: %s: %s", exc.step, exc)
    else:
        metrics.add("rounds", "ok")
        metrics.set("last_success_timestamp_seconds", time.time())


@contextmanager
def _open_round(settings: CanarySettings) -> Iterator[CanaryRound]:
    kafka, milvus, canary = settings.kafka, settings.milvus, settings.canary
    delivery_ms = round(canary.give_up_s * 1000)
    producer = {"delivery.timeout.ms": delivery_ms, "linger.ms": 0, **kafka.client, **kafka.producer}
    publisher = Publisher(kafka.servers, topic_prefix=kafka.topic_prefix, source="pinstream-canary", kafka=producer)
    try:
        with VisualIndex(milvus.uri, token=milvus.secret, timeout_s=milvus.timeout_s, tls=milvus.tls) as index:
            name = canary.name or "".join(each if each.isalnum() else "-" for each in socket.gethostname())[:40]
            yield CanaryRound(f"canary-{name}", publisher, index, give_up_s=canary.give_up_s)
    finally:
        publisher.close(1.0)


def _line(done: StepDone) -> Text:
    took = f"{done.took_s * 1000:,.0f} ms"
    after = f"after {took}" if done.step in _HISTOGRAMS else f"in {took}"
    return Text("  ✓ ", style="green").append(f"{_STEP_DONE[done.step]} {after}", style="default")
