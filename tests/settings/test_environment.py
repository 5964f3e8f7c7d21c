"""The first log line of a process: what was set, in one sentence."""

import pytest

from settings.environment import start_sentence
from streams.worker.settings import WorkerSettings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS", "PINSTREAM_MILVUS", "PINSTREAM_MILVUS__URI"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_set_is_named_and_the_defaults_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA__SERVERS", "kafka:9092")
    monkeypatch.setenv("PINSTREAM_KAFKA__GROUP", "pinstream")  # the default
    monkeypatch.setenv("PINSTREAM_DRAIN_S", "20")
    monkeypatch.setenv("PINSTREAM_FETCH__ALLOWED_HOSTS", '["127.0.0.1"]')

    assert start_sentence("worker", WorkerSettings()) == (
        'worker starts with PINSTREAM_KAFKA__SERVERS=kafka:9092 PINSTREAM_FETCH__ALLOWED_HOSTS=["127.0.0.1"] '
        "PINSTREAM_DRAIN_S=20.0; the other settings are the defaults (docs/configuration.md; log level debug shows "
        "them all)"
    )


def test_without_settings_it_says_so() -> None:
    assert start_sentence("worker", WorkerSettings()).startswith("worker starts with default settings (")


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_MILVUS__URI", "http://root:hush@milvus:19530")
    monkeypatch.setenv("PINSTREAM_MILVUS__TOKEN", "hush")
    monkeypatch.setenv("PINSTREAM_TRITON__HEADERS", '{"authorization": "Bearer hush"}')
    monkeypatch.setenv("PINSTREAM_KAFKA__CLIENT", '{"sasl.password": "hush", "sasl.username": "ann"}')

    sentence = start_sentence("worker", WorkerSettings())

    assert "hush" not in sentence
    for name in ("MILVUS__URI", "MILVUS__TOKEN", "TRITON__HEADERS", "KAFKA__CLIENT"):
        assert f"PINSTREAM_{name}=" in sentence
