"""Cutting patterns for light tops and dresses."""

from dataclasses import replace

import numpy as np

from samples.drawing.layers import Layer
from samples.drawing.paths import band, mirror, oval, path, rect, symmetric, trace
from samples.garments.upper_body import (
    BodyShape,
    armbands,
    back_panel,
    both_sleeves,
    button_column,
    chest_print,
    drape,
    front_panel,
    neckband,
    placket,
    pocket,
    pointed_collar,
)


def t_shirt(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Crew or V neck, some with a pocket."""
    shape = BodyShape(
        vee=bool(cut.random() < 0.25), neck_drop=float(cut.uniform(8, 11)), length=float(cut.uniform(64, 72))
    )
    patch = [pocket(6, 22, 10, 11)] if cut.random() < 0.35 else []
    return [back_panel(shape), *both_sleeves(shape, rng), front_panel(shape, rng), neckband(shape), *patch]


def printed_t_shirt(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A crew neck with a picture on the chest."""
    shape = BodyShape(neck_drop=float(cut.uniform(8, 10)), length=float(cut.uniform(64, 72)))
    return [back_panel(shape), *both_sleeves(shape, rng), front_panel(shape, rng), neckband(shape), *chest_print(cut)]


def longsleeve(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A sweater: ribs at neck, cuffs and hem."""
    shape = BodyShape(
        sleeve=62, cuff=10, spread=17, armpit=21, length=float(cut.uniform(62, 68)), neck_drop=float(cut.uniform(7, 10))
    )
    front = replace(front_panel(shape, rng), stitches=())
    hem = symmetric(np.concatenate((trace((0, shape.length - 5), (shape.hem, shape.length - 6)), shape.hemline())))
    high = cut.random() < 0.3
    roll = symmetric(path("M0 -6 Q7 -6 8 -5 Q9.5 0 9 3 Q4 6 0 6"))
    collar = [Layer(roll, "rib", folds=(trace((-8, 0), (0, 2, 8, 0)),))] if high else [neckband(shape, 2.6)]
    ribs = Layer(hem, "rib", shadow=0.15, round_cm=1.2)
    return [back_panel(shape), *both_sleeves(shape, rng, cuff_cm=6), front, ribs, *collar]


def cardigan(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Knitwear that buttons up to a V neck."""
    shape = BodyShape(
        vee=True, neck_drop=float(cut.uniform(18, 24)), sleeve=62, cuff=10, spread=16, armpit=21, length=64, neck=8
    )
    ribs = symmetric(np.concatenate((trace((0, 59), (shape.hem, 58)), shape.hemline())))
    ys = [float(y) for y in np.linspace(shape.neck_drop + 4, 61, 5)]
    return [
        back_panel(shape),
        *both_sleeves(shape, rng, cuff_cm=6),
        replace(front_panel(shape, rng), stitches=()),
        Layer(ribs, "rib", shadow=0.15, round_cm=1.2),
        neckband(shape, 2.4),
        placket(shape.neck_drop, 65, 1.8, "rib"),
        *button_column(0, ys, 0.9),
    ]


def undershirt(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A tank top with bound edges."""
    shape = BodyShape(
        neck=9,
        neck_drop=float(cut.uniform(13, 18)),
        shoulder=13.5,
        slope=1.5,
        armpit=25,
        chest=22,
        waist=20.5,
        hem=21.5,
        length=66,
    )
    return [back_panel(shape), front_panel(shape, rng), neckband(shape, 1.2, "accent"), *armbands(shape, "accent")]


def top(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A camisole on thin straps."""
    length = float(cut.uniform(46, 54))
    bust = trace(
        (0, 15),
        (5, 15, 7, 9, 11, 8),
        (13, 12, 15, 20, 20, 22),
        (19, 32, 18, 36, 18, 40),
        (19, length - 5, 22, length),
        (12, length + 1, 0, length + 1),
    )
    back = symmetric(path("M0 21 L14 21 L19 22 L10 27 L0 27"))
    edge = band(np.concatenate((mirror(bust[:27]), bust[:27])), 1.1)
    front, behind = trace((11.2, 9.4), (9.6, 2, 9.2, -4)), trace((9.2, -4), (10.4, 6, 11.5, 23))
    right = [Layer(band(behind, 0.9), "inside", round_cm=0.5), Layer(band(front, 0.9), "plain", round_cm=0.5)]
    straps = [*right, *(layer.mirrored() for layer in right)]
    folds = tuple(trace((x, 18), (x * 1.1 + rng.normal(0, 1), 30, x * 1.3, length)) for x in (-12, -6, 5, 11))
    return [
        Layer(back, "inside"),
        *straps,
        Layer(symmetric(bust), folds=folds),
        Layer(edge, "plain", round_cm=0.8, shadow=0.2),
    ]


def shirt(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A buttoned shirt with long sleeves."""
    shape = BodyShape(
        sleeve=61, cuff=10.5, spread=15, armpit=21, neck=7.5, neck_drop=6, length=72, dip=5, hem=24, shoulder=22.5
    )
    pockets = [pocket(6.5, 22, 11, 11)] + ([pocket(-17.5, 22, 11, 11)] if cut.random() < 0.5 else [])
    yoke = tuple(trace((-21 * s, 9), (-4 * s, 11)) for s in (-1, 1))
    front = replace(front_panel(shape, rng), seams=yoke)
    ys = [float(y) for y in np.linspace(14, 68, 7)]
    cuffs = both_sleeves(shape, rng, cuff_cm=6, cuff_tone="main")
    return [
        back_panel(shape),
        *cuffs,
        front,
        placket(7, 76),
        *pockets,
        *button_column(0, ys),
        *pointed_collar(shape, tone="main"),
    ]


def polo(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A knit collar, three buttons, short sleeves."""
    shape = BodyShape(neck=7.8, neck_drop=6, sleeve=18, cuff=15, length=float(cut.uniform(66, 71)))
    tone = "accent" if cut.random() < 0.5 else "rib"
    sleeves = both_sleeves(shape, rng, cuff_cm=2.4, cuff_tone=tone)
    return [
        back_panel(shape),
        *sleeves,
        front_panel(shape, rng),
        placket(6, 22, 1.7, "plain"),
        *button_column(0, [10.5, 15, 19.5], 0.6),
        *pointed_collar(shape, reach=7.5, tone=tone),
    ]


def blouse(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """Flowing, with a V neck, wide sleeves and a gathered hem."""
    shape = BodyShape(
        vee=True,
        neck_drop=float(cut.uniform(14, 18)),
        sleeve=float(cut.uniform(30, 42)),
        cuff=17,
        spread=32,
        waist=22,
        hem=28,
        length=62,
        dip=2,
    )
    sleeves = both_sleeves(shape, rng, cuff_cm=3, cuff_tone="plain")
    gathers = tuple(trace((x, 46), (x * 1.1, 54, x * 1.2 + rng.normal(0, 0.6), 63)) for x in np.linspace(-21, 21, 9))
    front = front_panel(shape, rng)
    front = replace(front, folds=front.folds + gathers, seams=(trace((-22, 45), (0, 47, 22, 45)),))
    tie = [Layer(band(trace((0, 16), (3 * s, 22, 5 * s + float(rng.normal()), 33)), 1.6), "plain") for s in (-1, 1)]
    knot = Layer(oval(0, shape.neck_drop + 1, 1.8, 1.4), "plain", round_cm=1)
    return [back_panel(shape), *sleeves, front, neckband(shape, 1.4, "plain"), *tie, knot]


def body(_cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A baby's bodysuit: envelope neck, short sleeves, snaps below."""
    shape = BodyShape(
        neck=8,
        neck_drop=6.5,
        shoulder=15,
        slope=3,
        chest=17,
        armpit=16,
        waist=16.5,
        waist_at=30,
        hem=16,
        length=36,
        sleeve=11,
        cuff=11,
        spread=50,
    )
    lower = trace((16, 36), (15, 41, 8, 42, 6.5, 51), (0, 52))
    outline = symmetric(np.concatenate((shape.neckline(), shape.armhole(), shape.side(), lower)))
    bound = trace((16, 36.4), (15, 41, 8, 42, 6.5, 51))
    edges = [Layer(band(bound, 1.3) * (s, 1.0), "accent", round_cm=0.8, shadow=0.15) for s in (-1, 1)]
    snaps = [p for x in (-4, 0, 4) for p in button_column(x, [50], 0.6, (226, 226, 228))]
    envelope = tuple(trace((7.4 * s, 1), (12 * s, 6, 15.4 * s, 9)) for s in (-1, 1))
    sleeves = both_sleeves(shape, rng, cuff_cm=1.4, cuff_tone="accent")
    return [
        back_panel(shape),
        *sleeves,
        Layer(outline, seams=envelope, folds=drape(shape, rng)),
        neckband(shape, 1.4, "accent"),
        *edges,
        *snaps,
    ]


def printed_body(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """The same with a picture on the chest."""
    return [*body(cut, rng), *(layer.moved(0, 4, scale=0.62) for layer in chest_print(cut))]


def dress(cut: np.random.Generator, rng: np.random.Generator) -> list[Layer]:
    """A fitted bodice and a flared skirt, with or without sleeves."""
    length = float(cut.uniform(88, 104))
    sleeved = cut.random() < 0.55
    shape = BodyShape(
        neck=9 if sleeved else 8,
        neck_drop=float(cut.uniform(9, 14)),
        vee=bool(cut.random() < 0.35),
        shoulder=19 if sleeved else 14,
        slope=4,
        chest=21.5,
        armpit=22,
        waist=17.5,
        waist_at=39,
        hem=17.5,
        length=42,
        sleeve=float(cut.choice([14.0, 22.0, 40.0])),
        cuff=13,
        spread=36,
    )
    flare = float(cut.uniform(30, 40))
    half = trace(
        (0, 40), (17.6, 40), (21, 56, flare, length - 8, flare, length), (flare * 0.5, length + 4, 0, length + 4)
    )
    folds = tuple(
        trace((x * 16, 41), (x * 17, 60, x * flare * 0.95 + rng.normal(0, 1.2), length + 2))
        for x in np.linspace(-0.92, 0.92, 10)
    )
    hem = trace((flare, length - 2.4), (flare * 0.5, length + 1.6, 0, length + 1.6))
    skirt = Layer(symmetric(half), folds=folds, fold_cm=3.2, stitches=(np.concatenate((hem, mirror(hem))),), depth=0.28)
    belt = Layer(rect(-17.9, 39, 17.9, 42.4), "accent" if cut.random() < 0.5 else "plain", round_cm=1.0, shadow=0.4)
    bodice = replace(
        front_panel(shape, rng), stitches=(), seams=tuple(trace((9 * s, 24), (8 * s, 41)) for s in (-1, 1))
    )
    arms = both_sleeves(shape, rng) if sleeved else []
    return [back_panel(shape), *arms, skirt, bodice, belt, neckband(shape, 1.1, "plain")]
