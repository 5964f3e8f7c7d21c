"""Outlines of drawn things: lines and Bézier curves, in centimetres, x to the right and y down."""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[Any]
"""Corners of a polygon or polyline, ``(n, 2) float64``, in centimetres."""

STEPS: Final = 14


def trace(*steps: Sequence[float]) -> Points:
    """The points along a path that starts at the first pair.

    Each step after it is a pair (line to), four numbers (quadratic: control, end) or six (cubic: two controls, end).
    """
    points = [np.asarray(steps[0], dtype=np.float64)[None]]
    for step in steps[1:]:
        controls = np.concatenate((points[-1][-1:], np.asarray(step, dtype=np.float64).reshape(-1, 2)))
        points.append(_bezier(controls)[1:])
    return np.concatenate(points)


def path(svg: str) -> Points:
    """The same for the absolute commands M, L, Q and C of an SVG path: ``M0 0 L3 0 Q5 0 5 2``."""
    return trace(*([float(number) for number in step.split()] for step in re.split("[MLQC]", svg)[1:]))


def _bezier(controls: Points) -> Points:
    """De Casteljau's construction, for any number of control points; a line needs no points in between."""
    if len(controls) == 2:
        return controls
    at = np.linspace(0.0, 1.0, STEPS)[:, None, None]
    level: Points = np.broadcast_to(controls, (STEPS, *controls.shape))
    while level.shape[1] > 1:
        level = level[:, :-1] * (1 - at) + level[:, 1:] * at
    return level[:, 0]


def mirror(points: Points) -> Points:
    """The same path on the other side of x = 0, walked backwards, so that it continues the first."""
    return np.asarray(points[::-1] * (-1.0, 1.0))


def symmetric(half: Points) -> Points:
    """A closed symmetric outline from its right half."""
    return np.concatenate((half, mirror(half)))


def transformed(points: Points, dx: float, dy: float, *, turn: float = 0.0, scale: float = 1.0) -> Points:
    """``points`` scaled, turned by ``turn`` degrees about the origin, then shifted."""
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ rotation * scale + (dx, dy))


def oval(x: float, y: float, rx: float, ry: float = 0.0) -> Points:
    """A closed ellipse; a circle if ``ry`` is left out."""
    at = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    return np.stack((x + rx * np.cos(at), y + (ry or rx) * np.sin(at)), axis=1)


def rect(x0: float, y0: float, x1: float, y1: float) -> Points:
    """An upright rectangle."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def band(line: Points, width: float) -> Points:
    """The closed strip between a polyline and its copy ``width`` to the right of its direction (y down)."""
    tangent = np.gradient(line, axis=0)
    normal = np.stack((-tangent[:, 1], tangent[:, 0]), axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return np.concatenate((line, (line + normal * width)[::-1]))


def bounds(outlines: Sequence[Points]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of everything."""
    every = np.concatenate(outlines)
    (x0, y0), (x1, y1) = every.min(axis=0), every.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def dense(points: Points, step: float) -> Points:
    """The same closed or open path with points added, so that no two neighbours are more than ``step`` apart."""
    gaps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if not len(gaps) or gaps.max() <= step:
        return points
    counts = np.maximum(1, np.ceil(gaps / step)).astype(int)
    index = np.concatenate([i + np.arange(n) / n for i, n in enumerate(counts)] + [[float(len(counts))]])
    return np.stack([np.interp(index, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], axis=1)


def part(line: Points, start: float, end: float) -> Points:
    """The stretch of a line between two distances from its beginning; negative ones count from its end."""
    along = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))))
    start, end = (at + along[-1] if at < 0 else at for at in (start, end))
    at = np.concatenate(([start], along[(along > start) & (along < end)], [end]))
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)
