"""Settings of the connection to Milvus."""

from typing import Self

from pydantic import Field, PositiveFloat, SecretStr, model_validator

from pinstream.tls import Tls
from settings.tls import TlsGroup


class MilvusSettings(TlsGroup):
    """The connection to Milvus, the vector index."""

    uri: str = Field(
        "http://127.0.0.1:19530", description="address, `http(s)://host:port[/database]`; `https` uses TLS"
    )
    token: SecretStr | None = Field(None, description="`user:password` or an API key")
    timeout_s: PositiveFloat = Field(5.0, description="time limit of one call, s")
    staleness_s: PositiveFloat = Field(
        10.0,
        description="largest staleness of a Bounded read, s; for this long after a partition is assigned, read-backs "
        "are Strong",
    )

    @property
    def tls(self) -> Tls | None:
        """None unless the address is ``https``."""
        return self._tls if self.uri.startswith("https://") else None

    @property
    def secret(self) -> str | None:
        return None if self.token is None else self.token.get_secret_value()

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if any(self._files) and self.tls is None:
            raise ValueError("certificates are given, but the uri does not begin with https://")
        if self.cert_file is not None and self.ca_file is None:
            raise ValueError("pymilvus sends a client certificate only if ca_file is given too: set ca_file")
        return self
