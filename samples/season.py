"""Which pin shows what, so that a search has true answers.

Pins come in seasons of 40. A season has 11 products; each is shown alone on a catalogue ground, as a photo somebody
took, and in a styled flat-lay of the web, in mixed order. The remaining seven pins show no garment at all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pinstream.events import Domain
from samples.garments.products import Product, product

SEASON: Final = 40
SEASON_PRODUCTS: Final = 11
DOMAINS: Final[tuple[Domain, ...]] = ("catalog", "camera", "web")


@dataclass(frozen=True, slots=True)
class OutfitPlan:
    """What a pin is to show; no products means no garment."""

    domain: Domain
    products: tuple[Product, ...]


def plan(number: int) -> OutfitPlan:
    """The plan of the pin of that number, 0 or more."""
    season, place = divmod(number, SEASON)
    role = int(rng_of(season, 2).permutation(SEASON)[place])
    rng = rng_of(number, 3)
    if role >= 3 * SEASON_PRODUCTS:
        return OutfitPlan(DOMAINS[int(rng.integers(1, 3))], ())
    shown, domain = role // 3, DOMAINS[role % 3]
    wardrobe = [season * SEASON_PRODUCTS + i for i in range(SEASON_PRODUCTS)]
    if domain != "web":
        return OutfitPlan(domain, (product(wardrobe[shown]),))
    others = rng.permutation([i for i in wardrobe if i != wardrobe[shown]])[: int(rng.integers(1, 4))]
    return OutfitPlan(domain, tuple(product(int(i)) for i in (wardrobe[shown], *others)))


def rng_of(*entropy: int) -> np.random.Generator:
    """A generator of its own for each row of numbers."""
    return np.random.Generator(np.random.PCG64(list(entropy)))
