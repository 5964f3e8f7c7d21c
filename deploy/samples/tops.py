"""Cutting patterns for what is worn above the waist, and dresses: a body, two sleeves, and what is sewn on."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from deploy.samples.cloth import shaded
from deploy.samples.paths import Points, band, mirror, moved, oval, part, rect, trace, whole
from deploy.samples.pieces import Piece
from deploy.samples.raster import RGB

BUTTON: Final[RGB] = (228, 222, 208)
METAL: Final[RGB] = (176, 176, 180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Half measures of a body, in centimetres from the middle of the shoulders: the tailor's sloper."""

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
        return whole(np.concatenate((self.neckline(), self.armhole(), self.side(), self.hemline())))

    def collar_line(self) -> Points:
        """The whole front neckline, from the left shoulder to the right."""
        right = self.neckline()
        return np.concatenate((mirror(right), right))


def _back(block: Block) -> Piece:
    """The inside of the back, seen through the neck opening."""
    opening = trace((0, 2.0), (block.neck * 0.7, 1.8, block.neck, -0.4))
    front = trace((block.neck + 1, 1), (block.neck * 0.8, block.neck_drop + 4, 0, block.neck_drop + 5))
    label = trace((-2.2, 2.4), (2.2, 2.4))
    return Piece(outline=whole(np.concatenate((opening, front))), tone="inside", seams=(label,), depth=0.3)


def _front(block: Block, rng: np.random.Generator) -> Piece:
    hem = np.concatenate((block.hemline(), mirror(block.hemline()))) - (0, 2.0)
    return Piece(outline=block.outline(), stitches=(hem * (0.97, 1.0),), folds=_drape(block, rng), depth=0.26)


def _drape(block: Block, rng: np.random.Generator) -> tuple[Points, ...]:
    """Folds that run from the armpits and along the sides, as cloth falls when it is laid down."""
    folds = []
    for side in (-1, 1):
        for _ in range(2):
            y, reach = block.armpit + rng.uniform(-2, 8), rng.uniform(6, 14)
            fold = trace(
                (block.chest - 2, y), (block.chest - reach * 0.6, y + reach * 0.4, block.chest - reach, y + reach * 1.4)
            )
            folds.append(fold * (side, 1.0))
        y = block.waist_at + rng.uniform(-6, 6)
        fold = trace((block.waist - 1, y), (block.waist * 0.6, y + 2, block.waist * 0.45, y - rng.uniform(-5, 5)))
        folds.append(fold * (side, 1.0))
    return tuple(folds)


def _sleeve_corners(block: Block) -> tuple[Points, Points, Points]:
    """Outer and inner end of the right cuff, and the direction the sleeve runs in."""
    angle = np.deg2rad(block.spread)
    along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([-np.cos(angle), np.sin(angle)])
    outer = np.array([block.shoulder, block.slope]) + along * block.sleeve
    return outer, outer + across * block.cuff, along


def _sleeves(block: Block, rng: np.random.Generator, *, cuff_cm: float = 0.0, cuff_tone: str = "rib") -> list[Piece]:
    """Both sleeves, and their cuffs if ``cuff_cm`` is more than nothing."""
    pieces = []
    for side in ("left", "right"):
        leaning = replace(block, spread=block.spread + rng.uniform(-4, 6))
        outer, inner, along = _sleeve_corners(leaning)
        top, pit = np.array([block.shoulder, block.slope]), np.array([block.chest, block.armpit])
        round_off = top + (top - (block.neck, 0)) / (block.shoulder - block.neck) * min(7.0, block.sleeve * 0.3)
        bend = pit * 0.62 + inner * 0.38 + (0.2, 0.6)
        upper = trace(tuple(top), (*round_off, *(outer - along * block.sleeve * 0.55), *outer))
        lower = trace(tuple(inner), (*bend, *pit))
        hem = np.stack((part(upper, -2.0, -1.9)[0], part(lower, 1.9, 2.0)[1]))
        sleeve = Piece(
            outline=np.concatenate((top[None] - (5, 0.5), upper, lower, pit[None] - (6, 1))),
            grain=-leaning.spread * 0.85,
            folds=_elbow(leaning, rng) if block.sleeve > 30 else (),
            stitches=() if cuff_cm else (hem,),
        )
        band_of_cuff = np.concatenate((part(upper, -cuff_cm - 0.01, -0.01), part(lower, 0.01, cuff_cm + 0.01)))
        cuff = Piece(outline=band_of_cuff, tone=cuff_tone, grain=-leaning.spread, shadow=0.2, round_cm=1.4)
        arm = [sleeve, cuff] if cuff_cm else [sleeve]
        pieces += arm if side == "right" else [piece.flipped() for piece in arm]
    return pieces


