"""Cutting patterns for what is worn over the rest."""

from dataclasses import replace
from typing import Final

import numpy as np

from samples.drawing.layers import Layer
from samples.drawing.paths import band, path, rect, symmetric, trace
from samples.drawing.raster import RGB
from samples.garments.upper_body import (
    BodyShape,
    both_sleeves,
    button_column,
    chest_print,
    front_panel,
    lapels,
    open_front,
    pocket,
)

METAL: Final[RGB] = (176, 176, 180)


def hoodie(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A hood laid flat above the neck, a pouch, cords, ribs."""
    shape = BodyShape(
        sleeve=63, cuff=11.5, spread=16, shoulder=24, chest=28, waist=28, hem=26, length=66, neck=8, neck_drop=9
    )
    hood = symmetric(path("M0 -21 C12 -21 16 -12 15 -4 C14 4 9 9 4 12 L0 12"))
    opening = symmetric(trace((0, -15), (8, -15, 10.5, -8, 10, -2), (9, 6, 4, 9, 0, 10.5)))
    pouch = symmetric(path("M0 42 L9 42 Q16 54 16 60 L0 60"))
    hem = symmetric(np.concatenate((trace((0, 60), (shape.hem + 1.4, 60)), shape.hemline())))
    cords = [
        Layer(
            band(trace((4 * s, 9), (4.5 * s, 16, 3.6 * s + float(rng.normal(0, 0.6)), 25)), 0.8), "accent", round_cm=0.5
        )
        for s in (-1, 1)
    ]
    zipper = Layer(rect(-0.7, 10, 0.7, 66), METAL, round_cm=0.4)
    middle = [zipper] if cut.random() < 0.45 else chest_print(cut, 32.0) if cut.random() < 0.6 else []
    return [
        *both_sleeves(shape, rng, cuff_cm=6.5),
        replace(front_panel(shape, rng), stitches=()),
        Layer(pouch, stitches=(pouch * (0.95, 1.0),), shadow=0.4, round_cm=1.6),
        Layer(hem, "rib", shadow=0.15, round_cm=1.2),
        *middle,
        Layer(hood, folds=(trace((-12, -8), (-9, 2, -4, 9)), trace((12, -8), (9, 2, 4, 9))), round_cm=4, shadow=0.4),
        Layer(opening, "inside", round_cm=4, depth=0.5, shadow=0.2, seams=(trace((0, -15), (0, 6)),)),
        *cords,
    ]


def puffer(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A quilted jacket with a zip."""
    shape = BodyShape(
        sleeve=62, cuff=13.5, spread=15, shoulder=24, chest=29, waist=28, hem=28, length=68, neck=8, neck_drop=6
    )
    quilts = tuple(trace((-30, y), (0, y + 1.2, 30, y)) for y in range(12, 66, 8))
    body = replace(
        front_panel(shape, rng),
        stitches=(),
        seams=quilts,
        folds=tuple(q - (0, 2.2) for q in quilts),
        fold_cm=4.0,
        gloss=0.3,
    )
    sleeves = []
    for layer in both_sleeves(shape, rng, cuff_cm=4):
        middle = layer.outline.mean(axis=0)
        rings = tuple(
            middle + np.array([[-14, d + 2 * np.sign(middle[0])], [14, d - 2 * np.sign(middle[0])]])
            for d in range(-24, 32, 8)
        )
        sleeves.append(
            layer
            if layer.tone == "rib"
            else replace(layer, seams=rings, folds=tuple(r - (0, 2.2) for r in rings), fold_cm=4.0, gloss=0.3)
        )
    collar = symmetric(path("M0 -5 Q8 -5 9 -3 Q10.5 4 9 10 Q4 11 0 11"))
    zipper = [
        Layer(rect(-0.9, -3, 0.9, 68), METAL, round_cm=0.4, shadow=0.4),
        Layer(rect(-0.6, 4, 0.6, 9), METAL, round_cm=0.5),
    ]
    pockets = [Layer(band(trace((12 * s, 44), (17 * s, 56)), 1.0), "inside", round_cm=0.4) for s in (-1, 1)]
    return [
        *sleeves,
        body,
        Layer(collar, folds=(trace((-9, 3), (0, 4, 9, 3)),), fold_cm=4, gloss=0.3),
        *pockets,
        *zipper,
    ]


def coat(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A long double-breasted coat."""
    shape = BodyShape(
        sleeve=58,
        cuff=14,
        spread=15,
        shoulder=23,
        chest=27,
        waist=26,
        hem=31,
        length=100,
        waist_at=50,
        neck=8,
        neck_drop=30,
        vee=True,
    )
    front = replace(front_panel(shape, rng), stitches=())
    flaps = [pocket(s * 15 - 6, 60, 12, 4, pointed=0.2) for s in (-1, 1)]
    lining, edge = open_front(shape, 30)
    buttons = [b for x in (-5, 5) for b in button_column(x, [36, 48, 60], 1.3, (58, 48, 42))]
    return [
        lining,
        *both_sleeves(shape, rng, cuff_cm=3, cuff_tone="plain"),
        front,
        edge,
        *flaps,
        *buttons,
        *lapels(32, 17),
    ]


def blazer(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Notched lapels, one or two buttons, cutaway fronts."""
    depth = float(cut.uniform(32, 40))
    shape = BodyShape(
        sleeve=57,
        cuff=12.5,
        spread=14,
        shoulder=22.5,
        chest=25.5,
        waist=22.5,
        waist_at=42,
        hem=26,
        length=70,
        dip=3,
        neck=8,
        neck_drop=depth,
        vee=True,
    )
    lining, edge = open_front(shape, depth - 2)
    flaps = [pocket(s * 14 - 6.5, 50, 13, 4.5, pointed=0.2) for s in (-1, 1)]
    breast = Layer(rect(8.5, 27, 17, 29.4), "main", shadow=0.3, round_cm=0.5)
    buttons = button_column(0, [depth + 3, depth + 13], 1.0, (52, 44, 40))
    notch = Layer(
        symmetric(trace((0, 60), (1, 63, 5, shape.length + 4.5), (0, shape.length + 4.5))),
        "second",
        depth=0.5,
        shadow=0,
    )
    darts = tuple(trace((11 * s, 30), (10.5 * s, 50)) for s in (-1, 1))
    front = replace(front_panel(shape, rng), stitches=(), seams=darts)
    return [lining, *both_sleeves(shape, rng), front, notch, edge, *flaps, breast, *buttons, *lapels(depth, 16)]
