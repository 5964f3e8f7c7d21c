"""The four TLS settings that every server's group has."""

from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, model_validator

from pinstream.tls import Tls
from settings.group import Group


class TlsGroup(Group):
    """A server that may be reached over TLS."""

    ca_file: FilePath | None = Field(
        None,
        description="PEM file: certificate authorities that the server's certificate is checked against; by default "
        "the system's",
    )
    cert_file: FilePath | None = Field(None, description="PEM file: the client certificate, for mutual TLS")
    key_file: FilePath | None = Field(None, description="PEM file: the key of the client certificate")
    server_name: str = Field("", description="name in the server's certificate, if it differs from the host name")

    @property
    def _files(self) -> tuple[Path | None, ...]:
        return self.ca_file, self.cert_file, self.key_file

    @property
    def _tls(self) -> Tls:
        return Tls(ca_file=self.ca_file, cert_file=self.cert_file, key_file=self.key_file, server_name=self.server_name)

    @model_validator(mode="after")
    def _check_certificate_has_key(self) -> Self:
        _ = self._tls  # raises ValueError for a certificate without its key
        return self
