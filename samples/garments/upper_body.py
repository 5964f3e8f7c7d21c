"""What garments for the upper body have in common: a body, sleeves, collars, pockets, buttons, prints."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from samples.drawing.cloth import shaded
from samples.drawing.layers import Layer
from samples.drawing.paths import Points, band, mirror, oval, part, rect, symmetric, trace, transformed
from samples.drawing.raster import RGB

BUTTON: Final[RGB] = (228, 222, 208)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyShape:
    """Half measures of a body, in centimetres from the middle of the shoulders."""

    neck: float = 8.5
    neck_drop: float = 9.0
    vee: bool = False
    shoulder: float = 22.0
    slope: float = 5.0
    chest: float = 25.0
    armpit: float = 23.0
    waist: float = 24.0
    waist_at: float = 44.0
    hem: float = 25.0
    length: float = 68.0
    dip: float = 1.0
    sleeve: float = 19.0
    cuff: float = 17.0
    spread: float = 48.0

    def neckline(self) -> Points:
        """The front neckline, from the middle to the right shoulder."""
        if self.vee:
            return trace((0, self.neck_drop), (self.neck * 0.45, self.neck_drop * 0.42, self.neck, 0))
        return trace(
            (0, self.neck_drop),
            (self.neck * 0.72, self.neck_drop, self.neck * 0.86, self.neck_drop * 0.35, self.neck, 0),
        )

    def armhole(self) -> Points:
        """From the shoulder's end down to the armpit."""
        s, a = self.shoulder, self.armpit
        return trace((s, self.slope), (s - 2.5, a * 0.55, s - 1.5, a - 3, self.chest, a))

    def side(self) -> Points:
        """From the armpit to the hem's end."""
        low = self.waist_at + (self.length - self.waist_at) * 0.5
        return trace(
            (self.chest, self.armpit),
            (self.chest - 0.5, self.armpit + 8, self.waist, self.waist_at - 8, self.waist, self.waist_at),
            (self.waist, low, self.hem, self.length - 6, self.hem, self.length),
        )

    def hemline(self) -> Points:
        """From the hem's right end to its middle."""
        return trace((self.hem, self.length), (self.hem * 0.6, self.length + self.dip, 0, self.length + self.dip))

    def outline(self) -> Points:
        """The whole front."""
        return symmetric(np.concatenate((self.neckline(), self.armhole(), self.side(), self.hemline())))

    def collar_line(self) -> Points:
        """The whole front neckline, from the left shoulder to the right."""
        right = self.neckline()
        return np.concatenate((mirror(right), right))


def back_panel(shape: BodyShape) -> Layer:
    """The inside of the back, seen through the neck opening."""
    opening = trace((0, 2.0), (shape.neck * 0.7, 1.8, shape.neck, -0.4))
    front = trace((shape.neck + 1, 1), (shape.neck * 0.8, shape.neck_drop + 4, 0, shape.neck_drop + 5))
    label = trace((-2.2, 2.4), (2.2, 2.4))
    return Layer(symmetric(np.concatenate((opening, front))), "inside", seams=(label,), depth=0.3)


def front_panel(shape: BodyShape, rng: np.random.Generator) -> Layer:
    """The front with a stitched hem."""
    hem = np.concatenate((shape.hemline(), mirror(shape.hemline()))) - (0, 2.0)
    return Layer(shape.outline(), stitches=(hem * (0.97, 1.0),), folds=drape(shape, rng), depth=0.26)


def drape(shape: BodyShape, rng: np.random.Generator) -> tuple[Points, ...]:
    """Folds that run from the armpits and along the sides, as cloth falls when it is laid down."""
    folds = []
    for side in (-1, 1):
        for _ in range(2):
            y, reach = shape.armpit + rng.uniform(-2, 8), rng.uniform(6, 14)
            fold = trace(
                (shape.chest - 2, y), (shape.chest - reach * 0.6, y + reach * 0.4, shape.chest - reach, y + reach * 1.4)
            )
            folds.append(fold * (side, 1.0))
        y = shape.waist_at + rng.uniform(-6, 6)
        fold = trace((shape.waist - 1, y), (shape.waist * 0.6, y + 2, shape.waist * 0.45, y - rng.uniform(-5, 5)))
        folds.append(fold * (side, 1.0))
    return tuple(folds)


def _sleeve_corners(shape: BodyShape) -> tuple[Points, Points, Points]:
    """Outer and inner end of the right cuff, and the direction the sleeve runs in."""
    angle = np.deg2rad(shape.spread)
    along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([-np.cos(angle), np.sin(angle)])
    outer = np.array([shape.shoulder, shape.slope]) + along * shape.sleeve
    return outer, outer + across * shape.cuff, along


