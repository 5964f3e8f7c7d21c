"""Shoes and hats."""

from typing import Final

import numpy as np

from samples.drawing.layers import Layer
from samples.drawing.paths import band, oval, path, rect, symmetric, trace, transformed
from samples.drawing.raster import RGB

RUBBER: Final[RGB] = (236, 234, 228)
STRAW: Final[RGB] = (222, 192, 134)


def sneakers(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A pair from the side, one shoe behind the other."""
    return _pair(_sneaker(), rng)


def boots(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Ankle boots with elastic sides."""
    return _pair(_boot(), rng)


def _pair(shoe: list[Layer], rng: np.random.Generator) -> list[Layer]:
    behind = _put(shoe, 5 + rng.uniform(-2, 2), -9 - rng.uniform(0, 2), rng.uniform(4, 12))
    return [*behind, *shoe]


def _put(layers: list[Layer], dx: float, dy: float, turn: float) -> list[Layer]:
    return [layer.moved(dx, dy, turn) for layer in layers]


def _sneaker() -> list[Layer]:
    upper = path(
        "M0.6 9 Q0 3 1.5 0.5 Q3 -0.8 5 0.4 Q8 2.5 11 1.5 Q13 0.8 14 1.8 Q17 5 21 6 Q27.5 6.8 28.6 10 L28.6 11 L0.6 11"
    )
    sole = path("M0 9.4 Q7 10.2 14 9.6 Q22 9.2 29 9.2 Q30.2 11 28.6 12.8 Q14 13.2 1.4 12.8 Q-0.4 11.4 0 9.4")
    toe = path("M22.5 6.6 Q27.5 7 29 9.6 Q25 9.2 22 9.6 Q20.6 8 22.5 6.6")
    heel = trace((0.6, 9.6), (0, 4, 1.2, 1.8), (4, 3, 4.2, 9.8))
    collar = path("M1.5 0.9 Q3 -0.6 5 0.4 Q8 2.5 11 1.5 Q7.5 4.2 3.2 2.4")
    stripe = [band(trace((x, 3.6), (x - 2.5, 9.4)), 1.0) for x in (10.5, 13.0, 15.5)]
    laces = [
        Layer(
            band(trace((13.2 + i * 1.7, 2.0 + i * 0.95), (11.8 + i * 1.7, 3.8 + i * 0.75)), 0.6),
            RUBBER,
            round_cm=0.3,
            shadow=0.5,
        )
        for i in range(4)
    ]
    foxing = trace((0.4, 11.0), (14, 11.6, 29.4, 10.9))
    return [
        Layer(upper, round_cm=3.5, depth=0.35, stitches=(trace((16, 9), (17, 6, 19, 5.4)),)),
        Layer(collar, "inside", round_cm=0.8, shadow=0.1),
        *(Layer(s, "accent", round_cm=0.4, shadow=0.15) for s in stripe),
        Layer(heel, "second", round_cm=1.4, shadow=0.2),
        Layer(toe, "second", round_cm=1.4, shadow=0.2),
        *laces,
        Layer(sole, RUBBER, round_cm=1.2, depth=0.3, seams=(foxing,), shadow=0.35),
    ]


def _boot() -> list[Layer]:
    upper = path("M1 22 Q0.4 12 1.2 0 Q6 -1 11.4 0 Q11 8 12.6 12 Q16 15 23 16.6 Q28 18 28 22.4 L1 22.4")
    elastic = path("M5 2.6 L8.6 2.6 Q8.4 9 7.4 13.4 L6 13.4 Q5 9 5 2.6")
    sole = path("M0.4 21.6 Q14 22.4 28.4 21.4 Q29 23 28 24 L11 24 L10.6 24 L10 26 L0.8 26 L0.4 21.6")
    opening = trace((1.2, 0.2), (6, -1, 11.4, 0), (6, 1.4, 1.2, 0.2))
    tab = rect(0.6, -2.4, 2.4, 2.2)
    return [
        Layer(tab, "inside", round_cm=0.6),
        Layer(
            upper,
            round_cm=4.0,
            depth=0.4,
            gloss=0.5,
            folds=(trace((9, 14), (13, 13, 15, 15)), trace((7, 16), (12, 16, 17, 17))),
            stitches=(trace((9, 22), (10, 15, 12.8, 12)),),
        ),
        Layer(opening, "inside", round_cm=0.5, shadow=0),
        Layer(elastic, (48, 44, 44), round_cm=0.8, shadow=0.1),
        Layer(sole, (54, 44, 38), round_cm=0.9, shadow=0.3),
    ]


def flats(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Ballet shoes seen from above."""
    half = path("M0 0 Q3.6 0 4.4 4 Q4.8 9 4.2 15 Q4 22 3.4 24 Q2.4 26 0 26")
    opening = symmetric(path("M0 8.4 Q3 8.4 3.2 12 Q3.2 20 2.6 23 Q1.6 24.6 0 24.6"))
    sole = symmetric(path("M0 9.6 Q2.4 9.6 2.6 13 Q2.6 20 2.1 22.6 Q1.2 24 0 24"))
    bow = [trace((0, 7.6), (2.4 * s, 5.6, 2.6 * s, 7.4), (2.4 * s, 9.4, 0, 7.6)) for s in (-1, 1)]
    shoe = [
        Layer(symmetric(half), round_cm=2.4, depth=0.4, gloss=0.4),
        Layer(opening, "inside", round_cm=1.6, depth=0.4, shadow=0.1),
        Layer(sole, (206, 178, 142), round_cm=1.6, depth=0.45, shadow=0, seams=(trace((-1, 20), (1, 20)),)),
        *(Layer(b, "accent", round_cm=0.8, shadow=0.5) for b in bow),
    ]
    return [*_put(shoe, -5.6, rng.uniform(-1.5, 1.5), rng.uniform(0, 8)), *_put(shoe, 5.6, 0, -rng.uniform(0, 8))]


def beanie(_cut: np.random.Generator, _rng: np.random.Generator) -> list[Layer]:
    """A knitted hat with a pompom."""
    dome = symmetric(trace((0, 0), (9, 0, 13, 8, 13, 20), (0, 22)))
    fold = symmetric(path("M0 15.6 Q9 15.4 13.6 14.6 Q14 18 13.4 22.4 Q8 23.6 0 23.6"))
    ribs = tuple(trace((0, -1), (x * 0.9, 4, x, 16)) for x in (-10, -6.5, -3, 0, 3, 6.5, 10))
    tuft = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    fluff = 4.4 + 0.5 * np.cos(tuft * 17) + 0.3 * np.cos(tuft * 29)
    pompom = np.stack((fluff * np.cos(tuft), -2.6 + fluff * np.sin(tuft)), axis=1)
    return [
        Layer(dome, folds=ribs, round_cm=5, depth=0.35),
        Layer(fold, "rib", round_cm=2, depth=0.3, shadow=0.45),
        Layer(pompom, "accent", round_cm=3.4, depth=0.45, shadow=0.4),
    ]


def cap(_cut: np.random.Generator, _rng: np.random.Generator) -> list[Layer]:
    """A baseball cap from the side."""
    crown = path("M-11 15 Q-12 1 1 0 Q12 1 12.6 12 Q10 14.6 2 16 Q-5 17 -11 15")
    brim = path("M-1 16.4 Q6 13 12.8 11.4 Q23 14 25 20 Q20 22.6 12 20 Q4 17.6 -1 16.4")
    panels = (trace((0.6, 0), (-4, 7, -3.4, 16.4)), trace((0.8, 0), (8, 5, 8.4, 14.4)))
    badge = oval(3.2, 9, 2.6, 2.3)
    rows = tuple(transformed(trace((0, 16.6), (8, 14.4, 13, 13.4), (20, 15.6, 23, 19.6)), 0, d) for d in (0.6, 1.8))
    return [
        Layer(
            crown, seams=panels, stitches=tuple(transformed(panel, 0.6, 0) for panel in panels), round_cm=5, depth=0.38
        ),
        Layer(oval(0.6, 0.2, 1.1, 0.7), "accent", round_cm=0.6),
        Layer(brim, "second", round_cm=2.4, depth=0.35, stitches=rows, shadow=0.45),
        Layer(badge, "accent", round_cm=0.6, shadow=0.1),
    ]


def straw_hat(_cut: np.random.Generator, _rng: np.random.Generator) -> list[Layer]:
    """A straw hat from above."""
    rings = tuple(oval(0, 0, r, r * 0.92) for r in (11.5, 13, 14.5, 16, 17.5))
    coils = tuple(oval(0, -1, r, r * 0.95) for r in (2.2, 4.2, 6.2, 8.0))
    return [
        Layer(oval(0, 0, 19, 17.6), STRAW, stitches=rings, round_cm=4, depth=0.25),
        Layer(oval(0, -0.4, 10.6, 10.0), "main", round_cm=1.6, shadow=0.5),
        Layer(oval(0, -0.9, 9.2, 8.7), STRAW, stitches=coils, round_cm=4, depth=0.35, shadow=0.4),
    ]
