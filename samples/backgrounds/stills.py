"""Pins without a garment: landscapes, desks from above, things on a table or on the floor."""

from collections.abc import Sequence

import numpy as np

from samples.backgrounds import grounds, things
from samples.backgrounds.landscapes import landscape
from samples.backgrounds.things import Thing
from samples.compose import Pose, place, stand
from samples.drawing.raster import Pixels
from samples.garments.cloth import Cloth
from samples.garments.pieces import Piece, extent
from samples.layout import Cell, shared

PLAIN = Cloth((200, 200, 200))


def still(width: int, height: int, rng: np.random.Generator) -> tuple[Pixels, str]:
    """A picture with no garment in it, ``(height, width, 3) uint8``, and its title."""
    style = rng.random()
    if style < 0.3:
        return landscape(width, height, rng), "Somewhere to go"
    if style < 0.55:
        return _desk(width, height, rng), "Desk things"
    if style < 0.85:
        return _table(width, height, rng), "Still life"
    return _corner(width, height, rng), "A corner of the room"


def chosen(kinds: Sequence[Thing], count: int, rng: np.random.Generator) -> list[list[Piece]]:
    """That many different things of these kinds."""
    return [kinds[i](rng) for i in rng.permutation(len(kinds))[:count]]


def _desk(width: int, height: int, rng: np.random.Generator) -> Pixels:
    picture = grounds.WEB[int(rng.integers(len(grounds.WEB)))](width, height, rng)
    laid = chosen(things.FLAT, int(rng.integers(2, 5)), rng)
    cells = shared(Cell(0.05, 0.05, 0.95, 0.95), [float(rng.uniform(0.7, 1.5)) for _ in laid])
    for pieces, cell in zip(laid, cells, strict=True):
        pose = Pose(
            x=(cell.x0 + cell.x1) / 2,
            y=(cell.y0 + cell.y1) / 2,
            width=(cell.x1 - cell.x0) * 0.84,
            height=(cell.y1 - cell.y0) * 0.84,
            turn=float(rng.uniform(-35, 35)),
        )
        place(picture, pieces, PLAIN, pose, rng)
    return picture


def _table(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Two to four small things on a table, before a wall or a garden."""
    behind = (grounds.paper, grounds.paper, grounds.garden)[int(rng.integers(3))]
    picture = behind(width, height, rng)
    top = round(height * 0.74)
    picture[top:] = grounds.tabletop(width, height - top, rng)
    row = chosen(things.SMALL, int(rng.integers(2, 5)) if width >= height else int(rng.integers(1, 3)), rng)
    _line_up(picture, row, rng, foot=0.84, tallest=0.62)
    return picture


def _corner(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A chair, perhaps with a plant beside it."""
    picture = grounds.room(width, height, rng)
    row = [things.chair(rng)]
    if rng.random() < 0.7:
        row.append([piece.put(0, 0, scale=1.25) for piece in things.potted_plant(rng)])
    if rng.random() < 0.5:
        row.reverse()
    _line_up(picture, row, rng, foot=0.9, tallest=0.62)
    return picture


def _line_up(picture: Pixels, row: list[list[Piece]], rng: np.random.Generator, *, foot: float, tallest: float) -> None:
    """Stands things side by side at one scale, their feet on about one line."""
    height, width = picture.shape[:2]
    sizes = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in map(extent, row)]
    scale = min(tallest * height / max(tall for _, tall in sizes), 0.84 * width / sum(wide for wide, _ in sizes))
    gap = (width - scale * sum(wide for wide, _ in sizes)) / (len(row) + 1)
    at = gap
    for pieces, (wide, tall) in zip(row, sizes, strict=True):
        pose = Pose(
            x=(at + scale * wide / 2) / width,
            y=foot + float(rng.uniform(-0.03, 0.03)),
            width=scale * wide / width,
            height=scale * tall / height,
        )
        stand(picture, pieces, PLAIN, pose, rng)
        at += scale * wide + gap
