"""The layers that every drawing is made of, and how they are bent when a garment is laid down by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from samples.drawing.paths import Points, bounds, dense, transformed
from samples.drawing.raster import RGB


@dataclass(frozen=True, slots=True)
class Layer:
    """One flat shape with its own outline; later layers lie on earlier ones and cast a shadow on them.

    ``tone`` is a colour, or ``main`` (the cloth as it is), ``plain`` (its colour only), ``rib`` (elastic ribs),
    ``inside`` (its dark inner side), ``second`` or ``accent``. ``grain`` turns the pattern, in degrees. ``depth`` and
    ``round_cm`` say how much and how far in from its edge a layer curves away; ``gloss`` adds highlights.
    """

    outline: Points
    tone: str | RGB = "main"
    grain: float = 0.0
    seams: tuple[Points, ...] = ()
    stitches: tuple[Points, ...] = ()
    folds: tuple[Points, ...] = ()
    fold_cm: float = 1.6
    round_cm: float = 2.2
    depth: float = 0.22
    shadow: float = 0.3
    gloss: float = 0.0

    def mapped(self, bend: Callable[[Points], Points]) -> "Layer":
        """The same layer with every point moved by ``bend``."""
        return replace(
            self,
            outline=bend(self.outline),
            seams=tuple(map(bend, self.seams)),
            stitches=tuple(map(bend, self.stitches)),
            folds=tuple(map(bend, self.folds)),
        )

    def mirrored(self) -> "Layer":
        """The same layer on the other side of x = 0."""
        return replace(self.mapped(lambda points: np.asarray(points * (-1.0, 1.0))), grain=-self.grain)

    def moved(self, dx: float, dy: float, turn: float = 0.0, *, scale: float = 1.0) -> "Layer":
        """The same layer elsewhere, turned by ``turn`` degrees."""
        return self.mapped(lambda points: transformed(points, dx, dy, turn=turn, scale=scale))


def extent(layers: Sequence[Layer]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all outlines, in centimetres."""
    return bounds([layer.outline for layer in layers])


def distort(layers: Sequence[Layer], rng: np.random.Generator, *, slack: float) -> list[Layer]:
    """The layers bent together by slow waves, like a garment that was not straightened.

    ``slack`` is the reach of the waves as a share of the whole's size; 0.005 is careful, 0.02 careless.
    """
    x0, y0, x1, y1 = extent(layers)
    size = max(x1 - x0, y1 - y0)
    waves = [
        (
            rng.normal(0, 1.0, 2) * 2 * np.pi * turns / size,
            rng.uniform(0, 2 * np.pi),
            rng.uniform(-1, 1, 2) * size * slack / turns,
        )
        for turns in (0.5, 0.9, 1.6, 3.0)
    ]

    def bend(points: Points) -> Points:
        still = dense(points, size / 24)
        shift = sum(np.sin(still @ wave + phase)[:, None] * reach for wave, phase, reach in waves)
        return np.asarray(still + shift)

    return [layer.mapped(bend) for layer in layers]