def _elbow(block: Block, rng: np.random.Generator) -> tuple[Points, ...]:
    """Short folds across the sleeve where the arm would bend."""
    outer, inner, along = _sleeve_corners(block)
    folds = []
    for back in rng.uniform(0.2, 0.7, 5):
        start, end = (
            outer - along * block.sleeve * back,
            inner - along * block.sleeve * (back + rng.uniform(-0.08, 0.08)),
        )
        across = end - start
        a, b = sorted(rng.uniform(0.0, 1.0, 2))
        folds.append(
            np.stack((start + across * a, start + across * (a * 0.3 + b * 0.7), start + across * b))
            + rng.normal(0, 0.4, (3, 2))
        )
    return tuple(folds)


def _neckband(block: Block, width: float = 2.0, tone: str = "rib") -> Piece:
    line = block.collar_line()
    return Piece(
        outline=band(line, width), tone=tone, stitches=(band(line, width + 0.6)[len(line) :],), shadow=0.2, round_cm=1.0
    )


def _armbands(block: Block, tone: str) -> list[Piece]:
    edge = band(block.armhole(), 1.1)
    return [Piece(outline=edge * (side, 1.0), tone=tone, shadow=0.15, round_cm=0.8) for side in (-1, 1)]


def _buttons(x: float, ys: list[float], radius: float = 0.75, colour: RGB = BUTTON) -> list[Piece]:
    return [
        Piece(outline=oval(x + dx, y + dy, r), tone=tone, round_cm=0.5, depth=0.3, shadow=shadow)
        for y in ys
        for r, tone, shadow, dx, dy in (
            (radius, colour, 0.6, 0, 0),
            (radius * 0.16, shaded(colour, 0.4), 0, -radius * 0.3, 0),
            (radius * 0.16, shaded(colour, 0.4), 0, radius * 0.3, 0),
        )
    ]


def _pocket(x: float, y: float, width: float, height: float, *, tone: str = "main", pointed: float = 1.5) -> Piece:
    outline = trace(
        (x, y), (x + width, y), (x + width, y + height), (x + width / 2, y + height + pointed), (x, y + height)
    )
    inner = outline * 1.0
    inner[1:3, 0] -= 0.6
    inner[[0, -1], 0] += 0.6
    hem = trace((x, y + 1.8), (x + width, y + 1.8))
    return Piece(outline=outline, tone=tone, seams=(hem,), stitches=(inner[1:],), shadow=0.22, round_cm=0.8, depth=0.12)


def _leaf_collar(block: Block, *, reach: float = 8.0, tone: str = "plain") -> list[Piece]:
    """The stand behind the neck and two pointed leaves."""
    neck, drop = block.neck, block.neck_drop
    stand = whole(trace((0, -2.6), (neck * 0.7, -2.6, neck + 0.6, 0.4), (neck - 1, 3.4), (neck * 0.5, 1.2, 0, 1.2)))
    leaf = trace(
        (0.3, drop + 0.4),
        (neck * 0.6, drop * 0.35, neck - 1.4, -2.2),
        (neck + 1.6, -0.6, neck + 2.2, 2.2),
        (reach, drop + 4.5),
        (reach * 0.5, drop + 2.2, 0.3, drop + 0.4),
    )
    inner = leaf[::-1] * 0.93 + np.array([0.35, 0.3])
    leaves = [
        Piece(outline=leaf * (side, 1.0), tone=tone, stitches=(inner * (side, 1.0),), round_cm=1.2, shadow=0.4)
        for side in (-1, 1)
    ]
    return [Piece(outline=stand, tone="inside", round_cm=1.5), *leaves]


