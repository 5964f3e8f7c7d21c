"""Props: things that are not garments, beside an outfit or in a still life."""

from collections.abc import Callable
from typing import Final

import numpy as np

from samples.drawing.cloth import COLOURS, shaded
from samples.drawing.layers import Layer
from samples.drawing.paths import Points, band, oval, path, rect, symmetric, trace, transformed
from samples.drawing.raster import RGB

Prop = Callable[[np.random.Generator], list[Layer]]

GREENS: Final[tuple[RGB, ...]] = ((64, 112, 70), (96, 138, 84), (46, 92, 74), (124, 150, 96))
CERAMICS: Final = ("white", "ecru", "sage", "sky", "terracotta", "blush", "navy", "mustard")
WOOD: Final[RGB] = (176, 132, 90)


def _pick(rng: np.random.Generator, names: tuple[str, ...] = tuple(COLOURS)) -> RGB:
    return COLOURS[names[int(rng.integers(len(names)))]]


def _leaf(length: float, width: float) -> Points:
    return trace(
        (0, 0),
        (width, -length * 0.25, width * 0.8, -length * 0.75, 0, -length),
        (-width * 0.8, -length * 0.75, -width, -length * 0.25, 0, 0),
    )


def _leaves(places: list[tuple[float, float, float, float]], green: RGB) -> list[Layer]:
    """Leaves from ``(x, y, turn, length)``, each with a midrib."""
    return [
        Layer(
            transformed(_leaf(length, length * 0.3), x, y, turn=turn),
            shaded(green, 0.86 + 0.05 * (i % 6)),
            seams=(transformed(trace((0, 0), (0, -length * 0.9)), x, y, turn=turn),),
            round_cm=1.6,
            shadow=0.3,
        )
        for i, (x, y, turn, length) in enumerate(places)
    ]


def sprig(rng: np.random.Generator) -> list[Layer]:
    """A cut branch with leaves, lying flat."""
    green = GREENS[int(rng.integers(len(GREENS)))]
    bend = float(rng.uniform(-6, 6))
    stem = trace((0, 30), (bend, 12, 0, -6))
    places = []
    for i in range(13):
        at = stem[min(len(stem) - 1, 1 + i)]
        places.append((float(at[0]), float(at[1]), (55 - i * 2.5) * (-1) ** i, 9.0 - i * 0.3))
    places.append((float(stem[-1][0]), float(stem[-1][1]), 0.0, 7.0))
    return [Layer(band(stem, 0.6), shaded(green, 0.7), round_cm=0.4), *_leaves(places, green)]


def coffee(rng: np.random.Generator) -> list[Layer]:
    """A cup on its saucer from above."""
    glaze = _pick(rng, CERAMICS)
    handle = band(trace((4.6, -1.2), (8.4, -1.6, 8.4, 1.4, 4.6, 1.4)), 1.1)
    return [
        Layer(oval(0, 0, 8.4), shaded(glaze, 0.96), round_cm=2.0, seams=(oval(0, 0, 5.8),)),
        Layer(handle, glaze, round_cm=0.8, shadow=0.5),
        Layer(oval(0, 0, 5.0), glaze, round_cm=1.0, shadow=0.6),
        Layer(oval(0, 0, 4.3), (96, 60, 38), round_cm=1.2, depth=0.4, shadow=0.0),
        Layer(oval(-0.2, 0.1, 2.8, 2.5), (176, 128, 86), round_cm=1.4, shadow=0.0, depth=0.25),
        Layer(
            transformed(_leaf(3.2, 1.2), 0, 1.6, turn=float(rng.uniform(-40, 40))),
            (232, 208, 176),
            shadow=0.0,
            depth=0.1,
        ),
    ]


def book(rng: np.random.Generator) -> list[Layer]:
    """A closed book with a plain printed cover."""
    cover = _pick(rng)
    ink = shaded(COLOURS["ecru"], 1.0) if sum(cover) < 420 else shaded(cover, 0.45)
    lines = [
        Layer(rect(-4.4, y, 4.4 - d, y + 0.9), ink, shadow=0, depth=0.05)
        for y, d in ((-8, 0.0), (-6.2, 2.6), (8.2, 4.0))
    ]
    disc = Layer(oval(0, 1.4, 3.6), ink, shadow=0, depth=0.05)
    return [
        Layer(rect(-7.2, -10.2, 8.2, 11.4), (236, 230, 216), round_cm=0.6, stitches=(trace((8.0, -9), (8.0, 11)),)),
        Layer(
            rect(-7.6, -11, 7.6, 11),
            cover,
            round_cm=1.0,
            depth=0.12,
            seams=(trace((-6.4, -11), (-6.4, 11)),),
            shadow=0.4,
        ),
        *lines,
        disc,
    ]


