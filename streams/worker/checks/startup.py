"""The checks before the worker joins its group: every service answers and fits. Warms the services up, too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from index import bootstrap
from inference.errors import ModelUnavailable
from pinstream.errors import IndexUnavailable
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.tls import is_api_key_error, is_tls_error
from schemas.topics import topics
from streams.errors import StartRefused
from streams.topic_setup import TopicSetup
from streams.worker.backends import Backends
from streams.worker.process.retry import Backoff
from streams.worker.settings import WorkerSettings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
WARM_UPS: Final = 3


async def check(settings: WorkerSettings, backends: Backends) -> None:
    """Return once everything that the worker needs is there and fits, and has been used a few times.

    Raises StartRefused, ModelMismatch or IndexMismatch with what to do. Waits for a service that does not answer: the
    parts of a stack start in any order.
    """
    kafka, setup = settings.kafka, TopicSetup(settings.kafka.client_config)
    partitions = await _wait_for(
        f"Kafka at {kafka.servers} (PINSTREAM_KAFKA__SERVERS)",
        lambda: asyncio.to_thread(setup.require, topics(prefix=kafka.topic_prefix)),
    )
    log.info("topics found", extra={"partitions": partitions})
    if kafka.protocol == "consumer":
        timeouts = await _wait_for("Kafka", lambda: asyncio.to_thread(setup.group_timeouts, kafka.group))
        log.info("KIP-848: %s", timeouts)
    await _wait_for(
        f"Milvus at {settings.milvus.uri} (PINSTREAM_MILVUS__URI)",
        lambda: asyncio.to_thread(bootstrap.require, backends.store),
    )
    await _wait_for(f"Triton at {settings.triton.address} (PINSTREAM_TRITON__ADDRESS)", backends.models.check)
    await _wait_for("Triton", backends.model_check.run)
    for _ in range(WARM_UPS):
        await _wait_for("Triton and Milvus", backends.readiness_check.run)


async def _wait_for(what: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
    waits_s = Backoff(first_s=0.2, max_s=2.0).waits_s()
    while True:
        try:
            return await call()
        except KafkaUnreachable as exc:
            log.warning("waiting for %s: %s", what, exc)
        except (ModelUnavailable, IndexUnavailable) as exc:
            if is_tls_error(str(exc)) or is_api_key_error(str(exc)):
                raise StartRefused(str(exc)) from exc
            log.warning("waiting for %s: %s", what, exc)
        await asyncio.sleep(next(waits_s))
