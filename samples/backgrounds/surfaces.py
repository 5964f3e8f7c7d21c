"""Surfaces that things lie on or stand before: wood, linen, marble, carpet, paper, a studio, a garden, a wall."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import cv2
import numpy as np

from samples.drawing.cloth import COLOURS
from samples.drawing.raster import RGB, Field, Pixels, floats, grain, lighted, pixels, tinted

Surface = Callable[[int, int, np.random.Generator], Pixels]
"""Draws ``(height, width, 3) uint8`` for a width and a height in pixels."""

PASTELS: Final[tuple[RGB, ...]] = (
    (238, 224, 214),
    (222, 230, 226),
    (226, 224, 238),
    (244, 232, 206),
    (240, 214, 208),
    (206, 222, 232),
    (216, 226, 204),
)
SHEETS: Final = (*PASTELS, *(COLOURS[name] for name in ("white", "ecru", "sage", "sky")))
WOODS: Final[tuple[RGB, ...]] = ((196, 156, 112), (152, 110, 76), (214, 190, 158), (116, 82, 60), (206, 198, 186))
RUGS: Final = ("burgundy", "navy", "sage", "camel", "teal", "charcoal", "ecru", "rust")


def waves(width: int, height: int, rng: np.random.Generator, *, across: float, down: float) -> Field:
    """Smooth noise around 0 with about that many swells each way, ``(height, width) float32``."""
    grid = rng.standard_normal((max(2, round(down)) + 2, max(2, round(across)) + 2), dtype=np.float32)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)


def wood(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Planks with grain, each a little different, dark gaps between them."""
    colour = WOODS[int(rng.integers(len(WOODS)))]
    planks = int(rng.integers(4, 8))
    light = (
        1
        + 0.05 * waves(width, height, rng, across=3, down=60)
        + 0.05 * waves(width, height, rng, across=6, down=height / 3)
    )
    swirl = waves(width, height, rng, across=2, down=9)
    light += 0.03 * np.sin(swirl * 9)
    light += 0.09 * cv2.blur(grain(width, height, rng), (max(3, width // 12), 1))
    edges = np.linspace(0, height, planks + 1).astype(int)
    for top, bottom in pairwise(edges):
        light[top:bottom] *= 1 + rng.normal(0, 0.07)
        joint = int(rng.uniform(0.1, 0.9) * width)
        light[top:bottom, joint:] *= 1 + rng.normal(0, 0.06)
        light[top:bottom, joint : joint + 2] *= 0.62
        light[top : top + 2] *= 0.55
        light[top + 2 : top + 4] *= 1.1
    planked = tinted(colour, light)
    return planked if rng.random() < 0.6 else _upright(planked, width, height)


def _upright(picture: Pixels, width: int, height: int) -> Pixels:
    return cv2.resize(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), (width, height), interpolation=cv2.INTER_LINEAR)


def parquet(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Herringbone blocks of oak."""
    unit = max(6, round(np.hypot(width, height) / int(rng.integers(12, 19))))
    count = int(np.hypot(width, height)) // unit + 5
    rows, columns = np.indices((count, count))
    step = (columns - rows) % 8
    lying = step < 4
    block = np.where(lying, rows, rows + step - 7) * 12.99 + np.where(lying, columns - step, columns) * 78.23
    tints = 1 + 0.07 * np.sin(block * 3.7 + rng.uniform(0, 6)).astype(np.float32)
    side = count * unit
    streaks = cv2.blur(grain(side, side, rng), (max(3, unit // 2), 1))
    across = np.kron(lying.astype(np.uint8), np.ones((unit, unit), np.uint8)) > 0
    light = np.kron(tints, np.ones((unit, unit), np.float32)) + 0.10 * np.where(across, streaks, streaks.T)
    gap = max(1, unit // 16)
    for first, edge in ((lying & (step != 0), "left"), (~lying & (step != 7), "top")):
        inner = np.kron(first.astype(np.uint8), np.ones((unit, unit), np.uint8)) > 0
        index = np.arange(side) % unit < gap
        light[
            (index[None] if edge == "left" else index[:, None]) & ~inner & (across if edge == "left" else ~across)
        ] *= 0.72
    index = np.arange(side) % unit < gap
    light[index[:, None] & across] *= 0.72
    light[index[None] & ~across] *= 0.72
    turn: Field = cv2.getRotationMatrix2D((side / 2, side / 2), 45, 1.0)
    turn[:, 2] -= ((side - width) / 2, (side - height) / 2)
    laid: Field = cv2.warpAffine(light, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return tinted(WOODS[int(rng.integers(3))], laid)


def linen(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A woven sheet with soft folds."""
    colour = SHEETS[int(rng.integers(len(SHEETS)))]
    weave = cv2.blur(grain(width, height, rng), (7, 1)) + cv2.blur(grain(width, height, rng), (1, 7))
    folds = waves(width, height, rng, across=2.5, down=2.5)
    relief = np.exp(-((folds / 0.25) ** 2)) * waves(width, height, rng, across=2, down=2)
    reach = max(2, width // 90)
    light = 0.97 + 0.05 * weave + 0.04 * folds
    light[reach:, reach:] += 0.10 * (relief[reach:, reach:] - relief[:-reach, :-reach])
    return tinted(colour, light)


def marble(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """White stone with grey veins that run one way."""
    size = np.hypot(width, height)
    x, y = np.arange(width, dtype=np.float32)[None] / size, np.arange(height, dtype=np.float32)[:, None] / size
    angle = rng.uniform(0.3, 1.2)
    along = x * np.cos(angle) + y * np.sin(angle)
    bent = waves(width, height, rng, across=3, down=3) + 0.35 * waves(width, height, rng, across=9, down=9)
    light = 0.985 + 0.012 * bent
    for turns, width_of, dark in ((2.5, 0.05, 0.16), (4.5, 0.03, 0.09), (1.5, 0.35, 0.07)):
        wander = 0.55 * bent + 0.3 * waves(width, height, rng, across=5, down=5)
        vein = np.abs(np.sin(np.pi * (along * turns + rng.uniform(0, 1)) + wander))
        fade = np.clip(0.6 + 0.6 * waves(width, height, rng, across=4, down=4), 0, 1)
        light -= dark * fade * np.exp(-vein / width_of)
    return tinted((243, 242, 240), light)


def carpet(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A plain pile carpet."""
    colour = floats(COLOURS[str(rng.choice(RUGS))]) * 0.55 + 96
    pile = cv2.GaussianBlur(grain(width, height, rng), (0, 0), 1.1)
    light = 1 + 0.11 * pile + 0.045 * waves(width, height, rng, across=5, down=5)
    return tinted(colour, light)


def rug(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A woven carpet: one ornament, mirrored both ways and repeated, in four colours."""
    names = rng.choice(RUGS, 4, replace=False)
    colours = np.array([COLOURS[str(name)] for name in names], dtype=np.float32) * 0.86
    knots = int(rng.integers(14, 22))
    swirl = waves(knots, knots, rng, across=4, down=4)
    quarter = np.digitize(swirl + swirl.T, (-1.1, 0.3, 1.6))
    ornament = np.block([[quarter, quarter[:, ::-1]], [quarter[::-1], quarter[::-1, ::-1]]])
    repeats = int(rng.integers(2, 4))
    knot_px = max(1, round(max(width, height) / (2 * knots * repeats)))
    field = np.tile(np.kron(ornament, np.ones((knot_px, knot_px), int)), (repeats + 2, repeats + 2))[:height, :width]
    woven = cv2.GaussianBlur(colours[field], (0, 0), max(0.5, knot_px * 0.3))
    pile = cv2.GaussianBlur(grain(width, height, rng), (0, 0), 0.8)
    return lighted(woven, 1 + 0.11 * pile + 0.04 * waves(width, height, rng, across=4, down=4))


def tabletop(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """The top of a table seen from its edge: long grain, a lit far rim, darker towards the front."""
    colour = WOODS[int(rng.integers(len(WOODS)))]
    light = 1 + 0.05 * waves(width, height, rng, across=3, down=height / 3)
    light *= np.linspace(1.08, 0.86, height, dtype=np.float32)[:, None]
    light[: max(1, height // 40)] *= 1.14
    return tinted(colour, light)


def paper(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """One soft colour, lit from one side; sometimes two sheets that meet."""
    colour = floats(PASTELS[int(rng.integers(len(PASTELS)))])
    x, y = (
        np.linspace(-0.5, 0.5, width, dtype=np.float32)[None],
        np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None],
    )
    light = 1 - 0.07 * (x * rng.uniform(-1, 1) + y * rng.uniform(0, 1)) + 0.012 * grain(width, height, rng)
    if rng.random() < 0.4:
        other = floats(PASTELS[int(rng.integers(len(PASTELS)))])
        line = (x * rng.uniform(-1, 1) + y - rng.uniform(-0.2, 0.2)) * width
        second = tinted(other * 0.94, light)
        share = np.clip(line + 0.5, 0, 1).astype(np.float32)
        return np.asarray(cv2.blendLinear(second, tinted(colour, light), share, 1 - share))
    return tinted(colour, light)


def studio(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """The near-white of a catalogue, a little brighter in the middle."""
    tint = floats(((246, 246, 245), (242, 239, 234), (236, 239, 242), (240, 236, 236))[int(rng.integers(4))])
    x, y = np.linspace(-1, 1, width, dtype=np.float32)[None], np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1.035 - 0.05 * (x**2 + y**2) + 0.004 * grain(width, height, rng)
    return tinted(tint, light)


def garden(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Out of focus greenery: discs of light before a dim hedge."""
    small_w, small_h = max(8, width // 2), max(8, height // 2)
    hue = floats(((92, 128, 70), (120, 140, 88), (88, 120, 110), (160, 132, 78))[int(rng.integers(4))])
    base = 1 + 0.25 * waves(small_w, small_h, rng, across=4, down=4)
    base *= np.linspace(1.25, 0.75, small_h, dtype=np.float32)[:, None]
    picture = np.clip(hue * base[..., None], 0, 255)
    for _ in range(26):
        glow = np.zeros((small_h, small_w), np.float32)
        at = (int(rng.uniform(0, small_w)), int(rng.uniform(0, small_h)))
        cv2.circle(glow, at, int(rng.uniform(0.02, 0.09) * small_w) + 2, (rng.uniform(0.05, 0.3),), -1, cv2.LINE_AA)
        picture += glow[..., None] * floats((150, 160, 100))
    picture = cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), max(1.0, small_w / 90))
    return pixels(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC))


def room(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A painted wall with a skirting board, and a floor."""
    wall = paper(width, height, rng)
    line = int(height * 0.78)
    floor = wood(width, height, rng)
    wall[line:] = floor[: height - line]
    board = max(3, height // 40)
    wall[line - board : line] = pixels(wall[line - board : line].astype(np.int16) + 24)
    wall[line : line + 3] = wall[line : line + 3] // 2
    return wall


CAMERA: Final[tuple[Surface, ...]] = (wood, carpet, rug, linen, wood, rug, parquet, linen)
WEB: Final[tuple[Surface, ...]] = (marble, linen, paper, wood, paper, linen, marble, parquet)
