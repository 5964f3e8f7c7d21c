"""The base of all groups of settings: frozen, and an unknown name is an error."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Ratio = Annotated[float, Field(ge=0, le=1)]


class Group(BaseModel):
    """One group, read from ``PINSTREAM_<GROUP>__<NAME>``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