def both_sleeves(
    shape: BodyShape, rng: np.random.Generator, *, cuff_cm: float = 0.0, cuff_tone: str = "rib"
) -> list[Layer]:
    """Both sleeves, and their cuffs if ``cuff_cm`` is not 0."""
    layers = []
    for side in ("left", "right"):
        leaning = replace(shape, spread=shape.spread + rng.uniform(-4, 6))
        outer, inner, along = _sleeve_corners(leaning)
        top, pit = np.array([shape.shoulder, shape.slope]), np.array([shape.chest, shape.armpit])
        round_off = top + (top - (shape.neck, 0)) / (shape.shoulder - shape.neck) * min(7.0, shape.sleeve * 0.3)
        bend = pit * 0.62 + inner * 0.38 + (0.2, 0.6)
        upper = trace(tuple(top), (*round_off, *(outer - along * shape.sleeve * 0.55), *outer))
        lower = trace(tuple(inner), (*bend, *pit))
        hem = np.stack((part(upper, -2.0, -1.9)[0], part(lower, 1.9, 2.0)[1]))
        sleeve = Layer(
            np.concatenate((top[None] - (5, 0.5), upper, lower, pit[None] - (6, 1))),
            grain=-leaning.spread * 0.85,
            folds=_elbow(leaning, rng) if shape.sleeve > 30 else (),
            stitches=() if cuff_cm else (hem,),
        )
        band_of_cuff = np.concatenate((part(upper, -cuff_cm - 0.01, -0.01), part(lower, 0.01, cuff_cm + 0.01)))
        cuff = Layer(band_of_cuff, cuff_tone, grain=-leaning.spread, shadow=0.2, round_cm=1.4)
        arm = [sleeve, cuff] if cuff_cm else [sleeve]
        layers += arm if side == "right" else [layer.mirrored() for layer in arm]
    return layers


def _elbow(shape: BodyShape, rng: np.random.Generator) -> tuple[Points, ...]:
    """Short folds across the sleeve where the arm would bend."""
    outer, inner, along = _sleeve_corners(shape)
    folds = []
    for back in rng.uniform(0.2, 0.7, 5):
        start, end = (
            outer - along * shape.sleeve * back,
            inner - along * shape.sleeve * (back + rng.uniform(-0.08, 0.08)),
        )
        across = end - start
        a, b = sorted(rng.uniform(0.0, 1.0, 2))
        folds.append(
            np.stack((start + across * a, start + across * (a * 0.3 + b * 0.7), start + across * b))
            + rng.normal(0, 0.4, (3, 2))
        )
    return tuple(folds)


def neckband(shape: BodyShape, width: float = 2.0, tone: str = "rib") -> Layer:
    """The band around the neck opening."""
    line = shape.collar_line()
    return Layer(band(line, width), tone, stitches=(band(line, width + 0.6)[len(line) :],), shadow=0.2, round_cm=1.0)


def armbands(shape: BodyShape, tone: str) -> list[Layer]:
    """Bindings around the armholes of something without sleeves."""
    edge = band(shape.armhole(), 1.1)
    return [Layer(edge * (side, 1.0), tone, shadow=0.15, round_cm=0.8) for side in (-1, 1)]


def button_column(x: float, ys: list[float], radius: float = 0.75, colour: RGB = BUTTON) -> list[Layer]:
    """A column of buttons with two holes each."""
    return [
        Layer(oval(x + dx, y + dy, r), tone, round_cm=0.5, depth=0.3, shadow=shadow)
        for y in ys
        for r, tone, shadow, dx, dy in (
            (radius, colour, 0.6, 0, 0),
            (radius * 0.16, shaded(colour, 0.4), 0, -radius * 0.3, 0),
            (radius * 0.16, shaded(colour, 0.4), 0, radius * 0.3, 0),
        )
    ]


def pocket(x: float, y: float, width: float, height: float, *, tone: str = "main", pointed: float = 1.5) -> Layer:
    """A patch pocket from its upper left corner, with a hem and stitches; ``pointed`` is the depth of its tip."""
    outline = trace(
        (x, y), (x + width, y), (x + width, y + height), (x + width / 2, y + height + pointed), (x, y + height)
    )
    inner = outline * 1.0
    inner[1:3, 0] -= 0.6
    inner[[0, -1], 0] += 0.6
    hem = trace((x, y + 1.8), (x + width, y + 1.8))
    return Layer(outline, tone, seams=(hem,), stitches=(inner[1:],), shadow=0.22, round_cm=0.8, depth=0.12)


