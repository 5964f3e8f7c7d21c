"""Divides a picture among several things without overlap; larger ones get more room."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle, in any unit."""

    x0: float
    y0: float
    x1: float
    y1: float


def split(cell: Cell, weights: Sequence[float]) -> list[Cell]:
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
    return split(halves[0], weights[:count]) + split(halves[1], weights[count:])


def arrange(cell: Cell, sizes: Sequence[tuple[float, float]], weights: Sequence[float]) -> list[Cell]:
    """One part of ``cell`` for each thing, in the things' order: from the order that shows them largest.

    ``sizes`` are width and height of each thing, in any unit; ``weights`` say how much room it asks for.
    """
    best: list[Cell] = []
    most = -1.0
    for order in permutations(range(len(sizes))):
        cells = split(cell, [weights[i] for i in order])
        shown = sum(_shown(cells[place], *sizes[i]) * weights[i] for place, i in enumerate(order))
        if shown > most:
            best, most = [cells[order.index(i)] for i in range(len(sizes))], shown
    return best


def _shown(cell: Cell, width: float, height: float) -> float:
    """Side of the thing's picture in the cell: the square root of its area."""
    scale = min((cell.x1 - cell.x0) / width, (cell.y1 - cell.y0) / height)
    return float(scale * (width * height) ** 0.5)
