"""What all groups of settings are: frozen, and closed to names that nobody knows."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Ratio = Annotated[float, Field(ge=0, le=1)]


class Group(BaseModel):
    """One group: ``PINSTREAM_<GROUP>__<NAME>``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
