"""How the vector index is reached."""

from typing import Self

from pydantic import Field, PositiveFloat, SecretStr, model_validator

from pinstream.tls import Tls
from settings.tls import TlsGroup


class MilvusSettings(TlsGroup):
    """The vector index."""

    uri: str = Field("http://127.0.0.1:19530", description="`http(s)://host:port[/database]`; https for TLS")
    token: SecretStr | None = Field(None, description="`user:password` or an API key")
    timeout_s: PositiveFloat = Field(5.0, description="for one call, s")
    staleness_s: PositiveFloat = Field(
        10.0, description="how old a Bounded read may be; version read-backs are Strong for that long, s"
    )

    @property
    def tls(self) -> Tls | None:
        """For an ``https`` address; None for others."""
        return self._tls if self.uri.startswith("https://") else None

    @property
    def secret(self) -> str | None:
        """The token itself."""
        return None if self.token is None else self.token.get_secret_value()

    @model_validator(mode="after")
    def _tls_is_meant(self) -> Self:
        if any(self._files) and self.tls is None:
            raise ValueError("certificates are given, and the uri does not begin with https://")
        if self.cert_file is not None and self.ca_file is None:
            raise ValueError(
                "pymilvus shows a client's certificate only where the authority is named too: give ca_file"
            )
        return self
