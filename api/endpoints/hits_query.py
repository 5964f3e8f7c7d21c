"""The arguments that all lists of hits share, as query parameters and as JSON."""

from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pinstream.events import Domain, PinId
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, MAX_HITS, Filters, Freshness

Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_ANY: Final = "any"
Name = TypeVar("Name")


def _some(given: object) -> object:
    """As in the library: a list that names nothing restricts to nothing, which nobody means."""
    if isinstance(given, list | tuple) and not given:
        raise ValueError("give at least one name, or leave it out for any")
    return given


Names = Annotated[tuple[Name, ...], BeforeValidator(_some)]


class HitsOptions(BaseModel):
    """Which pins may answer, how many, and in which order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(DEFAULT_HITS, ge=1, le=MAX_HITS, description="pictures wanted")
    domain: Names[Domain] = Field(
        default_factory=tuple, min_length=1, max_length=8, description="repeatable; left out, any"
    )
    label: Names[Label] = Field(
        default_factory=tuple, min_length=1, max_length=32, description="repeatable; `any` alone is any"
    )
    but: Names[PinId] = Field(
        default_factory=tuple, min_length=1, max_length=64, description="repeatable; pins that are left out"
    )
    max_age_s: float | None = Field(None, ge=0, allow_inf_nan=False, description="since publication")
    half_life_s: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="newer pins rank higher, half as much after each half-life"
    )

    @property
    def order(self) -> Freshness | None:
        """The order asked for."""
        return None if self.half_life_s is None else Freshness(half_life_s=self.half_life_s)

    def filters(self, *, but: str | None = None) -> Filters:
        """The filters asked for; ``but`` names the pin that is no answer to itself."""
        return Filters(
            domain=self.domain or None,
            label=ANY_LABEL if self.label == (_ANY,) else self.label or None,
            max_age_s=self.max_age_s,
            but=({but} if but else set()) | set(self.but) or None,
        )


class HitsQuery(HitsOptions):
    """The same, and from where on."""

    cursor: str | None = Field(
        None, max_length=8_192, pattern=r"^[A-Za-z0-9_-]+$", description="of the page before; only `limit` may change"
    )
