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
from deploy.samples.compose import Box, Pose, box_of, develop, place
from deploy.samples.layout import Cell, shared
from deploy.samples.pieces import Piece, extent
from deploy.samples.products import Product, product
from deploy.samples.raster import Pixels
from deploy.samples.stills import PLAIN, chosen, still

Domain = Literal["camera", "web", "catalog"]

SEASON: Final = 40
SEASON_PRODUCTS: Final = 11
ASPECTS: Final = {"camera": (0.75, 0.75, 1.0, 1.33), "web": (0.667, 0.667, 1.0, 1.5), "catalog": (0.667, 0.8, 1.0, 1.0)}


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
        domain: Domain = ("web", "camera")[int(rng.integers(2))]
        picture, title = still(*_frame(domain, rng, size_px), rng)
        return _pin(number, develop(picture, rng) if domain == "camera" else picture, domain, title, [])
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
    """The product alone, straight, on a clean ground."""
    width, height = _frame("catalog", rng, size_px)
    picture = grounds.studio(width, height, rng)
    size = float(rng.uniform(0.76, 0.86))
    pose = Pose(
        x=0.5, y=0.5, width=size, height=size, turn=float(rng.normal(0, 0.5)), slack=0.003, crumple=0.5, lift=0.7
    )
    return _pin(number, picture, "catalog", item.title, [_put(picture, item, pose, rng)])


def _camera(number: int, item: Product, rng: np.random.Generator, size_px: int) -> SamplePin:
    """The product as somebody photographs it at home: turned, wrinkled, on whatever floor there is."""
    width, height = _frame("camera", rng, size_px)
    picture = grounds.CAMERA[int(rng.integers(len(grounds.CAMERA)))](width, height, rng)
    if rng.random() < 0.45:
        _clutter(picture, rng)
    size = float(rng.uniform(0.76, 0.92))
    pose = Pose(
        x=float(rng.uniform(0.47, 0.53)),
        y=float(rng.uniform(0.47, 0.53)),
        width=size,
        height=size,
        turn=float(rng.normal(0, 9)),
        tilt=float(rng.uniform(-0.09, 0.09)),
        slack=0.010 * item.softness,
        crumple=1.4,
    )
    seen = _put(picture, item, pose, rng)
    return _pin(number, develop(picture, rng), "camera", f"My {item.title.lower()}", [seen])


def _clutter(picture: Pixels, rng: np.random.Generator) -> None:
    """Something else in a corner, often half out of the frame."""
    pieces = things.FLAT[int(rng.integers(len(things.FLAT)))](rng)
    x, y = rng.choice((0.1, 0.9), 2)
    pose = Pose(x=float(x), y=float(y), width=0.28, height=0.28, turn=float(rng.uniform(-60, 60)))
    place(picture, pieces, PLAIN, pose, rng)


def _web(number: int, items: list[Product], rng: np.random.Generator, size_px: int) -> SamplePin:
    """A styled flat-lay: the products, larger ones with more room, and one or two things beside them."""
    width, height = _frame("web", rng, size_px)
    picture = grounds.WEB[int(rng.integers(len(grounds.WEB)))](width, height, rng)
    laid = [item.pieces(rng) for item in items]
    props = chosen(things.FLAT, int(rng.integers(0, 3)) if len(items) < 4 else 0, rng)
    everything = laid + props
    weights = [_weight(pieces) for pieces in laid] + [0.4] * len(props)
    order = [int(i) for i in np.argsort(weights, kind="stable")[::-1]]
    margin = 0.04
    cells = shared(
        Cell(margin * width, margin * height, (1 - margin) * width, (1 - margin) * height), [weights[i] for i in order]
    )
    seen = []
    for i, cell in zip(order, cells, strict=True):
        soft = items[i].softness if i < len(items) else 0.0
        pose = _in_cell(cell, width, height, soft, rng)
        mask = place(picture, everything[i], items[i].cloth if i < len(items) else PLAIN, pose, rng)
        if i < len(items):
            seen.append(DrawnObject(items[i].label, box_of(mask), items[i].key))
    titles = " and ".join(item.title.lower() for item in items[:2])
    return _pin(number, picture, "web", f"Outfit: {titles}", seen)


def _weight(pieces: list[Piece]) -> float:
    """How much of the picture a garment asks for: a coat more than a hat, but not as much more as it is larger."""
    x0, y0, x1, y1 = extent(pieces)
    return float(((x1 - x0) * (y1 - y0)) ** 0.4 / 20)


def _in_cell(cell: Cell, width: int, height: int, softness: float, rng: np.random.Generator) -> Pose:
    return Pose(
        x=(cell.x0 + cell.x1) / 2 / width,
        y=(cell.y0 + cell.y1) / 2 / height,
        width=(cell.x1 - cell.x0) * 0.95 / width,
        height=(cell.y1 - cell.y0) * 0.95 / height,
        turn=float(rng.normal(0, 6 if softness else 25)),
        slack=0.006 * softness,
        crumple=0.9 * softness + 0.1,
    )
