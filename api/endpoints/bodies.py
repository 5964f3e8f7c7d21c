"""The JSON bodies of answers, made from the records of `pinstream.search`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, computed_field

from pinstream.events import Domain

Ratio = Annotated[float, Field(ge=0, le=1)]
BoxBody = Annotated[
    tuple[Ratio, Ratio, Ratio, Ratio],
    FailFast(),
    Field(description="left, top, right, bottom as fractions of the picture"),
]
LARGE_PX = 1280


class Body(BaseModel):
    """Made with ``model_validate`` from any record that has these attributes."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class PinSummaryBody(Body):
    """What a pin's event says, and the address of its thumbnail on this service."""

    pin_id: str
    version: int
    domain: Domain
    age_s: float = Field(description="seconds since publication")
    published_at_ms: int
    image_sha256: str
    title: str
    link: str
    image_url: str = Field(description="the picture's address in the event; for a browser use `thumbnail`")
    price: float | None
    currency: str
    tags: tuple[str, ...]

    @computed_field(description="a small picture on this service; add `width_px` for other sizes")  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def thumbnail(self) -> str:
        return f"/v1/pins/{self.pin_id}/thumbnail?version={self.version}"


class HitBody(PinSummaryBody):
    """One picture that a search found, with the nearest of the pins that show it."""

    slot: int = Field(description="what matched: 0 the whole picture, 1 and up an object of it")
    distance: int = Field(description="Hamming distance: how many of the 256 bits differ")
    similarity: float = Field(description="1 for equal codes, about 0 for unrelated ones")
    near_duplicate: bool
    same_product: bool = Field(description="probably the same product")
    pins: int = Field(description="number of pins that show this same picture and pass the filters")
    box: BoxBody
    label: str
    score: float
    relevance: float = Field(
        description="what hits are ordered by: similarity, and freshness if `half_life_s` is given"
    )


class HitsBody(Body):
    """Hits, nearest first."""

    hits: tuple[HitBody, ...]
    exhausted: bool = Field(description="true if there are no more hits")
    cursor: str | None = Field(None, description="send it to get the next page; null if there is none")


class ObjectBody(Body):
    """An object that was detected on a pin's picture."""

    slot: int
    label: str
    score: float
    box: BoxBody


class ObjectsBody(Body):
    """The objects of a pin, by slot."""

    objects: tuple[ObjectBody, ...]


class PinBody(PinSummaryBody):
    """A pin as it is in the index."""

    indexed_at_ms: int
    objects: tuple[ObjectBody, ...]

    @computed_field(description="the same picture, 1280 px wide")  # type: ignore[prop-decorator]
    @property
    def picture(self) -> str:
        return f"{self.thumbnail}&width_px={LARGE_PX}"


class FreshBody(Body):
    """The newest pins, newest first."""

    pins: tuple[PinBody, ...]
    last_event_id: str = Field(
        description="send it as `last_event_id` to open a stream that continues after this answer"
    )
