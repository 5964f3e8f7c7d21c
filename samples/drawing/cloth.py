"""What drawn things are made of: colours, and the woven, knitted and printed patterns of fabrics."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from samples.drawing.raster import RGB, Field, Pixels, grain, pixels

Pattern = Literal[
    "plain",
    "heather",
    "knit",
    "denim",
    "breton",
    "pinstripe",
    "gingham",
    "tartan",
    "dots",
    "floral",
    "leather",
    "corduroy",
]

COLOURS: Final[dict[str, RGB]] = {
    "ecru": (236, 227, 208),
    "white": (235, 234, 231),
    "charcoal": (62, 64, 70),
    "black": (38, 37, 41),
    "navy": (38, 52, 92),
    "indigo": (52, 74, 122),
    "sky": (142, 181, 214),
    "cobalt": (44, 88, 178),
    "teal": (32, 122, 124),
    "sage": (150, 170, 140),
    "forest": (44, 86, 62),
    "olive": (112, 112, 66),
    "mustard": (218, 166, 50),
    "butter": (240, 217, 140),
    "terracotta": (196, 98, 66),
    "rust": (158, 70, 40),
    "red": (190, 42, 48),
    "burgundy": (112, 32, 50),
    "coral": (236, 122, 104),
    "blush": (232, 186, 182),
    "fuchsia": (200, 58, 122),
    "lilac": (180, 162, 208),
    "plum": (98, 58, 104),
    "camel": (192, 148, 100),
    "chocolate": (94, 64, 48),
    "grey": (158, 160, 164),
}
NEUTRALS: Final = ("white", "ecru", "charcoal", "navy", "black")
TILE_PX: Final = 256
FINEST_PX_PER_CM: Final = 4.0
"""Smaller pictures show patterns larger than life: a dot of less than a pixel is only noise."""


@dataclass(frozen=True, slots=True)
class Cloth:
    """A fabric: its ground colour, its pattern, the pattern's second colour, and the colour of trims and prints."""

    colour: RGB
    pattern: Pattern = "plain"
    second: RGB = COLOURS["white"]
    accent: RGB = COLOURS["white"]

    def tile(self, px_per_cm: float, rng: np.random.Generator) -> Pixels:
        """A swatch that repeats seamlessly, ``(256, 256, 3) uint8``."""
        mix, light = _PATTERNS[self.pattern](max(px_per_cm, FINEST_PX_PER_CM), rng)
        channels = [
            (ground + (figure - ground) * mix) * light for ground, figure in zip(self.colour, self.second, strict=True)
        ]
        return pixels(cv2.merge(channels))