def glasses(rng: np.random.Generator) -> list[Layer]:
    """Folded sunglasses."""
    frame = _pick(rng, ("black", "chocolate", "burgundy", "navy"))
    arms = [
        Layer(band(trace((6.8 * s, -1.6), (5.0 * s, -4.6, -3.0 * s, -4.0 - s)), 0.6), frame, round_cm=0.4, shadow=0.4)
        for s in (-1, 1)
    ]
    layers = [*arms]
    for s in (-1, 1):
        layers.append(Layer(oval(3.7 * s, 0, 3.3, 2.9), frame, round_cm=0.6, shadow=0.5))
        layers.append(Layer(oval(3.7 * s, 0, 2.7, 2.3), (66, 62, 64), round_cm=2.4, depth=0.5, shadow=0, gloss=0.6))
    return [*layers, Layer(band(trace((-0.8, -0.8), (0, -1.8, 0.8, -0.8)), 0.7), frame, round_cm=0.3)]


def camera(rng: np.random.Generator) -> list[Layer]:
    """An old film camera."""
    skin = _pick(rng, ("black", "chocolate", "teal", "burgundy"))
    silver = (200, 200, 202)
    rings = ((4.6, (44, 44, 46)), (3.8, (72, 72, 76)), (2.9, (30, 32, 40)), (1.5, (58, 70, 104)))
    return [
        Layer(rect(-5.4, -5.8, -2.4, -3), silver, round_cm=0.8),
        Layer(rect(3.8, -5.6, 6.4, -3), (186, 60, 52), round_cm=0.6),
        Layer(symmetric(path("M0 -7 Q2.4 -7 3 -4.4 Q8 -4.4 8.6 -3 L8.8 5.4 L8 6 L0 6")), silver, round_cm=1.2),
        Layer(rect(-8.6, -2.0, 8.6, 4.4), skin, round_cm=0.8, shadow=0.15),
        *(Layer(oval(0, 1.0, r), tone, round_cm=1.0, depth=0.4, shadow=0.4) for r, tone in rings),
        Layer(oval(-0.9, -0.1, 0.6, 0.45), (210, 220, 236), shadow=0),
    ]


def potted_plant(rng: np.random.Generator) -> list[Layer]:
    """A leafy plant in a pot, seen from the front."""
    glaze, green = _pick(rng, CERAMICS), GREENS[int(rng.integers(len(GREENS)))]
    places = []
    for turn in rng.permutation(np.linspace(-78, 78, 17)):
        places.append((float(turn * 0.03), 0.0, float(turn), float(rng.uniform(19, 31) * (1 - abs(turn) / 300))))
    pot = symmetric(path("M0 0 L9.5 0 Q9.2 10 6.8 17 L0 17.6"))
    rim = symmetric(path("M0 -1.5 L10.2 -1.5 L10.2 1.8 L0 2.2"))
    return [
        *_leaves(places, green),
        Layer(pot, glaze, round_cm=4, depth=0.35),
        Layer(rim, glaze, round_cm=1.2, shadow=0.4),
    ]


def cactus(rng: np.random.Generator) -> list[Layer]:
    """A cactus with two arms in a clay pot."""
    green = GREENS[int(rng.integers(len(GREENS)))]
    body = symmetric(path("M0 -26 Q5 -26 5.4 -18 L5.2 0 L0 1"))
    arm = path("M4 -8 Q10 -8 10.4 -12 L10.4 -17 C10.6 -20 13.4 -20 13.4 -17 C14 -3 10 -3.4 4 -3.6")
    ribs = tuple(trace((x, -24 + abs(x)), (x * 1.1, 0)) for x in (-3.2, -1.1, 1.1, 3.2))
    pot = symmetric(path("M0 0 L9 0 L7 15 L0 15.4"))
    arms = [Layer(transformed(arm * (s, 1.0), 0, -3.0 * (s > 0)), green, round_cm=2.4, depth=0.35) for s in (-1, 1)]
    rim = Layer(rect(-10, -2, 10, 2), COLOURS["terracotta"], round_cm=1.2, shadow=0.4)
    return [
        *arms,
        Layer(body, green, stitches=ribs, round_cm=4, depth=0.4),
        Layer(pot, COLOURS["terracotta"], round_cm=4, depth=0.35),
        rim,
    ]


def mug(rng: np.random.Generator) -> list[Layer]:
    """A striped mug from the side."""
    glaze, stripe = _pick(rng, CERAMICS), _pick(rng)
    handle = path("M6.4 -4 C13.4 -5.4 13.6 6.4 6.2 5.4 L6.2 3.4 C10.6 3.8 10.4 -2.4 6.4 -2")
    cup = symmetric(path("M0 -8 L7 -8 Q7.2 2 6.2 8.4 Q5 9.4 0 9.6"))
    bands = [
        Layer(
            symmetric(trace((0, y), (7.05, y - 0.3), (6.98, y + 1.3), (0, y + 1.8))),
            stripe,
            shadow=0,
            depth=0.3,
            round_cm=3,
        )
        for y in (-3.0, 0.4)
    ]
    return [
        Layer(handle, glaze, round_cm=1.2),
        Layer(cup, glaze, round_cm=5, depth=0.34),
        *bands,
        Layer(oval(0, -8, 7, 1.5), shaded(glaze, 0.8), round_cm=0.8, shadow=0.1),
    ]


