"""Sample pins: pictures of garments and other things, drawn here, the same bytes for the same number.

Pins come in seasons of 40. A season has 11 products; each is shown alone on a catalogue ground, as a photo somebody
took, and in a styled flat-lay of the web, so that a search for it has true answers. The remaining seven pins show no
garment at all.
"""

import io
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from PIL import Image

from deploy.samples import grounds, things
from deploy.samples.cloth import Cloth
from deploy.samples.compose import Box, Pose, box_of, develop, place
from deploy.samples.landscapes import landscape
from deploy.samples.products import Product, product
from deploy.samples.raster import Pixels

Domain = Literal["camera", "web", "catalog"]

SEASON: Final = 40
SEASON_PRODUCTS: Final = 11
ASPECTS: Final = {"camera": (0.75, 0.75, 1.0, 1.33), "web": (0.667, 0.667, 1.0, 1.5), "catalog": (0.667, 0.8, 1.0, 1.0)}
PLAIN: Final = Cloth((200, 200, 200))


class DrawnObject(NamedTuple):
    """A garment on a pin: its label, where its drawn pixels are, and which product it is."""

    label: str
    box: Box
    product: str


@dataclass(frozen=True, slots=True)
class SamplePin:
    """One drawn pin; ``pixels`` are ``(h, w, 3) uint8`` RGB, the longer side as long as asked for."""

    pin_id: str
    pixels: Pixels
    domain: Domain
    title: str
    objects: tuple[DrawnObject, ...]


