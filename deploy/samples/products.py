"""The wardrobe: an endless row of products, each one garment in one fabric, that pins show again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from deploy.samples import bottoms, tops
from deploy.samples.cloth import COLOURS, NEUTRALS, Cloth, Pattern
from deploy.samples.pieces import Piece

Cut = Callable[[np.random.Generator, np.random.Generator], list[Piece]]
"""Pieces from what belongs to the product, and from how it happens to lie this time."""

_SOFT: Final = ("plain", "plain", "heather", "breton", "floral", "dots")
_WOVEN: Final = ("plain", "tartan", "gingham", "pinstripe", "floral", "dots")
CUTS: Final[dict[str, tuple[Cut, tuple[Pattern, ...]]]] = {
    "Hoodie": (tops.hoodie, ("plain", "heather", "plain", "breton")),
    "Pants": (bottoms.pants, ("denim", "plain", "denim", "corduroy", "heather")),
    "Dress": (tops.dress, ("floral", "plain", "dots", "gingham", "pinstripe")),
    "T-Shirt": (tops.t_shirt, _SOFT),
    "Shoes": (bottoms.shoes, ("plain", "leather", "knit", "plain")),
    "Outwear": (tops.outwear, ("plain", "leather", "heather", "plain")),
    "Shirt": (tops.shirt, _WOVEN),
    "Hat": (bottoms.hat, ("knit", "plain", "heather")),
    "Skirt": (bottoms.skirt, ("plain", "tartan", "floral", "denim", "dots", "corduroy")),
    "Longsleeve": (tops.longsleeve, ("knit", "plain", "breton", "knit", "heather")),
    "Blazer": (tops.blazer, ("plain", "pinstripe", "tartan", "corduroy", "plain")),
    "Shorts": (bottoms.shorts, ("denim", "plain", "gingham", "plain", "floral")),
    "Polo": (tops.polo, ("plain", "breton", "heather", "plain")),
    "Top": (tops.top, ("plain", "floral", "pinstripe", "knit")),
    "Body": (tops.body, ("plain", "breton", "dots", "plain", "floral")),
    "Blouse": (tops.blouse, ("plain", "floral", "dots", "pinstripe")),
    "Undershirt": (tops.undershirt, ("plain", "knit", "heather", "breton")),
}
LABELS: Final = tuple(CUTS)


@dataclass(frozen=True, slots=True)
class Product:
    """One garment as a shop would list it; ``seed`` fixes its cut."""

    key: str
    label: str
    title: str
    cloth: Cloth
    seed: int

    @property
    def softness(self) -> float:
        """How much it gives when it is laid down: 1 for cloth, less for what keeps its shape."""
        return {"Shoes": 0.15, "Hat": 0.35}.get(self.label, 1.0)

    def pieces(self, lie: np.random.Generator) -> list[Piece]:
        """The garment laid down once more: the same cut, other folds."""
        return CUTS[self.label][0](np.random.Generator(np.random.PCG64(self.seed)), lie)


def product(number: int) -> Product:
    """The product of that number, always the same; labels take turns."""
    rng = np.random.Generator(np.random.PCG64([number, 1]))
    label = LABELS[number % len(LABELS)]
    patterns = CUTS[label][1]
    pattern = patterns[int(rng.integers(len(patterns)))]
    names = list(COLOURS)
    name = str(
        rng.choice(("indigo", "sky", "black", "charcoal"))
        if pattern == "denim"
        else names[int(rng.integers(len(names)))]
    )
    second, accent = _partners(name, rng)
    cloth = Cloth(COLOURS[name], pattern, COLOURS[second], COLOURS[accent])
    kind = label.lower() if pattern in ("plain", "heather") else f"{pattern} {label.lower()}"
    return Product(f"{label.lower()}-{name}-{number:04d}", label, f"{name} {kind}".capitalize(), cloth, number)


def _partners(name: str, rng: np.random.Generator) -> tuple[str, str]:
    """A second colour that stands out on the first, and one for trims."""
    lightness = sum(COLOURS[name])
    apart = [
        other
        for other in (*NEUTRALS, "mustard", "sky", "blush", "burgundy", "sage", "coral")
        if abs(sum(COLOURS[other]) - lightness) > 190
    ]
    return str(rng.choice(apart)), str(rng.choice(apart))
