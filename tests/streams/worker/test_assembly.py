"""The worker is built from its settings: a wrong one of Kafka's keys is named, and nothing is left running."""

import threading
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import cast

import pytest

from pinstream.kafka.errors import KafkaSettingInvalid
from streams.worker.assembly import build
from streams.worker.backends import Backends
from streams.worker.metrics import WorkerMetrics
from streams.worker.settings import WorkerSettings


def backends() -> Backends:
    """Of these only the metrics are used before a pin comes."""
    parts = dict.fromkeys(("detector", "embedder", "decoders", "reader", "fetcher", "writer", "search", "tracer"))
    return cast(Backends, SimpleNamespace(**parts, metrics=WorkerMetrics()))


async def test_a_wrong_key_of_kafka_s_is_named_with_its_variable() -> None:
    for name in ("consumer", "producer"):
        settings = WorkerSettings.model_validate({"kafka": {"servers": "127.0.0.1:1", name: {"no.such.key": 1}}})

        with pytest.raises(KafkaSettingInvalid, match=rf"^PINSTREAM_KAFKA__{name.upper()}: .*no\.such\.key"):
            async with AsyncExitStack() as at_end:
                build(settings, backends(), at_end)

    assert "producer" not in [thread.name for thread in threading.enumerate()]
