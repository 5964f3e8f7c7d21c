"""Certificates of gRPC connections, and the error messages of connections that fail over them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MESSAGES: Final = ("handshake failed", "certificate_verify_failed", "hostname verification", "wrong_version_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files for one server. Without any: the machine's own authorities are trusted, and no certificate is shown.

    Raises ValueError where a certificate comes without its key, or a key without its certificate.
    """

    ca_file: Path | None = None
    """Who signed the server's certificate."""
    cert_file: Path | None = None
    """This client's, for servers that ask (mutual TLS)."""
    key_file: Path | None = None
    server_name: str = ""
    """The name in the server's certificate, where it is not the one that is connected to."""

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("a client's certificate needs its key, and a key its certificate: give both or neither")


def is_key_error(text: str) -> bool:
    """Whether Triton's message means that it wants an API key: its status is the same as if it were away."""
    return "protocol is restricted" in text.lower()


def is_tls_error(text: str) -> bool:
    """Whether gRPC's message about a failed connection is about certificates."""
    return any(message in text.lower() for message in _MESSAGES)
