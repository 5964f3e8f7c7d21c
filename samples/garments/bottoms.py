"""Cutting patterns for trousers, shorts and skirts."""

import numpy as np

from samples.drawing.layers import Layer
from samples.drawing.paths import Points, band, mirror, oval, part, path, rect, symmetric, trace


def _legs(length: float, hem: float, hip: float, rng: np.random.Generator, *, ribs_cm: float = 0.0) -> list[Layer]:
    """Two legs that meet at the crotch, the right one over the left; ``ribs_cm`` is the height of elastic cuffs."""
    layers = []
    for side in ("left", "right"):
        out = rng.uniform(-1, 2.5)
        foot = 6.0 + out if length > 60 else 1.6 + 0.4 * out
        outer = trace(
            (19, 3), (21, 14, hip + 0.5, 24, hip, 32), (hip - 1 + out * 0.4, length * 0.62, foot + hem, length)
        )
        inner = trace((foot, length), (4 + out * 0.3, length * 0.62, 1.2, 30.0), (-0.6, 26.0), (-0.6, 4))
        hemline = trace((foot - 1, length - 2.2), (foot + hem + 1, length - 2.2))
        side_seam = part(np.concatenate((outer[14:] - (3.0, 0), outer[-1:])), 3.0, -12.0)
        leg = Layer(
            np.concatenate((outer, np.array([[foot + hem * 0.5, length + 0.8]]), inner)),
            folds=_leg_folds(length, foot, rng),
            seams=(side_seam,) if length > 60 else (),
            stitches=() if ribs_cm else (hemline,),
            round_cm=4.0,
            depth=0.3,
        )
        tight = np.array([[1.4, 0.0]])
        end, start = part(outer, -ribs_cm - 0.01, -0.01), part(inner, 0.01, ribs_cm + 0.01)
        cuff = Layer(np.concatenate((end[:-1], end[-1:] - tight, start[:1] + tight, start[1:])), "rib", round_cm=1.4)
        trouser = [leg, cuff] if ribs_cm else [leg]
        layers += trouser if side == "right" else [layer.mirrored() for layer in trouser]
    return layers


def _leg_folds(length: float, foot: float, rng: np.random.Generator) -> tuple[Points, ...]:
    """Whiskers below the hip, and short folds from the knee down."""
    whiskers = [trace((2, 26 + i * 2.5), (9, 25 + i * 2, 15 + rng.uniform(0, 3), 21 + i * 3)) for i in range(3)]
    if length <= 60:
        return tuple(whiskers)
    knees = [
        trace((foot + rng.uniform(-2, 2), y), (foot + 6, y + rng.uniform(-2, 2), foot + 13, y + 3))
        for y in rng.uniform(0.5, 0.95, 5) * length
    ]
    return (*whiskers, *knees)


def _waistband(width: float, y: float, height: float, tone: str) -> Layer:
    outline = symmetric(
        trace(
            (0, y + 1),
            (width * 0.6, y + 0.8, width - 0.4, y),
            (width, y + height),
            (width * 0.6, y + height + 1, 0, y + height + 1),
        )
    )
    return Layer(outline, tone, round_cm=1.2, shadow=0.3, stitches=(outline * (0.97, 1.0),))


def _jeans_details() -> list[Layer]:
    waist_inside = symmetric(path("M0 0.5 L17 -1.2 L18.4 2 L0 4"))
    loops = [Layer(rect(x - 0.6, -0.6, x + 0.6, 5), "main", round_cm=0.4, shadow=0.5) for x in (-14, -8, 8, 14)]
    scoops = [band(trace((9 * s, 5), (10 * s, 11, 19.4 * s, 12.5)), 0.5) for s in (-1, 1)]
    pockets = [Layer(scoop, "inside", round_cm=0.4, shadow=0.3) for scoop in scoops]
    fly = Layer(
        path("M0 5 L4.2 5 Q4.2 17 0.4 22 L0 22"),
        "main",
        round_cm=0.6,
        depth=0.08,
        shadow=0.35,
        stitches=(trace((3.6, 5), (3.6, 16, 0.4, 21)),),
    )
    button = Layer(oval(0.4, 2.8, 1.0), (184, 150, 96), round_cm=0.7, shadow=0.6)
    return [Layer(waist_inside, "inside"), _waistband(19.2, 0, 4, "main"), fly, *pockets, *loops, button]


def jeans(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Trousers with a fly, belt loops and pockets."""
    return [*_legs(float(cut.uniform(96, 104)), float(cut.uniform(15, 20)), 23, rng), *_jeans_details()]


def joggers(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Trousers with ribs and cords."""
    return [*_legs(float(cut.uniform(94, 101)), 13, 24, rng, ribs_cm=6), *_drawstring(rng)]


def _drawstring(rng: np.random.Generator) -> list[Layer]:
    cords = [
        Layer(band(trace((1.2 * s, 3), (4 * s, 9, 2.5 * s + float(rng.normal()), 17)), 0.8), "accent", round_cm=0.5)
        for s in (-1, 1)
    ]
    welts = [Layer(band(trace((13 * s, 8), (19.6 * s, 20)), 0.6), "inside", round_cm=0.4) for s in (-1, 1)]
    return [_waistband(19.4, -0.5, 5, "rib"), *welts, *cords]


def jean_shorts(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Shorts with a fly, belt loops and pockets."""
    return [*_legs(float(cut.uniform(40, 52)), float(cut.uniform(24, 27)), 26, rng), *_jeans_details()]


def sweat_shorts(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Shorts with an elastic waist and cords."""
    return [*_legs(float(cut.uniform(40, 52)), float(cut.uniform(24, 27)), 26, rng), *_drawstring(rng)]


def skirt(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A line, pleated, or full."""
    length, flare = float(cut.uniform(40, 66)), float(cut.uniform(27, 40))
    half = trace(
        (0, 4), (18, 3.5), (23, 16, flare, length - 6, flare, length), (flare * 0.5, length + 3.5, 0, length + 3.5)
    )
    pleats = int(cut.choice([5, 9, 14]))
    spread = np.linspace(-0.94, 0.94, pleats)
    folds = tuple(
        trace((x * 18, 4), (x * 22, length * 0.4, x * flare + rng.normal(0, 0.8), length + 3)) for x in spread
    )
    hem = trace((flare, length - 2.2), (flare * 0.5, length + 1.3, 0, length + 1.3))
    front = Layer(
        symmetric(half),
        folds=folds,
        fold_cm=3.0 if pleats < 10 else 1.8,
        stitches=(np.concatenate((hem, mirror(hem))),),
        depth=0.28,
    )
    inside = Layer(symmetric(path("M0 0 L17.6 -1 L18 3 L0 5")), "inside")
    return [inside, front, _waistband(18.3, 0, 4, "plain")]
