"""Settings of the connection to Triton, and which detections count as objects."""

from typing import Annotated

from pydantic import Field, PositiveFloat, SecretStr

from inference.defaults import DEFAULT_MAX_OBJECTS, DEFAULT_MIN_SCORE, DEFAULT_TIMEOUT_S
from pinstream.tls import Tls
from settings.group import Ratio
from settings.tls import TlsGroup


class TritonSettings(TlsGroup):
    """The connection to Triton, the model server, and which detections count as objects."""

    address: str = Field("127.0.0.1:8001", description="gRPC address, `host:port`")
    timeout_s: PositiveFloat = Field(DEFAULT_TIMEOUT_S, description="time limit of one inference, s")
    min_score: Ratio = Field(DEFAULT_MIN_SCORE, description="detections with a lower score are dropped")
    max_objects: Annotated[int, Field(ge=0, le=64)] = Field(
        DEFAULT_MAX_OBJECTS, description="most objects of one pin that are indexed, those with the highest scores"
    )
    secure: bool = Field(False, description="connect over TLS; also on if `CA_FILE` or `CERT_FILE` is set")
    headers: dict[str, SecretStr] = Field(
        {}, description='gRPC headers sent with every call, as JSON: `{"authorization": "Bearer ..."}`, or the key '
        "of a restricted protocol"
    )  # fmt: skip

    @property
    def tls(self) -> Tls | None:
        """None if the connection is not encrypted."""
        return self._tls if self.secure or any(self._files) else None

    @property
    def metadata(self) -> dict[str, str]:
        """The headers as gRPC metadata."""
        return {name.lower(): value.get_secret_value() for name, value in self.headers.items()}
