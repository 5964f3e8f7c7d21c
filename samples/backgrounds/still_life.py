"""Pins without a garment: landscapes, desks from above, things on a table or on the floor."""

from collections.abc import Sequence

import numpy as np

from samples.backgrounds import props, surfaces
from samples.backgrounds.landscapes import landscape
from samples.backgrounds.props import Prop
from samples.compose import Pose, draw_flat, draw_upright
from samples.drawing.cloth import Cloth
from samples.drawing.layers import Layer, extent
from samples.drawing.raster import Pixels
from samples.layout import Cell, split

PLAIN = Cloth((200, 200, 200))


def still_life(width: int, height: int, rng: np.random.Generator) -> tuple[Pixels, str]:
    """A picture with no garment in it, ``(height, width, 3) uint8``, and its title."""
    style = rng.random()
    if style < 0.3:
        return landscape(width, height, rng), "Somewhere to go"
    if style < 0.55:
        return _desk(width, height, rng), "Desk things"
    if style < 0.85:
        return _table(width, height, rng), "Still life"
    return _corner(width, height, rng), "A corner of the room"


def choose(kinds: Sequence[Prop], count: int, rng: np.random.Generator) -> list[list[Layer]]:
    """``count`` different things of these kinds."""
    return [kinds[i](rng) for i in rng.permutation(len(kinds))[:count]]


def _desk(width: int, height: int, rng: np.random.Generator) -> Pixels:
    picture = surfaces.WEB[int(rng.integers(len(surfaces.WEB)))](width, height, rng)
    laid = choose(props.FLAT, int(rng.integers(2, 5)), rng)
    cells = split(Cell(0.05, 0.05, 0.95, 0.95), [float(rng.uniform(0.7, 1.5)) for _ in laid])
    for layers, cell in zip(laid, cells, strict=True):
        pose = Pose(
            x=(cell.x0 + cell.x1) / 2,
            y=(cell.y0 + cell.y1) / 2,
            width=(cell.x1 - cell.x0) * 0.84,
            height=(cell.y1 - cell.y0) * 0.84,
            turn=float(rng.uniform(-35, 35)),
        )
        draw_flat(picture, layers, PLAIN, pose, rng)
    return picture


def _table(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Two to four small things on a table, before a wall or a garden."""
    behind = (surfaces.paper, surfaces.paper, surfaces.garden)[int(rng.integers(3))]
    picture = behind(width, height, rng)
    top = round(height * 0.74)
    picture[top:] = surfaces.tabletop(width, height - top, rng)
    row = choose(props.SMALL, int(rng.integers(2, 5)) if width >= height else int(rng.integers(1, 3)), rng)
    _draw_row(picture, row, rng, foot=0.84, tallest=0.62)
    return picture


def _corner(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A chair, perhaps with a plant beside it."""
    picture = surfaces.room(width, height, rng)
    row = [props.chair(rng)]
    if rng.random() < 0.7:
        row.append([layer.moved(0, 0, scale=1.25) for layer in props.potted_plant(rng)])
    if rng.random() < 0.5:
        row.reverse()
    _draw_row(picture, row, rng, foot=0.9, tallest=0.62)
    return picture


def _draw_row(
    picture: Pixels, row: list[list[Layer]], rng: np.random.Generator, *, foot: float, tallest: float
) -> None:
    """Draws things side by side at one scale, standing on about one line."""
    height, width = picture.shape[:2]
    sizes = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in map(extent, row)]
    scale = min(tallest * height / max(tall for _, tall in sizes), 0.84 * width / sum(wide for wide, _ in sizes))
    gap = (width - scale * sum(wide for wide, _ in sizes)) / (len(row) + 1)
    at = gap
    for layers, (wide, tall) in zip(row, sizes, strict=True):
        pose = Pose(
            x=(at + scale * wide / 2) / width,
            y=foot + float(rng.uniform(-0.03, 0.03)),
            width=scale * wide / width,
            height=scale * tall / height,
        )
        draw_upright(picture, layers, PLAIN, pose, rng)
        at += scale * wide + gap
