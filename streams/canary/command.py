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

_WORDS: Final[dict[Step, tuple[str, str]]] = {
    "publish": ("published", "publish"),
    "find": ("found by a search", "find"),
    "delete": ("deleted", "delete"),
    "gone": ("gone from searches", "see it gone"),
}
_HISTOGRAMS: Final[dict[Step, str]] = {"find": "published_to_found", "gone": "deleted_to_gone"}


def once(settings: CanarySettings, console: Console) -> int:
    """One round, told step by step; the exit status."""
    with _round(settings) as sung:
        console.print(Text(f"canary pin {sung.pin_id}, by Kafka at {settings.kafka.servers}", style="bold"))
        try:
            if sung.clean():
                console.print(Text("  removed what a killed canary had left", style="yellow"))
            for done in sung.run():
                console.print(_line(done), soft_wrap=True)
        except StepFailed as exc:
            console.print(Text(f"  ✗ {_WORDS[exc.step][1]}: {exc}", style="bold red"), soft_wrap=True)
            return 1
    console.print(Text("the write path works: published, found, deleted, gone", style="green"))
    return 0


def sing(settings: CanarySettings, stop: threading.Event) -> None:
    """Rounds until ``stop`` is set; a failed one is logged and counted, and the next begins in its time."""
    metrics, http = CanaryMetrics(), settings.http
    server, thread = start_http_server(http.port, http.host, metrics.registry)
    log.info("listening", extra={"http": server.server_address[:2]})
    try:
        with _round(settings) as sung:
            _cleaned(sung, metrics)
            while not stop.is_set():
                begun_s = time.monotonic()
                _counted(sung, metrics)
                stop.wait(max(settings.canary.every_s - (time.monotonic() - begun_s), 0))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _cleaned(sung: CanaryRound, metrics: CanaryMetrics) -> None:
    try:
        if sung.clean():
            log.warning("removed what a killed canary had left", extra={"pin_id": sung.pin_id})
    except StepFailed as exc:
        metrics.add("failures", exc.step)
        log.error("canary: %s: %s", exc.step, exc)


def _counted(sung: CanaryRound, metrics: CanaryMetrics) -> None:
    try:
        for done in sung.run():
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
def _round(settings: CanarySettings) -> Iterator[CanaryRound]:
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
    return Text("  ✓ ", style="green").append(f"{_WORDS[done.step][0]} {after}", style="default")
