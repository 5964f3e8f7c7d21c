"""Which TLS settings belong together, and when a connection uses TLS."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pinstream.store.milvus import MilvusStore
from pinstream.tls import Tls, is_api_key_error, is_tls_error
from settings.environment import setting_errors
from settings.milvus import MilvusSettings
from settings.triton import TritonSettings
from streams.worker.settings import WorkerSettings


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "a.pem"
    path.touch()
    return path


def test_triton_is_not_encrypted_by_default(pem: Path) -> None:
    assert TritonSettings().tls is None
    assert TritonSettings(secure=True).tls == Tls()
    assert TritonSettings(ca_file=pem, server_name="t").tls == Tls(ca_file=pem, server_name="t")


def test_milvus_uses_tls_if_its_address_is_https(pem: Path) -> None:
    assert MilvusSettings().tls is None
    assert MilvusSettings(uri="https://m:1").tls == Tls()
    assert MilvusSettings(uri="https://m:1", ca_file=pem).tls == Tls(ca_file=pem)
    with pytest.raises(ValidationError, match="does not begin with https"):
        MilvusSettings(ca_file=pem)


def test_a_certificate_needs_its_key_and_pymilvus_an_authority(pem: Path) -> None:
    with pytest.raises(ValidationError, match="give both or neither"):
        TritonSettings(cert_file=pem)
    with pytest.raises(ValidationError, match="set ca_file"):
        MilvusSettings(uri="https://m:1", cert_file=pem, key_file=pem)
    with pytest.raises(ValueError, match="give ca_file"):
        MilvusStore("https://m:1", tls=Tls(cert_file=pem, key_file=pem))


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_TRITON__CA_FILE", "/no/such.pem")

    with pytest.raises(ValidationError) as caught:
        WorkerSettings()

    (line,) = setting_errors(caught.value)
    assert line.startswith("PINSTREAM_TRITON__CA_FILE='/no/such.pem': ")


def test_headers_are_secret_and_in_lower_case() -> None:
    triton = TritonSettings(headers={"Authorization": "Bearer x"})

    assert triton.metadata == {"authorization": "Bearer x"}
    assert "Bearer" not in str(triton)


def test_grpc_errors_of_tls_and_of_keys_are_recognised() -> None:
    assert is_tls_error("Tls handshake failed (TSI_PROTOCOL_FAILURE): ... CERTIFICATE_VERIFY_FAILED")
    assert is_tls_error("Hostname Verification Check failed.")
    assert is_api_key_error("This protocol is restricted, expecting header 'x'")
    assert not is_tls_error("failed to connect to all addresses; Connection refused")
