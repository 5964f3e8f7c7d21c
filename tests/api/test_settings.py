"""Wrong settings are named, secrets are masked, and the generated documents are up to date."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from api.openapi import FILE, openapi_json
from api.reference import reference
from api.settings import ApiSettings
from settings.environment import effective, setting_errors
from settings.reference import PAGE, section_of
from streams.worker.settings import WorkerSettings


def test_the_configuration_reference_is_up_to_date() -> None:
    assert section_of(PAGE.read_text(), "api") == reference(), "run `python -m api reference --write`"


def test_the_openapi_document_is_up_to_date() -> None:
    assert FILE.read_text() == openapi_json(), "run `python -m api openapi --write`"


def test_a_wrong_setting_is_named_and_ends_the_process_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_QUOTA__BODY_BYTES", "lots")

    ended = subprocess.run([sys.executable, "-m", "api"], capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "PINSTREAM_QUOTA__BODY_BYTES='lots'" in ended.stderr


def test_an_api_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_API__KEYS", '["hush"]')
    assert "hush" not in str(effective(ApiSettings()))

    monkeypatch.setenv("PINSTREAM_API__PORT", "70000")
    with pytest.raises(ValidationError) as caught:
        ApiSettings()

    assert "hush" not in "\n".join(setting_errors(caught.value))


def test_settings_of_one_name_mean_the_same_to_worker_and_service() -> None:
    """One shell may start both."""
    worker, service = WorkerSettings.model_fields, ApiSettings.model_fields

    assert {
        name for name in worker.keys() & service.keys() if worker[name].annotation != service[name].annotation
    } == set()