def pointed_collar(shape: BodyShape, *, reach: float = 8.0, tone: str = "plain") -> list[Layer]:
    """The stand behind the neck and two pointed leaves."""
    neck, drop = shape.neck, shape.neck_drop
    stand = symmetric(trace((0, -2.6), (neck * 0.7, -2.6, neck + 0.6, 0.4), (neck - 1, 3.4), (neck * 0.5, 1.2, 0, 1.2)))
    leaf = trace(
        (0.3, drop + 0.4),
        (neck * 0.6, drop * 0.35, neck - 1.4, -2.2),
        (neck + 1.6, -0.6, neck + 2.2, 2.2),
        (reach, drop + 4.5),
        (reach * 0.5, drop + 2.2, 0.3, drop + 0.4),
    )
    inner = leaf[::-1] * 0.93 + np.array([0.35, 0.3])
    leaves = [
        Layer(leaf * (side, 1.0), tone, stitches=(inner * (side, 1.0),), round_cm=1.2, shadow=0.4) for side in (-1, 1)
    ]
    return [Layer(stand, "inside", round_cm=1.5), *leaves]


def placket(y0: float, y1: float, half: float = 1.6, tone: str = "main") -> Layer:
    """The strip that carries the buttons, on the middle line."""
    edges = tuple(trace((x, y0), (x, y1)) for x in (-half + 0.4, half - 0.4))
    return Layer(rect(-half, y0, half, y1), tone, stitches=edges, shadow=0.28, round_cm=0.8, depth=0.1)


def chest_print(rng: np.random.Generator, y: float = 27.0) -> list[Layer]:
    """A picture on the chest: a sun over hills, a heart, rings, or bold stripes."""
    x = 0.0
    sun, hill = (
        oval(x, y, 8.0),
        trace((-8, y + 3), (-4, y - 3, 0, y + 2), (4, y - 1, 8, y + 3), (4, y + 8, 0, y + 8), (-5, y + 7.5, -8, y + 3)),
    )
    heart = symmetric(trace((0, y - 4), (2, y - 9, 9, y - 9, 9, y - 2), (8.5, y + 4, 0, y + 9)))
    choices: list[list[tuple[Points, str]]] = [
        [(sun, "accent"), (hill, "second")],
        [(heart, "accent")],
        [(oval(x - 4, y, 5.5), "accent"), (oval(x + 4, y, 5.5), "second")],
        [(rect(-11, y - 5 + 4 * i, 11, y - 2.6 + 4 * i), "accent" if i % 2 else "second") for i in range(3)],
        [
            (transformed(trace((0, -1), (3, -7, 0, -12), (-3, -7, 0, -1)), x, y + 3, turn=turn), "accent")
            for turn in (-70, -35, 0, 35, 70)
        ],
    ]
    chosen = choices[int(rng.integers(len(choices)))]
    return [Layer(outline, tone, depth=0.05, shadow=0.0) for outline, tone in chosen]


def lapels(depth: float, reach: float) -> list[Layer]:
    """Two lapels and a collar, notched where they meet."""
    layers = []
    for side in (-1, 1):
        lapel = trace(
            (0.8, depth),
            (reach * 0.95, depth * 0.42),
            (reach, depth * 0.2),
            (9, 5),
            (7.2, 2),
            (5, depth * 0.45, 0.8, depth),
        )
        collar = trace((7.2, 2.4), (10.4, 7), (reach - 1.5, depth * 0.17), (12, 0.5, 8.6, -2.4), (6.4, -1.4, 7.2, 2.4))
        for outline in (lapel, collar):
            layers.append(
                Layer(
                    outline * (side, 1.0),
                    "plain",
                    round_cm=1.2,
                    shadow=0.45,
                    stitches=(outline * (side * 0.95, 0.985),),
                )
            )
    return layers


def open_front(shape: BodyShape, depth: float) -> list[Layer]:
    """The lining behind a deep neck, and the edge where the fronts overlap."""
    lining = symmetric(trace((0, -2.4), (8, -2.4), (9, 4), (4, depth), (0, depth + 3)))
    return [Layer(lining, "second", depth=0.4, seams=(trace((-2.5, 2), (2.5, 2)),)), _edge(shape, depth)]


def _edge(shape: BodyShape, depth: float) -> Layer:
    line = trace((0.6, depth), (0.8, shape.length))
    return Layer(band(line, -0.5), "inside", shadow=0.35, round_cm=0.3)
