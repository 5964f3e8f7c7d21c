"""The parameters that all searches share, as query parameters and as JSON."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    model_validator,
)

from pinstream.events import Domain, PinId
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, MAX_HITS, Filters, Freshness

Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_ANY: Final = "any"
Name = TypeVar("Name")


def _not_empty(given: object) -> object:
    """As in the library: an empty list would match nothing, which is never meant."""
    if isinstance(given, list | tuple) and not given:
        raise ValueError("give at least one name, or leave the parameter out for any")
    return given


Names = Annotated[tuple[Name, ...], FailFast(), BeforeValidator(_not_empty)]


class HitsOptions(BaseModel):
    """Which pins may be among the hits, how many, and in which order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(DEFAULT_HITS, ge=1, le=MAX_HITS, description="number of hits")
    domain: Names[Domain] = Field(
        default_factory=tuple, min_length=1, max_length=8, description="repeatable; any if left out"
    )
    label: Names[Label] = Field(
        default_factory=tuple, min_length=1, max_length=32, description="repeatable; `any` alone allows every label"
    )
    but: Names[PinId] = Field(
        default_factory=tuple, min_length=1, max_length=64, description="repeatable; pins to leave out"
    )
    max_age_s: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="largest age since publication, seconds"
    )
    half_life_s: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="rank newer pins higher; the boost halves after each half-life"
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_one_unknown(cls, given: Any) -> Any:
        """Of names that are not parameters the first is enough: each would be an error of its own."""
        if not isinstance(given, dict):
            return given
        unknown = next((name for name in given if name not in cls.model_fields), None)
        return {name: value for name, value in given.items() if name in cls.model_fields or name == unknown}

    @property
    def order(self) -> Freshness | None:
        return None if self.half_life_s is None else Freshness(half_life_s=self.half_life_s)

    def filters(self, *, but: str | None = None) -> Filters:
        """``but`` is the pin that the search starts from, which is no hit of its own."""
        return Filters(
            domain=self.domain or None,
            label=ANY_LABEL if self.label == (_ANY,) else self.label or None,
            max_age_s=self.max_age_s,
            but=({but} if but else set()) | set(self.but) or None,
        )


class HitsQuery(HitsOptions):
    """HitsOptions for one page of hits."""

    cursor: str | None = Field(
        None,
        max_length=8_192,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="from the previous page; of the other parameters only `limit` may change",
    )
