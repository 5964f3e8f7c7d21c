"""Certificates of gRPC connections, and how to recognise errors of certificates and API keys by their messages."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MESSAGES: Final = ("handshake failed", "certificate_verify_failed", "hostname verification", "wrong_version_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files for one server. Without any: the system's authorities are trusted, and no client certificate is sent.

    Raises ValueError where a certificate comes without its key, or a key without its certificate.
    """

    ca_file: Path | None = None
    """The authority that signed the server's certificate."""
    cert_file: Path | None = None
    """The client's certificate, for servers that require one (mutual TLS)."""
    key_file: Path | None = None
    server_name: str = ""
    """The name in the server's certificate, if it differs from the host name."""

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("a client's certificate needs its key, and a key its certificate: give both or neither")


def is_api_key_error(text: str) -> bool:
    """Whether Triton's message is about a missing or wrong API key; the gRPC status is that of a dead server."""
    return "protocol is restricted" in text.lower()


def is_tls_error(text: str) -> bool:
    """Whether gRPC's message about a failed connection names a problem with certificates."""
    return any(message in text.lower() for message in _MESSAGES)