def lamp(rng: np.random.Generator) -> list[Layer]:
    """A table lamp with a lit shade."""
    shade_colour, base = _pick(rng, ("ecru", "butter", "blush", "mustard", "white")), _pick(rng)
    vase = symmetric(path("M0 -6 L2 -6 C2 -2 9 2 8.4 11 Q7.6 18 5 20 L0 20.4"))
    shade = symmetric(path("M0 -27 L9 -27 L15 -6 L0 -5"))
    return [
        Layer(rect(-0.8, -10, 0.8, -4), (180, 150, 96), round_cm=0.5),
        Layer(vase, base, round_cm=5, depth=0.4, gloss=0.3),
        Layer(
            shade,
            shaded(shade_colour, 1.12),
            round_cm=6,
            depth=0.25,
            shadow=0.4,
            stitches=(trace((-9, -26), (9, -26)), trace((-14.4, -7), (14.4, -7))),
        ),
    ]


def chair(rng: np.random.Generator) -> list[Layer]:
    """A shell chair on wooden legs."""
    seat = _pick(rng)
    legs = [
        Layer(trace((x0, 28), (x0 + 2, 28), (x1 + 1, 58), (x1, 58)), shaded(WOOD, f), round_cm=0.8)
        for x0, x1, f in ((-11, -15, 0.75), (9, 14, 0.75), (-14, -21, 1.0), (12, 20, 1.0))
    ]
    back = symmetric(path("M0 -22 Q17 -22 18 -14 Q19 4 16 20 L0 22"))
    cushion = symmetric(path("M0 16 Q14 16 19 20 Q22 27 18 30 Q10 32 0 32"))
    return [
        *legs,
        Layer(back, shaded(seat, 0.94), round_cm=8, depth=0.4),
        Layer(cushion, seat, round_cm=5, depth=0.35, shadow=0.45),
    ]


def vase(rng: np.random.Generator) -> list[Layer]:
    """Flowers in a vase."""
    glaze, petal = _pick(rng, CERAMICS), _pick(rng, ("coral", "fuchsia", "butter", "white", "lilac", "red", "mustard"))
    stems: list[Layer] = []
    heads: list[Layer] = []
    for turn in rng.permutation(np.linspace(-32, 32, 7)):
        length = float(rng.uniform(22, 32))
        tip = transformed(np.array([[0.0, -length]]), 0, -6, turn=-float(turn))[0]
        stems.append(Layer(band(trace((0, -2), (tip[0] * 0.2, -length * 0.5, *tip)), 0.6), GREENS[0], round_cm=0.4))
        stems.extend(_leaves([(float(tip[0] * 0.6), float(tip[1] * 0.6), float(turn) + 50, 7.0)], GREENS[1]))
        heads.extend(
            Layer(oval(tip[0] + 2.2 * np.cos(a), tip[1] + 2.2 * np.sin(a), 2.1), petal, round_cm=1.4, shadow=0.25)
            for a in np.arange(6) * np.pi / 3
        )
        heads.append(Layer(oval(tip[0], tip[1], 1.5), (222, 170, 60), round_cm=1.0))
    jar = symmetric(path("M0 -9 L3.4 -9 C3 -4 9.4 0 9 9 Q8.4 15 5 16.4 L0 17"))
    return [*stems, *heads, Layer(jar, glaze, round_cm=5, depth=0.38, gloss=0.3)]


def pear(rng: np.random.Generator) -> list[Layer]:
    """A piece of fruit."""
    skin = _pick(rng, ("olive", "mustard", "red", "butter", "coral"))
    shape = symmetric(path("M0 -9 Q3.4 -9 3.6 -4 C4.6 0 7.4 2 7.2 6.6 Q6.6 11.6 0 11"))
    stem = Layer(band(trace((0, -8.4), (0.4, -11, 2, -12)), 0.7), COLOURS["chocolate"], round_cm=0.3)
    return [stem, Layer(shape, skin, round_cm=5, depth=0.42, gloss=0.3), *_leaves([(0.6, -9.0, -60.0, 6.0)], GREENS[1])]


FLAT: Final[tuple[Prop, ...]] = (sprig, coffee, book, glasses, camera)
"""Seen from above: they may lie beside garments."""

SMALL: Final[tuple[Prop, ...]] = (potted_plant, cactus, mug, lamp, vase, pear)
"""Seen from the front: they may stand on a table."""
