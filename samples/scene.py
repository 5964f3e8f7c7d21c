"""Sample pins: drawn pictures of garments and other things, the same bytes for the same number."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from pinstream.events import Domain
from samples.backgrounds import props, surfaces
from samples.backgrounds.still_life import PLAIN, choose, still_life
from samples.compose import Box, Pose, box_of, draw_flat, photograph
from samples.drawing.layers import Layer, extent
from samples.drawing.raster import Pixels
from samples.garments.products import Product
from samples.layout import Cell, arrange
from samples.plan import plan_pin, rng_of

ASPECTS: Final[dict[Domain, tuple[float, ...]]] = {
    "camera": (0.75, 0.75, 1.0, 1.33),
    "web": (0.667, 0.667, 1.0, 1.5),
    "catalog": (0.667, 0.8, 1.0, 1.0),
}


class DrawnObject(NamedTuple):
    """A garment on a pin: its label, where its drawn pixels are, and which product it is."""

    label: str
    box: Box
    product: str


@dataclass(frozen=True, slots=True)
class SamplePin:
    """One drawn pin; ``pixels`` are ``(h, w, 3) uint8`` RGB, the longer side ``size_px``."""

    pin_id: str
    pixels: Pixels
    domain: Domain
    title: str
    objects: tuple[DrawnObject, ...]


Painted = tuple[Pixels, str, Sequence[DrawnObject]]
"""A picture, its title, and the garments on it."""


def draw(number: int, *, size_px: int = 512) -> SamplePin:
    """The pin of that number (0 or more): the same bytes on every run.

    Raises ValueError if the number is negative or the size under 32 pixels.
    """
    if number < 0 or size_px < 32:
        raise ValueError(f"pin {number} at {size_px} px: the number must be 0 or more, the size 32 or more")
    planned = plan_pin(number)
    rng = rng_of(number, 0)
    width, height = _frame(planned.domain, rng, size_px)
    painter = {"catalog": _catalog, "camera": _camera, "web": _web}[planned.domain] if planned.products else _no_garment
    picture, title, objects = painter(width, height, planned.products, rng)
    if planned.domain == "camera":
        picture = photograph(picture, rng)
    return SamplePin(f"sample-{number:05d}", picture, planned.domain, title, tuple(objects))


def jpeg(pin: SamplePin, *, quality: int = 90) -> bytes:
    """The pin's picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pin.pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _frame(domain: Domain, rng: np.random.Generator, size_px: int) -> tuple[int, int]:
    aspect = float(rng.choice(ASPECTS[domain]))
    return (round(size_px * aspect), size_px) if aspect <= 1 else (size_px, round(size_px / aspect))


def _draw_product(picture: Pixels, item: Product, pose: Pose, rng: np.random.Generator) -> DrawnObject:
    mask = draw_flat(picture, item.layers(rng), item.cloth, pose, rng)
    return DrawnObject(item.label, box_of(mask), item.key)


def _no_garment(width: int, height: int, _items: Sequence[Product], rng: np.random.Generator) -> Painted:
    """No garment at all."""
    picture, title = still_life(width, height, rng)
    return picture, title, []


def _catalog(width: int, height: int, items: Sequence[Product], rng: np.random.Generator) -> Painted:
    """The product alone, straight, on a clean background."""
    picture = surfaces.studio(width, height, rng)
    size = float(rng.uniform(0.76, 0.86))
    turn = float(rng.normal(0, 0.5))
    pose = Pose(x=0.5, y=0.5, width=size, height=size, turn=turn, slack=0.003, crumple=0.5, lift=0.7)
    return picture, items[0].title, [_draw_product(picture, items[0], pose, rng)]


def _camera(width: int, height: int, items: Sequence[Product], rng: np.random.Generator) -> Painted:
    """The product as photographed at home: turned, wrinkled, on a floor, a sheet or a carpet."""
    picture = surfaces.CAMERA[int(rng.integers(len(surfaces.CAMERA)))](width, height, rng)
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
        slack=0.010 * items[0].softness,
        crumple=1.4,
    )
    return picture, f"My {_lower_first(items[0].title)}", [_draw_product(picture, items[0], pose, rng)]


def _clutter(picture: Pixels, rng: np.random.Generator) -> None:
    """Something else in a corner, often half out of the frame."""
    layers = props.FLAT[int(rng.integers(len(props.FLAT)))](rng)
    x, y = rng.choice((0.1, 0.9), 2)
    pose = Pose(x=float(x), y=float(y), width=0.28, height=0.28, turn=float(rng.uniform(-60, 60)))
    draw_flat(picture, layers, PLAIN, pose, rng)


def _web(width: int, height: int, items: Sequence[Product], rng: np.random.Generator) -> Painted:
    """A styled flat-lay: the products, larger ones with more room, and one or two things beside them."""
    picture = surfaces.WEB[int(rng.integers(len(surfaces.WEB)))](width, height, rng)
    laid = [item.layers(rng) for item in items]
    extras = choose(props.FLAT, int(rng.integers(0, 3)) if len(items) < 4 else 0, rng)
    everything = laid + extras
    frame = Cell(0.035 * width, 0.035 * height, 0.965 * width, 0.965 * height)
    weights = [_weight(layers) for layers in laid] + [0.4] * len(extras)
    cells = arrange(frame, [_size(layers) for layers in everything], weights)
    for layers, cell in zip(extras, cells[len(items) :], strict=True):
        draw_flat(picture, layers, PLAIN, _in_cell(cell, width, height, 0.0, rng), rng)
    seen = []
    for item, layers, cell in zip(items, laid, cells[: len(items)], strict=True):
        mask = draw_flat(picture, layers, item.cloth, _in_cell(cell, width, height, item.softness, rng), rng)
        seen.append(DrawnObject(item.label, box_of(mask), item.key))
    titles = " and ".join(_lower_first(item.title) for item in items[:2])
    return picture, f"Outfit: {titles}", seen


def _size(layers: list[Layer]) -> tuple[float, float]:
    x0, y0, x1, y1 = extent(layers)
    return x1 - x0, y1 - y0


def _weight(layers: list[Layer]) -> float:
    """How much of the picture a garment asks for: a coat more than a hat, but not as much more as it is larger."""
    width, height = _size(layers)
    return float((width * height) ** 0.35 / 15)


def _lower_first(title: str) -> str:
    """The title beginning in lower case, for use within a sentence."""
    return title[0].lower() + title[1:]


def _in_cell(cell: Cell, width: int, height: int, softness: float, rng: np.random.Generator) -> Pose:
    share = 0.95 if softness else 0.7
    return Pose(
        x=(cell.x0 + cell.x1) / 2 / width,
        y=(cell.y0 + cell.y1) / 2 / height,
        width=(cell.x1 - cell.x0) * share / width,
        height=(cell.y1 - cell.y0) * share / height,
        turn=float(rng.normal(0, 6 if softness else 25)),
        slack=0.006 * softness,
        crumple=0.9 * softness + 0.1,
    )
