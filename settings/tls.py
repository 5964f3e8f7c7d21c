"""TLS to one server, the same four settings for each."""

from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, model_validator

from pinstream.tls import Tls
from settings.group import Group


class TlsGroup(Group):
    """A server that may be reached over TLS."""

    ca_file: FilePath | None = Field(None, description="PEM: who signed the server's certificate; else the machine's")
    cert_file: FilePath | None = Field(None, description="PEM: this client's certificate, for mutual TLS")
    key_file: FilePath | None = Field(None, description="PEM: its key")
    server_name: str = Field("", description="the name in the server's certificate, if it is not the host's")

    @property
    def _files(self) -> tuple[Path | None, ...]:
        return self.ca_file, self.cert_file, self.key_file

    @property
    def _tls(self) -> Tls:
        return Tls(ca_file=self.ca_file, cert_file=self.cert_file, key_file=self.key_file, server_name=self.server_name)

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        _ = self._tls
        return self
