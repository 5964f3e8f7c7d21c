"""``python -m streams`` as a process: exit statuses, sentences instead of tracebacks, and what it imports."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pinstream.kafka.errors import KafkaSettingInvalid
from settings import logs
from streams import __main__ as main
from streams.worker import service

WRONG_KEY = {"PINSTREAM_KAFKA__SERVERS": "127.0.0.1:1", "PINSTREAM_KAFKA__CLIENT": '{"no.such.key": "1"}'}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("process", ["worker", "watch", "init"])
def test_a_wrong_key_for_kafka_s_clients_is_one_sentence_and_exit_status_2(process: str) -> None:
    done = run("-m", "streams", process, **WRONG_KEY)

    assert done.returncode == 2, done.stderr
    assert "PINSTREAM_KAFKA__CLIENT: No such configuration property" in done.stderr
    assert "no.such.key" in done.stderr
    assert "Traceback" not in done.stderr


def test_so_is_one_that_only_the_consumers_or_the_producer_get(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_settings: object, **_options: object) -> None:
        raise KafkaSettingInvalid("PINSTREAM_KAFKA__CONSUMER: no such property")

    monkeypatch.setattr(service, "run", refuse)
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    assert CliRunner().invoke(main.app, ["worker"]).exit_code == 2
    assert "wrong setting: PINSTREAM_KAFKA__CONSUMER: no such property" in caplog.messages


def test_an_init_without_kafka_names_the_address_once() -> None:
    done = run("-m", "streams", "init", PINSTREAM_KAFKA__SERVERS="127.0.0.1:1")

    assert done.returncode == 3, done.stderr
    asked, failed = done.stderr.splitlines()
    assert asked == "asking Kafka at 127.0.0.1:1 (PINSTREAM_KAFKA__SERVERS)"
    assert failed.startswith("no Kafka at 127.0.0.1:1: ")


def test_the_commands_that_need_no_models_import_none() -> None:
    heavy = "{'numpy', 'cv2', 'tritonclient', 'grpc', 'pymilvus', 'pandas', 'faust'}"
    done = run("-c", f"import streams.__main__, sys; print(sorted({heavy} & sys.modules.keys()))")

    assert done.stdout.strip() == "[]", done.stderr
