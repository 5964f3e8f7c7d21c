"""Certificates for a stack on loopback: one authority, one certificate for its servers, one for its clients."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

SERVER_NAME: Final = "pinstream.local"
"""A name in the servers' certificate, in addition to localhost and 127.0.0.1."""
_VALID: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files; ``server_store`` holds the server's key and certificate, as Kafka's key store wants them."""

    ca: Path
    server_cert: Path
    server_key: Path
    server_store: Path
    client_cert: Path
    client_key: Path


def make(folder: Path) -> Certificates:
    """The certificates under ``folder``; if there are none, new ones that are valid for 30 days."""
    names = ("ca.pem", "server.pem", "server.key", "server-store.pem", "client.pem", "client.key")
    files = Certificates(*(folder / name for name in names))
    if files.client_key.exists():
        return files
    folder.mkdir(parents=True, exist_ok=True)
    ca = trustme.CA(organization_name="pinstream local authority")
    until = datetime.now(UTC) + _VALID
    server = ca.issue_cert("localhost", SERVER_NAME, "127.0.0.1", common_name="server", not_after=until)
    client = ca.issue_cert("client", common_name="client", not_after=until)
    ca.cert_pem.write_to_path(files.ca)
    for name, leaf in (("server", server), ("client", client)):
        leaf.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        _write_secret(folder / f"{name}.key", leaf.private_key_pem.bytes())
    _write_secret(files.server_store, _pkcs8(server.private_key_pem.bytes()) + server.cert_chain_pems[0].bytes())
    return files


def _pkcs8(key_pem: bytes) -> bytes:
    """Kafka reads keys in PKCS #8 only, and trustme writes OpenSSL's older form."""
    key = load_pem_private_key(key_pem, password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_secret(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
