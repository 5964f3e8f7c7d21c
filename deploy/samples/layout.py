"""How several things share a picture: larger ones get more room, and nothing has to overlap."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle, in any unit."""

    x0: float
    y0: float
    x1: float
    y1: float


def shared(cell: Cell, weights: Sequence[float]) -> list[Cell]:
    """One part of ``cell`` for each weight, in their order, areas in proportion: cut in two along the longer side."""
    if len(weights) == 1:
        return [cell]
    total, left, count = sum(weights), 0.0, 0
    while count < len(weights) - 1 and (count == 0 or left + weights[count] / 2 < total / 2):
        left += weights[count]
        count += 1
    share = left / total
    if cell.x1 - cell.x0 >= cell.y1 - cell.y0:
        cut = cell.x0 + share * (cell.x1 - cell.x0)
        halves = Cell(cell.x0, cell.y0, cut, cell.y1), Cell(cut, cell.y0, cell.x1, cell.y1)
    else:
        cut = cell.y0 + share * (cell.y1 - cell.y0)
        halves = Cell(cell.x0, cell.y0, cell.x1, cut), Cell(cell.x0, cut, cell.x1, cell.y1)
    return shared(halves[0], weights[:count]) + shared(halves[1], weights[count:])