def _placket(y0: float, y1: float, half: float = 1.6, tone: str = "main") -> Piece:
    edges = tuple(trace((x, y0), (x, y1)) for x in (-half + 0.4, half - 0.4))
    return Piece(outline=rect(-half, y0, half, y1), tone=tone, stitches=edges, shadow=0.28, round_cm=0.8, depth=0.1)


def _print(rng: np.random.Generator, y: float = 27.0) -> list[Piece]:
    """A picture on the chest: a sun over hills, a heart, rings, or bold stripes."""
    x = 0.0
    sun, hill = (
        oval(x, y, 8.0),
        trace((-8, y + 3), (-4, y - 3, 0, y + 2), (4, y - 1, 8, y + 3), (4, y + 8, 0, y + 8), (-5, y + 7.5, -8, y + 3)),
    )
    heart = whole(trace((0, y - 4), (2, y - 9, 9, y - 9, 9, y - 2), (8.5, y + 4, 0, y + 9)))
    choices: list[list[tuple[Points, str]]] = [
        [(sun, "accent"), (hill, "second")],
        [(heart, "accent")],
        [(oval(x - 4, y, 5.5), "accent"), (oval(x + 4, y, 5.5), "second")],
        [(rect(-11, y - 5 + 4 * i, 11, y - 2.6 + 4 * i), "accent" if i % 2 else "second") for i in range(3)],
        [
            (moved(trace((0, -1), (3, -7, 0, -12), (-3, -7, 0, -1)), x, y + 3, turn=turn), "accent")
            for turn in (-70, -35, 0, 35, 70)
        ],
    ]
    chosen = choices[int(rng.integers(len(choices)))]
    return [Piece(outline=outline, tone=tone, depth=0.05, shadow=0.0) for outline, tone in chosen]


