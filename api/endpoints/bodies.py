"""The answers' shapes: what JSON carries of the library's records; lists of hits look alike everywhere."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, computed_field

from pinstream.events import Domain

Ratio = Annotated[float, Field(ge=0, le=1)]
BoxBody = Annotated[
    tuple[Ratio, Ratio, Ratio, Ratio], Field(description="left, top, right, bottom as fractions of the picture")
]
LARGE_PX = 1280


class Body(BaseModel):
    """What all shapes are: frozen, and made from any record with these attributes."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ShownBody(Body):
    """What a pin's event said of it, and where this service has its picture."""

    pin_id: str
    version: int
    domain: Domain
    age_s: float = Field(description="since publication")
    published_at_ms: int
    image_sha256: str
    title: str
    link: str
    image_url: str = Field(description="where the event said the picture is; nothing for a browser: see `thumbnail`")
    price: float | None
    currency: str
    tags: tuple[str, ...]

    @computed_field(description="a small picture, on this service; `width_px` chooses the size")  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def thumbnail(self) -> str:
        """A small picture, on this service."""
        return f"/v1/pins/{self.pin_id}/thumbnail?version={self.version}"


class HitBody(ShownBody):
    """One picture that a search found, shown by the nearest of the pins that show it."""

    slot: int = Field(description="0: the whole picture; 1 and up: the object that matched")
    distance: int = Field(description="bits of 256 that differ")
    similarity: float = Field(description="1 for equal codes, about 0 for unrelated ones")
    near_duplicate: bool
    same_product: bool = Field(description="probably the very product that was asked with")
    pins: int = Field(description="pins that show this very picture and pass the filters")
    box: BoxBody
    label: str
    score: float
    relevance: float = Field(description="what the order follows: the similarity, and the freshness boost if asked for")


class HitsBody(Body):
    """Hits, nearest first."""

    hits: tuple[HitBody, ...]
    exhausted: bool = Field(description="true: these are all there are; false: there are more")
    cursor: str | None = Field(None, description="for the hits after these, give it back; null: there is no next page")


class ObjectBody(Body):
    """One thing that was found on a pin's picture."""

    slot: int
    label: str
    score: float
    box: BoxBody


class ObjectsBody(Body):
    """The things on a pin's picture, by slot."""

    objects: tuple[ObjectBody, ...]


class PinBody(ShownBody):
    """A pin as the index knows it."""

    indexed_at_ms: int
    objects: tuple[ObjectBody, ...]

    @computed_field(description="the same, large")  # type: ignore[prop-decorator]
    @property
    def picture(self) -> str:
        """The same, large."""
        return f"{self.thumbnail}&width_px={LARGE_PX}"


class FreshBody(Body):
    """The newest pins, newest first."""

    pins: tuple[PinBody, ...]
    last_event_id: str = Field(description="a stream goes on from this answer if given it as `last_event_id`")