def shaded(colour: RGB, factor: float) -> RGB:
    """``colour`` lighter (factor over 1) or darker."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


def _noise(rng: np.random.Generator, amount: float) -> Field:
    return 1 + amount * grain(TILE_PX, TILE_PX, rng)


def _repeats(px_per_cm: float, period_cm: float) -> int:
    return max(1, round(TILE_PX / (px_per_cm * period_cm)))


def _phase(px_per_cm: float, period_cm: float) -> Field:
    """0..1 saw along one side of the tile, a whole number of times."""
    return (np.arange(TILE_PX, dtype=np.float32) * _repeats(px_per_cm, period_cm) / TILE_PX) % 1


def _bars(px_per_cm: float, period_cm: float, share: float) -> Field:
    """1 inside bars that fill ``share`` of each period, 0 between them, with soft edges."""
    distance = np.abs(_phase(px_per_cm, period_cm) - 0.5) * 2
    return np.asarray(np.clip((share - distance) * 0.5 * px_per_cm * period_cm + 0.5, 0, 1), dtype=np.float32)


def _flat(value: float = 0.0) -> Field:
    return np.full((TILE_PX, TILE_PX), value, np.float32)


def _plain(_px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    return _flat(), _noise(rng, 0.025)


def _heather(_px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    streaks = cv2.blur(_noise(rng, 0.5), (9, 1), borderType=cv2.BORDER_REFLECT)
    return _flat(), 1 + (streaks - 1) * 0.32


def _knit(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    across, down = _phase(px_per_cm, 0.9), _phase(px_per_cm, 0.7)
    slant = np.abs(across - 0.5)
    stitch = np.cos((down[:, None] + slant[None] * 0.9) * 2 * np.pi)
    rib = np.cos(across * 2 * np.pi)[None]
    return _flat(), (0.97 + 0.06 * stitch - 0.07 * rib).astype(np.float32) * _noise(rng, 0.03)


def _denim(_px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    index = np.arange(TILE_PX, dtype=np.float32)
    twill = np.cos((index[:, None] + index[None]) * (2 * np.pi * 64 / TILE_PX))
    fade = cv2.blur(_noise(rng, 0.35), (1, 15)) - 1
    return np.clip(0.12 + fade, 0, 1), (1 + 0.05 * twill).astype(np.float32) * _noise(rng, 0.05)


def _breton(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    return np.repeat(_bars(px_per_cm, 3.4, 0.42)[:, None], TILE_PX, axis=1), _noise(rng, 0.025)


def _pinstripe(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    return 0.8 * np.repeat(_bars(px_per_cm, 1.8, 0.22)[None], TILE_PX, axis=0), _noise(rng, 0.025)


def _gingham(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    bars = _bars(px_per_cm, 2.4, 0.5)
    return np.asarray((bars[:, None] + bars[None]) * np.float32(0.5)), _noise(rng, 0.025)


def _tartan(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    broad, thin = _bars(px_per_cm, 8.0, 0.45), _bars(px_per_cm, 8.0, 0.06)
    lines = np.roll(thin, TILE_PX // (2 * _repeats(px_per_cm, 8.0)))
    mix = 0.3 * (broad[:, None] + broad[None]) + 0.4 * np.maximum(lines[:, None], lines[None])
    dark = 1 - 0.3 * np.maximum(thin[:, None], thin[None])
    return mix.astype(np.float32), dark.astype(np.float32) * _noise(rng, 0.03)


def _dots(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    period = TILE_PX / _repeats(px_per_cm, 3.0)
    index = np.arange(TILE_PX, dtype=np.float32)
    row, column = index[:, None] / period, index[None] / period
    lattices = [np.hypot((row + s) % 1 - 0.5, (column + s) % 1 - 0.5) for s in (0.0, 0.5)]
    return np.clip((0.2 - np.minimum(*lattices)) * period + 0.5, 0, 1), _noise(rng, 0.025)


def _floral(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    mix = np.zeros((TILE_PX, TILE_PX), np.uint8)
    for _ in range(max(10, round((TILE_PX / px_per_cm) ** 2 / 16))):
        x, y = rng.uniform(0, TILE_PX, 2)
        _flower(mix, (x, y), rng.uniform(0.8, 1.5) * px_per_cm, rng)
    return mix.astype(np.float32) / 255, _noise(rng, 0.025)


def _flower(mix: Pixels, centre: tuple[float, float], radius: float, rng: np.random.Generator) -> None:
    """Five petals around a dark eye, wrapped around the tile's edges."""
    turn = rng.uniform(0, 72)
    for dx in (-TILE_PX, 0, TILE_PX):
        for dy in (-TILE_PX, 0, TILE_PX):
            x, y = centre[0] + dx, centre[1] + dy
            if not (-2 * radius < x < TILE_PX + 2 * radius and -2 * radius < y < TILE_PX + 2 * radius):
                continue
            for angle in np.deg2rad(turn + np.arange(0, 360, 72)):
                at = (round((x + radius * 0.55 * np.cos(angle)) * 16), round((y + radius * 0.55 * np.sin(angle)) * 16))
                cv2.circle(mix, at, round(radius * 0.42 * 16), (235,), -1, cv2.LINE_AA, shift=4)
            cv2.circle(mix, (round(x * 16), round(y * 16)), round(radius * 0.25 * 16), (90,), -1, cv2.LINE_AA, shift=4)


def _leather(_px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    pores = cv2.GaussianBlur(_noise(rng, 0.3), (0, 0), 2.0)
    return _flat(), 1 + (pores - 1) * 0.7


def _corduroy(px_per_cm: float, rng: np.random.Generator) -> tuple[Field, Field]:
    wale = np.cos(_phase(px_per_cm, 0.7) * 2 * np.pi)
    return _flat(), (1 + 0.09 * wale[None]).astype(np.float32) * _noise(rng, 0.035)


_PATTERNS: Final = {
    "plain": _plain,
    "heather": _heather,
    "knit": _knit,
    "denim": _denim,
    "breton": _breton,
    "pinstripe": _pinstripe,
    "gingham": _gingham,
    "tartan": _tartan,
    "dots": _dots,
    "floral": _floral,
    "leather": _leather,
    "corduroy": _corduroy,
}
