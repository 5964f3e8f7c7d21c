"""An endless sequence of products, each one garment in one fabric, which several pins show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from samples.drawing.cloth import COLOURS, NEUTRALS, Cloth, Pattern
from samples.drawing.layers import Layer
from samples.garments import accessories, bottoms, jackets, tops

Cut = Callable[[np.random.Generator, np.random.Generator], list[Layer]]
"""Layers from the product's cut (the first generator), and from how it lies in one picture (the second)."""


@dataclass(frozen=True, slots=True)
class Style:
    """One way to cut a kind of garment, and the fabrics that suit it; a fabric named twice is twice as common."""

    name: str
    cut: Cut
    patterns: tuple[Pattern, ...]


STYLES: Final[dict[str, tuple[Style, ...]]] = {
    "Hoodie": (Style("hoodie", jackets.hoodie, ("plain", "plain", "heather")),),
    "Pants": (
        Style("jeans", bottoms.jeans, ("denim",)),
        Style("chinos", bottoms.jeans, ("plain", "corduroy")),
        Style("joggers", bottoms.joggers, ("plain", "heather")),
    ),
    "Dress": (Style("dress", tops.dress, ("floral", "plain", "dots", "gingham", "pinstripe")),),
    "T-Shirt": (
        Style("T-shirt", tops.t_shirt, ("plain", "breton", "heather", "dots", "floral")),
        Style("printed T-shirt", tops.printed_t_shirt, ("plain", "plain", "heather")),
    ),
    "Shoes": (
        Style("sneakers", accessories.sneakers, ("plain", "knit", "plain")),
        Style("flats", accessories.flats, ("leather", "plain")),
        Style("boots", accessories.boots, ("leather",)),
    ),
    "Outwear": (
        Style("coat", jackets.coat, ("plain", "heather", "tartan")),
        Style("puffer jacket", jackets.puffer, ("plain",)),
    ),
    "Shirt": (Style("shirt", tops.shirt, ("plain", "tartan", "gingham", "pinstripe", "floral", "dots", "denim")),),
    "Hat": (
        Style("cap", accessories.cap, ("plain", "denim", "corduroy")),
        Style("beanie", accessories.beanie, ("knit", "heather")),
        Style("straw hat", accessories.straw_hat, ("plain",)),
    ),
    "Skirt": (Style("skirt", bottoms.skirt, ("plain", "tartan", "floral", "denim", "dots", "corduroy")),),
    "Longsleeve": (
        Style("sweater", tops.longsleeve, ("knit", "breton", "plain", "heather")),
        Style("cardigan", tops.cardigan, ("knit", "plain")),
    ),
    "Blazer": (Style("blazer", jackets.blazer, ("plain", "pinstripe", "tartan", "corduroy", "plain")),),
    "Shorts": (
        Style("jean shorts", bottoms.jean_shorts, ("denim", "denim", "plain")),
        Style("sweat shorts", bottoms.sweat_shorts, ("plain", "heather", "gingham", "floral")),
    ),
    "Polo": (Style("polo", tops.polo, ("plain", "breton", "heather", "plain")),),
    "Top": (Style("top", tops.top, ("plain", "floral", "pinstripe", "knit")),),
    "Body": (
        Style("bodysuit", tops.body, ("breton", "dots", "floral", "plain")),
        Style("printed bodysuit", tops.printed_body, ("plain",)),
    ),
    "Blouse": (Style("blouse", tops.blouse, ("plain", "floral", "dots", "pinstripe")),),
    "Undershirt": (Style("tank top", tops.undershirt, ("plain", "knit", "heather", "breton")),),
}
LABELS: Final = tuple(STYLES)
UNSAID: Final = ("plain", "heather", "denim")
"""Fabrics that a title need not mention."""

DYES: Final[dict[Pattern, tuple[str, ...]]] = {
    "denim": ("indigo", "navy", "sky", "black", "charcoal"),
    "leather": ("black", "chocolate", "camel", "burgundy", "charcoal", "ecru", "navy", "rust"),
}
"""Fabrics that come in these colours only."""


@dataclass(frozen=True, slots=True)
class Product:
    """One garment as a shop would list it; ``seed`` fixes its cut."""

    key: str
    label: str
    title: str
    style: Style
    cloth: Cloth
    seed: int

    @property
    def softness(self) -> float:
        """How much it gives when it is laid down: 1 for cloth, less for what keeps its shape."""
        return {"Shoes": 0.15, "Hat": 0.35}.get(self.label, 1.0)

    def layers(self, rng: np.random.Generator) -> list[Layer]:
        """The garment laid down once more: the same cut, other folds."""
        return self.style.cut(np.random.Generator(np.random.PCG64(self.seed)), rng)


def product(number: int) -> Product:
    """The product of that number, always the same; labels take turns."""
    rng = np.random.Generator(np.random.PCG64([number, 1]))
    label = LABELS[number % len(LABELS)]
    styles = STYLES[label]
    style = styles[int(rng.integers(len(styles)))]
    pattern = style.patterns[int(rng.integers(len(style.patterns)))]
    name = str(rng.choice(DYES.get(pattern, tuple(COLOURS))))
    second, accent = _partners(name, rng)
    weft = "white" if pattern == "denim" else second
    cloth = Cloth(COLOURS[name], pattern, COLOURS[weft], COLOURS[accent])
    kind = style.name if pattern in UNSAID else f"{pattern} {style.name}"
    title = f"{name} {kind}"
    return Product(f"{label.lower()}-{name}-{number:04d}", label, title[0].upper() + title[1:], style, cloth, number)


def _partners(name: str, rng: np.random.Generator) -> tuple[str, str]:
    """A second colour that stands out on the first, and one for trims."""
    lightness = sum(COLOURS[name])
    apart = [
        other
        for other in (*NEUTRALS, "mustard", "sky", "blush", "burgundy", "sage", "coral")
        if abs(sum(COLOURS[other]) - lightness) > 190
    ]
    return str(rng.choice(apart)), str(rng.choice(apart))
