"""The part that everything drawn is made of, and how a garment changes when it is laid down by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from samples.drawing.paths import Points, bounds, dense, moved
from samples.drawing.raster import RGB


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One flat part with its own outline; later pieces lie on earlier ones and cast a shadow on them.

    ``tone`` is a colour, or ``main`` (the cloth as it is), ``plain`` (its colour only), ``rib`` (elastic ribs),
    ``inside`` (its dark inner side), ``second`` or ``accent``. ``grain`` turns the pattern, in degrees. ``depth`` and
    ``round_cm`` say how much and how far in from its edge a piece curves away; ``gloss`` adds highlights.
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

    def bent(self, bend: Callable[[Points], Points]) -> "Piece":
        """The same piece with every point moved by ``bend``."""
        return replace(
            self,
            outline=bend(self.outline),
            seams=tuple(map(bend, self.seams)),
            stitches=tuple(map(bend, self.stitches)),
            folds=tuple(map(bend, self.folds)),
        )

    def flipped(self) -> "Piece":
        """The same piece on the other side of x = 0."""
        return replace(self.bent(lambda points: np.asarray(points * (-1.0, 1.0))), grain=-self.grain)

    def put(self, dx: float, dy: float, turn: float = 0.0, *, scale: float = 1.0) -> "Piece":
        """The same piece elsewhere, turned by ``turn`` degrees."""
        return self.bent(lambda points: moved(points, dx, dy, turn=turn, scale=scale))


def extent(pieces: Sequence[Piece]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all outlines, in centimetres."""
    return bounds([piece.outline for piece in pieces])


def dropped(pieces: Sequence[Piece], rng: np.random.Generator, *, slack: float) -> list[Piece]:
    """The pieces as they come to lie when nobody straightens them: bent together by slow waves.

    ``slack`` is the reach of the waves as a share of the whole's size; 0.005 is careful, 0.02 careless.
    """
    x0, y0, x1, y1 = extent(pieces)
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

    return [piece.bent(bend) for piece in pieces]
