"""Settings name themselves when they are wrong, and their reference is always true."""

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from settings.environment import effective, setting_errors
from settings.reference import PAGE, section_of
from streams.reference import PARTS
from streams.worker.settings import WorkerSettings


@pytest.mark.parametrize("process", PARTS)
def test_the_configuration_reference_is_generated(process: str) -> None:
    assert section_of(PAGE.read_text(), process) == PARTS[process](), "run `python -m streams reference --write`"


def test_a_wrong_setting_names_itself_and_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        ("PINSTREAM_LIMITS__IN_FLIGHT", "many", "PINSTREAM_LIMITS__IN_FLIGHT='many'"),
        ("PINSTREAM_LIMITS__IN_FLIGHT", "0", "greater than 0"),
        ("PINSTREAM_PROBE__RATIO", "2", "less than or equal to 1"),
        ("PINSTREAM_LOG_FORMAT", "xml", "'human' or 'json'"),
        ("PINSTREAM_FETCH__ALLOWED_NETWORKS", '["10.0.0/99"]', "PINSTREAM_FETCH__ALLOWED_NETWORKS"),
        ("PINSTREAM_KAFKA__CLIENT", "{not json", "JSON"),
        ("PINSTREAM_KAFKA__SERVRS", "x", "PINSTREAM_KAFKA__SERVRS"),
    ]
    failures = []

    for name, value, expected in cases:
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            if expected not in (report := refusal()):
                failures.append((name, value, report))

    assert not failures


def refusal() -> str:
    """What is reported about the settings in the environment, which must be wrong."""
    with pytest.raises((ValidationError, SettingsError)) as caught:
        WorkerSettings()
    assert isinstance(caught.value, ValidationError | SettingsError)
    return "\n".join(setting_errors(caught.value))


def test_client_keys_pass_through_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA__CLIENT", '{"security.protocol": "SASL_SSL", "sasl.password": "hush"}')
    monkeypatch.setenv("PINSTREAM_KAFKA__CONSUMER", '{"fetch.wait.max.ms": 10}')

    kafka = WorkerSettings().kafka

    assert kafka.consumer_config["security.protocol"] == "SASL_SSL"
    assert kafka.consumer_config["fetch.wait.max.ms"] == 10
    assert kafka.producer_config["sasl.password"] == "hush"


def test_secrets_are_masked_where_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA__CLIENT", '{"sasl.password": "hush", "ssl.key.pem": "hush"}')
    monkeypatch.setenv("PINSTREAM_MILVUS__TOKEN", "root:hush")

    assert "hush" not in str(effective(WorkerSettings()))


def test_kip_848_leaves_timeouts_to_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA__PROTOCOL", "consumer")

    config = WorkerSettings().kafka.consumer_config

    assert config["group.protocol"] == "consumer"
    assert "session.timeout.ms" not in config