def draw(number: int, *, size_px: int = 512) -> SamplePin:
    """The pin of that number (0 or more): the same bytes on every run.

    Raises ValueError if the number is negative or the size under 32 pixels.
    """
    if number < 0 or size_px < 32:
        raise ValueError(f"pin {number} at {size_px} px: the number must be 0 or more, the size 32 or more")
    season, place_in_season = divmod(number, SEASON)
    order = _rng(season, 2).permutation(SEASON)
    role = int(order[place_in_season])
    rng = _rng(number, 0)
    if role >= 3 * SEASON_PRODUCTS:
        return _without_garments(number, rng, size_px)
    first = season * SEASON_PRODUCTS
    chosen = product(first + role // 3)
    if role % 3 == 0:
        return _catalog(number, chosen, rng, size_px)
    others = [product(first + i) for i in range(SEASON_PRODUCTS) if i != role // 3]
    if role % 3 == 1:
        return _camera(number, chosen, rng, size_px)
    return _web(
        number, [chosen, *(others[i] for i in rng.permutation(len(others))[: int(rng.integers(1, 4))])], rng, size_px
    )


def jpeg(pin: SamplePin, *, quality: int = 90) -> bytes:
    """The pin's picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pin.pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _rng(*entropy: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(list(entropy)))


def _pin(number: int, pixels: Pixels, domain: Domain, title: str, objects: list[DrawnObject]) -> SamplePin:
    return SamplePin(f"sample-{number:05d}", pixels, domain, title, tuple(objects))


def _frame(domain: Domain, rng: np.random.Generator, size_px: int) -> tuple[int, int]:
    aspect = float(rng.choice(ASPECTS[domain]))
    return (round(size_px * aspect), size_px) if aspect <= 1 else (size_px, round(size_px / aspect))


def _put(picture: Pixels, item: Product, pose: Pose, rng: np.random.Generator) -> DrawnObject:
    mask = place(picture, item.pieces(rng), item.cloth, pose, rng)
    return DrawnObject(item.label, box_of(mask), item.key)


def _catalog(number: int, item: Product, rng: np.random.Generator, size_px: int) -> SamplePin:
    width, height = _frame("catalog", rng, size_px)
    picture = grounds.studio(width, height, rng)
    pose = Pose(x=0.5, y=0.5, width=0.8, height=0.82, turn=float(rng.normal(0, 0.6)), crumple=0.55, lift=0.7)
    seen = _put(picture, item, pose, rng)
    return _pin(number, picture, "catalog", item.title, [seen])


def _camera(number: int, item: Product, rng: np.random.Generator, size_px: int) -> SamplePin:
    width, height = _frame("camera", rng, size_px)
    picture = grounds.CAMERA[int(rng.integers(len(grounds.CAMERA)))](width, height, rng)
    if rng.random() < 0.45:
        _clutter(picture, rng, corner=int(rng.integers(4)))
    x, y = rng.uniform(0.47, 0.53, 2)
    size = float(rng.uniform(0.78, 0.92))
    pose = Pose(
        x=float(x),
        y=float(y),
        width=size,
        height=size,
        turn=float(rng.normal(0, 9)),
        tilt=float(rng.uniform(-0.1, 0.1)),
        crumple=1.5,
    )
    seen = _put(picture, item, pose, rng)
    return _pin(number, develop(picture, rng), "camera", f"My {item.title.lower()}", [seen])


def _clutter(picture: Pixels, rng: np.random.Generator, *, corner: int, size: float = 0.26) -> None:
    pieces = things.FLAT[int(rng.integers(len(things.FLAT)))](rng)
    x, y = (0.12, 0.88)[corner % 2], (0.12, 0.88)[corner // 2]
    place(
        picture,
        pieces,
        PLAIN,
        Pose(x=x, y=y, width=size, height=size, turn=float(rng.uniform(-60, 60)), crumple=0.1),
        rng,
    )


def _web(number: int, items: list[Product], rng: np.random.Generator, size_px: int) -> SamplePin:
    width, height = _frame("web", rng, size_px)
    picture = grounds.WEB[int(rng.integers(len(grounds.WEB)))](width, height, rng)
    cells = _cells(len(items), width / height)
    seen = []
    order = rng.permutation(len(items))
    for item, (x, y, w, h) in zip([items[i] for i in order], cells, strict=True):
        jitter = rng.uniform(-0.01, 0.01, 2)
        pose = Pose(x=x + jitter[0], y=y + jitter[1], width=w, height=h, turn=float(rng.normal(0, 5)), crumple=0.9)
        seen.append(_put(picture, item, pose, rng))
    if len(items) == 3:
        spare = (0.16, 0.86) if cells[-1][0] > 0.5 else (0.84, 0.86)
        del spare
    titles = " and ".join(item.title.lower() for item in items[:2])
    return _pin(number, picture, "web", f"Outfit: {titles}", seen)


def _cells(count: int, aspect: float) -> list[tuple[float, float, float, float]]:
    """Centre and size of each item's share of the picture."""
    if count == 2:
        return (
            [(0.5, 0.27, 0.8, 0.46), (0.5, 0.74, 0.8, 0.46)]
            if aspect < 0.9
            else [(0.27, 0.5, 0.45, 0.84), (0.73, 0.5, 0.45, 0.84)]
        )
    if count == 3:
        return [(0.3, 0.46, 0.5, 0.78), (0.76, 0.27, 0.42, 0.46), (0.76, 0.74, 0.42, 0.44)]
    return [(0.27, 0.27, 0.46, 0.46), (0.74, 0.26, 0.44, 0.44), (0.27, 0.74, 0.44, 0.46), (0.74, 0.74, 0.44, 0.44)]


def _without_garments(number: int, rng: np.random.Generator, size_px: int) -> SamplePin:
    domain: Domain = ("web", "camera")[int(rng.integers(2))]
    width, height = _frame(domain, rng, size_px)
    style = rng.random()
    if style < 0.35:
        return _pin(number, landscape(width, height, rng), domain, "Somewhere to go", [])
    if style < 0.6:
        picture = grounds.WEB[int(rng.integers(len(grounds.WEB)))](width, height, rng)
        for corner in rng.permutation(4)[: int(rng.integers(2, 5))]:
            x, y, turn = (0.28, 0.72)[corner % 2], (0.28, 0.72)[corner // 2], float(rng.uniform(-40, 40))
            _still(picture, things.FLAT, Pose(x=x, y=y, width=0.42, height=0.42, turn=turn, crumple=0.1), rng)
        return _pin(number, picture, domain, "Desk things", [])
    picture = grounds.room(width, height, rng) if rng.random() < 0.7 else grounds.garden(width, height, rng)
    count = int(rng.integers(1, 4))
    size = min(0.62, 0.9 / count)
    for i in range(count):
        _still(picture, things.STANDING, Pose(x=(i + 0.5) / count, y=0.56, width=size, height=size, crumple=0.1), rng)
    return _pin(number, develop(picture, rng) if domain == "camera" else picture, domain, "Around the house", [])


def _still(picture: Pixels, kinds: tuple[things.Thing, ...], pose: Pose, rng: np.random.Generator) -> None:
    place(picture, kinds[int(rng.integers(len(kinds)))](rng), PLAIN, pose, rng)
