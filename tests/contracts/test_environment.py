"""A worker started in a shell with the command line's variables accepts them."""

import pytest

from streams.worker.settings import WorkerSettings


def test_a_worker_understands_the_addresses_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA", "kafka:9092")
    monkeypatch.setenv("PINSTREAM_MILVUS", "http://milvus:19530")

    settings = WorkerSettings()

    assert settings.kafka.servers == "kafka:9092"
    assert settings.milvus.uri == "http://milvus:19530"


def test_its_own_names_go_first_and_groups_may_still_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA", "kafka:9092")
    monkeypatch.setenv("PINSTREAM_KAFKA__SERVERS", "other:9092")
    monkeypatch.setenv("PINSTREAM_KAFKA__GROUP", "shoes")
    monkeypatch.setenv("PINSTREAM_MILVUS", '{"uri": "http://milvus:19530", "timeout_s": 2}')

    settings = WorkerSettings()

    assert (settings.kafka.servers, settings.kafka.group) == ("other:9092", "shoes")
    assert (settings.milvus.uri, settings.milvus.timeout_s) == ("http://milvus:19530", 2)
