"""The service's settings: what is wrong names itself, what is secret stays so, what is written is true."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from api.contract import FILE, rendered
from api.reference import reference
from api.settings import ApiSettings
from settings.environment import effective, wrong
from settings.reference import PAGE, part_of
from streams.worker.settings import WorkerSettings


def test_the_configuration_reference_is_generated() -> None:
    assert part_of(PAGE.read_text(), "api") == reference(), "run `python -m api reference --write`"


def test_the_contract_is_written_down() -> None:
    assert FILE.read_text() == rendered(), "run `python -m api openapi --write`"


def test_a_wrong_setting_names_itself_and_ends_the_process_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_QUOTA__BODY_BYTES", "lots")

    ended = subprocess.run([sys.executable, "-m", "api"], capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "PINSTREAM_QUOTA__BODY_BYTES='lots'" in ended.stderr


def test_a_wrong_key_is_not_shown_where_it_is_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_API__KEYS", '["hush"]')
    assert "hush" not in str(effective(ApiSettings()))

    monkeypatch.setenv("PINSTREAM_API__PORT", "70000")
    with pytest.raises(ValidationError) as caught:
        ApiSettings()

    assert "hush" not in "\n".join(wrong(caught.value))


def test_what_worker_and_service_share_they_understand_alike() -> None:
    """One shell may start both: a group of one name must be one group."""
    worker, service = WorkerSettings.model_fields, ApiSettings.model_fields

    assert {
        name for name in worker.keys() & service.keys() if worker[name].annotation != service[name].annotation
    } == set()
