"""What things lie on or stand before: wood, linen, marble, carpet, paper, a studio sweep, a blurred garden, a wall."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import cv2
import numpy as np

from deploy.samples.cloth import COLOURS
from deploy.samples.raster import RGB, Field, Pixels, floats, pixels

Ground = Callable[[int, int, np.random.Generator], Pixels]
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


def _grain(width: int, height: int, rng: np.random.Generator) -> Field:
    return rng.standard_normal((height, width), dtype=np.float32)


def _painted(colour: RGB | Field, light: Field) -> Pixels:
    return pixels(np.asarray(colour, np.float32) * light[..., None])


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
    light += 0.035 * np.sin(swirl * 9)
    edges = np.linspace(0, height, planks + 1).astype(int)
    for top, bottom in pairwise(edges):
        light[top:bottom] *= 1 + rng.normal(0, 0.07)
        joint = int(rng.uniform(0.1, 0.9) * width)
        light[top:bottom, joint:] *= 1 + rng.normal(0, 0.06)
        light[top:bottom, joint : joint + 2] *= 0.62
        light[top : top + 2] *= 0.55
        light[top + 2 : top + 4] *= 1.1
    planked = _painted(colour, light)
    return planked if rng.random() < 0.6 else _upright(planked, width, height)


def _upright(picture: Pixels, width: int, height: int) -> Pixels:
    return cv2.resize(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), (width, height), interpolation=cv2.INTER_LINEAR)


def parquet(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Herringbone blocks of oak."""
    unit = max(8, width // int(rng.integers(10, 15)))
    side = int(np.hypot(width, height)) + 4 * unit
    rows, columns = np.indices((side // unit + 1, side // unit + 1))
    step = (columns - rows) % 8
    lying = step < 4
    start_row, start_column = np.where(lying, rows, rows - (7 - step)), np.where(lying, columns - step, columns)
    tints = 1 + 0.08 * np.sin(start_row * 12.99 + start_column * 78.23 + rng.uniform(0, 6)).astype(np.float32)
    light = np.kron(tints, np.ones((unit, unit), np.float32))
    first = np.kron(np.where(lying, step == 0, True), np.ones((unit, unit), bool))
    upper = np.kron(np.where(lying, True, step == 7), np.ones((unit, unit), bool))
    index = np.arange(light.shape[0])
    gap = max(1, unit // 12)
    light[first & (index[None] % unit < gap)] *= 0.7
    light[upper & (index[:, None] % unit < gap)] *= 0.7
    turn: Field = cv2.getRotationMatrix2D((light.shape[1] / 2, light.shape[0] / 2), 45, 1.0)
    turn[:, 2] -= ((light.shape[1] - width) / 2, (light.shape[0] - height) / 2)
    laid: Field = cv2.warpAffine(light, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    laid *= 1 + 0.05 * waves(width, height, rng, across=40, down=40)
    return _painted(WOODS[int(rng.integers(3))], laid)


def linen(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A woven sheet with soft folds."""
    colour = SHEETS[int(rng.integers(len(SHEETS)))]
    weave = cv2.blur(_grain(width, height, rng), (7, 1)) + cv2.blur(_grain(width, height, rng), (1, 7))
    folds = waves(width, height, rng, across=2.5, down=2.5)
    relief = np.exp(-((folds / 0.25) ** 2)) * waves(width, height, rng, across=2, down=2)
    reach = max(2, width // 90)
    light = 0.97 + 0.05 * weave + 0.04 * folds
    light[reach:, reach:] += 0.10 * (relief[reach:, reach:] - relief[:-reach, :-reach])
    return _painted(colour, light)


def marble(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """White stone with grey veins."""
    bent = (
        waves(width, height, rng, across=3, down=3)
        + 0.45 * waves(width, height, rng, across=8, down=8)
        + 0.2 * waves(width, height, rng, across=24, down=24)
    )
    slope = np.linspace(0, 4, width, dtype=np.float32)[None] + np.linspace(0, 3, height, dtype=np.float32)[:, None]
    vein = np.abs(np.sin(slope + 1.1 * bent))
    light = 0.97 - 0.20 * np.exp(-vein / 0.05) - 0.07 * np.exp(-vein / 0.25) + 0.015 * bent
    return _painted((240, 239, 238), light)


def carpet(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A pile carpet, plain or with a woven lattice and border."""
    name, other = rng.choice(RUGS, 2, replace=False)
    colour, figure = floats(COLOURS[name]), floats(COLOURS[other])
    pile = (
        1
        + 0.16 * cv2.GaussianBlur(_grain(width, height, rng), (0, 0), 0.9)
        + 0.04 * waves(width, height, rng, across=4, down=4)
    )
    if rng.random() < 0.4:
        return _painted(colour * 0.6 + 90, pile)
    period = width / int(rng.integers(3, 7))
    x, y = np.arange(width, dtype=np.float32)[None] / period, np.arange(height, dtype=np.float32)[:, None] / period
    diamond = np.abs((x % 1) - 0.5) + np.abs((y % 1) - 0.5)
    bands = np.clip((np.sin(diamond * 2 * np.pi * int(rng.integers(2, 4))) - 0.1) * 6, 0, 1)
    mix = bands[..., None] * 0.75
    return _painted(colour + (figure - colour) * mix, pile)


def paper(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """One soft colour, lit from one side; sometimes two sheets that meet."""
    colour = floats(PASTELS[int(rng.integers(len(PASTELS)))])
    x, y = (
        np.linspace(-0.5, 0.5, width, dtype=np.float32)[None],
        np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None],
    )
    light = 1 - 0.07 * (x * rng.uniform(-1, 1) + y * rng.uniform(0, 1)) + 0.012 * _grain(width, height, rng)
    if rng.random() < 0.4:
        other = floats(PASTELS[int(rng.integers(len(PASTELS)))])
        line = (x * rng.uniform(-1, 1) + y - rng.uniform(-0.2, 0.2)) * width
        return _painted(colour + (other * 0.94 - colour) * np.clip(line + 0.5, 0, 1)[..., None], light)
    return _painted(colour, light)


def studio(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """The near-white of a catalogue, a little brighter in the middle."""
    tint = floats(((246, 246, 245), (242, 239, 234), (236, 239, 242), (240, 236, 236))[int(rng.integers(4))])
    x, y = np.linspace(-1, 1, width, dtype=np.float32)[None], np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1.02 - 0.06 * (x**2 + y**2) + 0.004 * _grain(width, height, rng)
    return _painted(tint, light)


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


CAMERA: Final[tuple[Ground, ...]] = (wood, carpet, parquet, linen, wood, carpet)
WEB: Final[tuple[Ground, ...]] = (marble, linen, paper, wood, paper, parquet)
