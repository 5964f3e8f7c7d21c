"""How the model server is reached, and what of its answers counts."""

from typing import Annotated

from pydantic import Field, PositiveFloat, SecretStr

from pinstream.tls import Tls
from settings.group import Ratio
from settings.tls import TlsGroup


class TritonSettings(TlsGroup):
    """The model server."""

    address: str = Field("127.0.0.1:8001", description="its gRPC endpoint, `host:port`")
    timeout_s: PositiveFloat = Field(5.0, description="for one inference, s")
    min_score: Ratio = Field(0.3, description="detections below this are no objects")
    max_objects: Annotated[int, Field(ge=0, le=64)] = Field(8, description="objects indexed of one pin, best first")
    secure: bool = Field(False, description="connect over TLS; `CA_FILE` or `CERT_FILE` mean it too")
    headers: dict[str, SecretStr] = Field(
        {}, description='sent with every call, as JSON: `{"authorization": "Bearer ..."}`, or the key of a restricted '
        "protocol"
    )  # fmt: skip

    @property
    def tls(self) -> Tls | None:
        """None: in the clear."""
        return self._tls if self.secure or any(self._files) else None

    @property
    def metadata(self) -> dict[str, str]:
        """The headers themselves."""
        return {name.lower(): value.get_secret_value() for name, value in self.headers.items()}
