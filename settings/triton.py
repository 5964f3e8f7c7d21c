"""How the model server is reached, and what of its answers counts."""

from typing import Annotated

from pydantic import Field, PositiveFloat

from settings.group import Group, Ratio


class TritonSettings(Group):
    """The model server."""

    address: str = Field("127.0.0.1:8001", description="its gRPC endpoint, `host:port`")
    timeout_s: PositiveFloat = Field(5.0, description="for one inference, s")
    min_score: Ratio = Field(0.3, description="detections below this are no objects")
    max_objects: Annotated[int, Field(ge=0, le=64)] = Field(8, description="objects indexed of one pin, best first")
