"""A Kafka inside this process: librdkafka's mock cluster, which speaks the real protocol."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[str]:
    """Addresses of three mock brokers; topics come into being when used, with four partitions."""
    owner = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 3, "log_level": 0})
    brokers = owner.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    owner.flush(0)


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex}."


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack's file above, and no address in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS", "PINSTREAM_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)