def t_shirt(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """Crew or V neck, plain, printed or with a pocket."""
    block = Block(vee=bool(cut.random() < 0.25), neck_drop=float(cut.uniform(8, 11)), length=float(cut.uniform(64, 72)))
    style = cut.random()
    extra = _print(cut) if style < 0.5 else [_pocket(6, 22, 10, 11)] if style < 0.7 else []
    return [_back(block), *_sleeves(block, lie), _front(block, lie), _neckband(block), *extra]


def longsleeve(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A sweater: ribs at neck, cuffs and hem."""
    block = Block(
        sleeve=62, cuff=10, spread=17, armpit=21, length=float(cut.uniform(62, 68)), neck_drop=float(cut.uniform(7, 10))
    )
    front = replace(_front(block, lie), stitches=())
    hem = whole(np.concatenate((trace((0, block.length - 5), (block.hem, block.length - 6)), block.hemline())))
    high = cut.random() < 0.3
    roll = whole(trace((0, -6), (7, -6, 8, -5), (9.5, 0, 9, 3), (4, 6, 0, 6)))
    collar = (
        [Piece(outline=roll, tone="rib", folds=(trace((-8, 0), (0, 2, 8, 0)),))] if high else [_neckband(block, 2.6)]
    )
    ribs = Piece(outline=hem, tone="rib", shadow=0.15, round_cm=1.2)
    return [_back(block), *_sleeves(block, lie, cuff_cm=6), front, ribs, *collar]


def undershirt(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A tank top with bound edges."""
    block = Block(
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
    return [_back(block), _front(block, lie), _neckband(block, 1.2, "accent"), *_armbands(block, "accent")]


def top(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
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
    back = whole(trace((0, 21), (14, 21), (19, 22), (10, 27), (0, 27)))
    edge = band(np.concatenate((mirror(bust[:27]), bust[:27])), 1.1)
    front, behind = trace((11.2, 9.4), (9.6, 2, 9.2, -4)), trace((9.2, -4), (10.4, 6, 11.5, 23))
    right = [
        Piece(outline=band(behind, 0.9), tone="inside", round_cm=0.5),
        Piece(outline=band(front, 0.9), tone="plain", round_cm=0.5),
    ]
    straps = [*right, *(piece.flipped() for piece in right)]
    folds = tuple(trace((x, 18), (x * 1.1 + lie.normal(0, 1), 30, x * 1.3, length)) for x in (-12, -6, 5, 11))
    return [
        Piece(outline=back, tone="inside"),
        *straps,
        Piece(outline=whole(bust), folds=folds),
        Piece(outline=edge, tone="plain", round_cm=0.8, shadow=0.2),
    ]


def shirt(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A buttoned shirt with long sleeves."""
    block = Block(
        sleeve=61, cuff=10.5, spread=15, armpit=21, neck=7.5, neck_drop=6, length=72, dip=5, hem=24, shoulder=22.5
    )
    pockets = [_pocket(6.5, 22, 11, 11)] + ([_pocket(-17.5, 22, 11, 11)] if cut.random() < 0.5 else [])
    yoke = tuple(trace((-21 * s, 9), (-4 * s, 11)) for s in (-1, 1))
    front = replace(_front(block, lie), seams=yoke)
    ys = [float(y) for y in np.linspace(14, 68, 7)]
    cuffs = _sleeves(block, lie, cuff_cm=6, cuff_tone="main")
    return [_back(block), *cuffs, front, _placket(7, 76), *pockets, *_buttons(0, ys), *_leaf_collar(block, tone="main")]


def polo(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A knit collar, three buttons, short sleeves."""
    block = Block(neck=7.8, neck_drop=6, sleeve=18, cuff=15, length=float(cut.uniform(66, 71)))
    tone = "accent" if cut.random() < 0.5 else "rib"
    sleeves = _sleeves(block, lie, cuff_cm=2.4, cuff_tone=tone)
    return [
        _back(block),
        *sleeves,
        _front(block, lie),
        _placket(6, 22, 1.7, "plain"),
        *_buttons(0, [10.5, 15, 19.5], 0.6),
        *_leaf_collar(block, reach=7.5, tone=tone),
    ]


def blouse(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """Flowing, with a V neck, wide sleeves and a gathered hem."""
    block = Block(
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
    sleeves = _sleeves(block, lie, cuff_cm=3, cuff_tone="plain")
    gathers = tuple(trace((x, 46), (x * 1.1, 54, x * 1.2 + lie.normal(0, 0.6), 63)) for x in np.linspace(-21, 21, 9))
    front = _front(block, lie)
    front = replace(front, folds=front.folds + gathers, seams=(trace((-22, 45), (0, 47, 22, 45)),))
    tie = [
        Piece(outline=band(trace((0, 16), (3 * s, 22, 5 * s + float(lie.normal()), 33)), 1.6), tone="plain")
        for s in (-1, 1)
    ]
    knot = Piece(outline=oval(0, block.neck_drop + 1, 1.8, 1.4), tone="plain", round_cm=1)
    return [_back(block), *sleeves, front, _neckband(block, 1.4, "plain"), *tie, knot]


def hoodie(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A hood laid flat above the neck, a pouch, cords, ribs."""
    block = Block(
        sleeve=63, cuff=11.5, spread=16, shoulder=24, chest=28, waist=28, hem=26, length=66, neck=8, neck_drop=9
    )
    hood = whole(trace((0, -21), (12, -21, 16, -12, 15, -4), (14, 4, 9, 9, 4, 12), (0, 12)))
    opening = whole(trace((0, -15), (8, -15, 10.5, -8, 10, -2), (9, 6, 4, 9, 0, 10.5)))
    pouch = whole(trace((0, 42), (9, 42), (16, 54, 16, 60), (0, 60)))
    hem = whole(np.concatenate((trace((0, 60), (block.hem + 1.4, 60)), block.hemline())))
    cords = [
        Piece(
            outline=band(trace((4 * s, 9), (4.5 * s, 16, 3.6 * s + float(lie.normal(0, 0.6)), 25)), 0.8),
            tone="accent",
            round_cm=0.5,
        )
        for s in (-1, 1)
    ]
    zipped = (
        [Piece(outline=rect(-0.7, 10, 0.7, 66), tone=METAL, round_cm=0.4)]
        if cut.random() < 0.4
        else _print(cut, 32.0)
        if cut.random() < 0.5
        else []
    )
    return [
        *_sleeves(block, lie, cuff_cm=6.5),
        replace(_front(block, lie), stitches=()),
        Piece(outline=pouch, stitches=(pouch * (0.95, 1.0),), shadow=0.4, round_cm=1.6),
        Piece(outline=hem, tone="rib", shadow=0.15, round_cm=1.2),
        *zipped,
        Piece(
            outline=hood,
            folds=(trace((-12, -8), (-9, 2, -4, 9)), trace((12, -8), (9, 2, 4, 9))),
            round_cm=4,
            shadow=0.4,
        ),
        Piece(outline=opening, tone="inside", round_cm=4, depth=0.5, shadow=0.2, seams=(trace((0, -15), (0, 6)),)),
        *cords,
    ]


def outwear(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A quilted jacket, or a buttoned coat."""
    return _puffer(lie) if cut.random() < 0.55 else _coat(lie)


def _puffer(lie: np.random.Generator) -> list[Piece]:
    block = Block(
        sleeve=62, cuff=13.5, spread=15, shoulder=24, chest=29, waist=28, hem=28, length=68, neck=8, neck_drop=6
    )
    quilts = tuple(trace((-30, y), (0, y + 1.2, 30, y)) for y in range(12, 66, 8))
    body = replace(
        _front(block, lie), stitches=(), seams=quilts, folds=tuple(q - (0, 2.2) for q in quilts), fold_cm=4.0, gloss=0.5
    )
    sleeves = []
    for piece in _sleeves(block, lie, cuff_cm=4):
        middle = piece.outline.mean(axis=0)
        rings = tuple(
            middle + np.array([[-14, d + 2 * np.sign(middle[0])], [14, d - 2 * np.sign(middle[0])]])
            for d in range(-24, 32, 8)
        )
        sleeves.append(
            piece
            if piece.tone == "rib"
            else replace(piece, seams=rings, folds=tuple(r - (0, 2.2) for r in rings), fold_cm=4.0, gloss=0.5)
        )
    collar = whole(trace((0, -5), (8, -5, 9, -3), (10.5, 4, 9, 10), (4, 11, 0, 11)))
    zipper = [
        Piece(outline=rect(-0.9, -3, 0.9, 68), tone=METAL, round_cm=0.4, shadow=0.4),
        Piece(outline=rect(-0.6, 4, 0.6, 9), tone=METAL, round_cm=0.5),
    ]
    pockets = [
        Piece(outline=band(trace((12 * s, 44), (17 * s, 56)), 1.0), tone="inside", round_cm=0.4) for s in (-1, 1)
    ]
    return [
        *sleeves,
        body,
        Piece(outline=collar, folds=(trace((-9, 3), (0, 4, 9, 3)),), fold_cm=4, gloss=0.5),
        *pockets,
        *zipper,
    ]


def _lapels(depth: float, reach: float) -> list[Piece]:
    """Two lapels and a collar, notched where they meet."""
    pieces = []
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
            pieces.append(
                Piece(
                    outline=outline * (side, 1.0),
                    tone="plain",
                    round_cm=1.2,
                    shadow=0.45,
                    stitches=(outline * (side * 0.95, 0.985),),
                )
            )
    return pieces


def _open_front(block: Block, depth: float) -> list[Piece]:
    """The lining behind a deep neck, and the edge where the fronts overlap."""
    lining = whole(trace((0, -2.4), (8, -2.4), (9, 4), (4, depth), (0, depth + 3)))
    return [Piece(outline=lining, tone="second", depth=0.4, seams=(trace((-2.5, 2), (2.5, 2)),)), _edge(block, depth)]


def _edge(block: Block, depth: float) -> Piece:
    line = trace((0.6, depth), (0.8, block.length))
    return Piece(outline=band(line, -0.5), tone="inside", shadow=0.35, round_cm=0.3)


def _coat(lie: np.random.Generator) -> list[Piece]:
    block = Block(
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
    front = replace(_front(block, lie), stitches=())
    flaps = [_pocket(s * 15 - 6, 60, 12, 4, pointed=0.2) for s in (-1, 1)]
    lining, edge = _open_front(block, 30)
    buttons = [b for x in (-5, 5) for b in _buttons(x, [36, 48, 60], 1.3, (58, 48, 42))]
    return [
        lining,
        *_sleeves(block, lie, cuff_cm=3, cuff_tone="plain"),
        front,
        edge,
        *flaps,
        *buttons,
        *_lapels(32, 17),
    ]


def blazer(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """Notched lapels, one or two buttons, cutaway fronts."""
    depth = float(cut.uniform(32, 40))
    block = Block(
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
    lining, edge = _open_front(block, depth - 2)
    flaps = [_pocket(s * 14 - 6.5, 50, 13, 4.5, pointed=0.2) for s in (-1, 1)]
    breast = Piece(outline=rect(8.5, 27, 17, 29.4), tone="main", shadow=0.3, round_cm=0.5)
    buttons = _buttons(0, [depth + 3, depth + 13], 1.0, (52, 44, 40))
    notch = Piece(
        outline=whole(trace((0, 60), (1, 63, 5, block.length + 4.5), (0, block.length + 4.5))),
        tone="second",
        depth=0.5,
        shadow=0,
    )
    darts = tuple(trace((11 * s, 30), (10.5 * s, 50)) for s in (-1, 1))
    front = replace(_front(block, lie), stitches=(), seams=darts)
    return [lining, *_sleeves(block, lie), front, notch, edge, *flaps, breast, *buttons, *_lapels(depth, 16)]


def body(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A baby's bodysuit: envelope neck, short sleeves, snaps below."""
    block = Block(
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
    outline = whole(np.concatenate((block.neckline(), block.armhole(), block.side(), lower)))
    bound = trace((16, 36.4), (15, 41, 8, 42, 6.5, 51))
    edges = [Piece(outline=band(bound, 1.3) * (s, 1.0), tone="accent", round_cm=0.8, shadow=0.15) for s in (-1, 1)]
    snaps = [p for x in (-4, 0, 4) for p in _buttons(x, [50], 0.6, (226, 226, 228))]
    envelope = tuple(trace((7.4 * s, 1), (12 * s, 6, 15.4 * s, 9)) for s in (-1, 1))
    picture = [replace(p, outline=p.outline * 0.62 + (0, 4)) for p in _print(cut)] if cut.random() < 0.6 else []
    sleeves = _sleeves(block, lie, cuff_cm=1.4, cuff_tone="accent")
    return [
        _back(block),
        *sleeves,
        Piece(outline=outline, seams=envelope, folds=_drape(block, lie)),
        _neckband(block, 1.4, "accent"),
        *edges,
        *snaps,
        *picture,
    ]


def dress(cut: np.random.Generator, lie: np.random.Generator) -> list[Piece]:
    """A fitted bodice and a flared skirt, with or without sleeves."""
    length = float(cut.uniform(88, 104))
    sleeved = cut.random() < 0.55
    block = Block(
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
        trace((x * 16, 41), (x * 17, 60, x * flare * 0.95 + lie.normal(0, 1.2), length + 2))
        for x in np.linspace(-0.92, 0.92, 10)
    )
    hem = trace((flare, length - 2.4), (flare * 0.5, length + 1.6, 0, length + 1.6))
    skirt = Piece(
        outline=whole(half), folds=folds, fold_cm=3.2, stitches=(np.concatenate((hem, mirror(hem))),), depth=0.28
    )
    belt = Piece(
        outline=rect(-17.9, 39, 17.9, 42.4), tone="accent" if cut.random() < 0.5 else "plain", round_cm=1.0, shadow=0.4
    )
    bodice = replace(_front(block, lie), stitches=(), seams=tuple(trace((9 * s, 24), (8 * s, 41)) for s in (-1, 1)))
    arms = _sleeves(block, lie) if sleeved else []
    return [_back(block), *arms, skirt, bodice, belt, _neckband(block, 1.1, "plain")]
