"""Which pin shows what, so that a search has true answers.

Pins come in groups of 40. A group has 11 products; each is shown alone on a catalogue background, as a photo taken at
home, and in a styled flat-lay of the web, in mixed order. The remaining seven pins of the group show no garment.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pinstream.events import Domain
from samples.garments.products import Product, product

GROUP_PINS: Final = 40
GROUP_PRODUCTS: Final = 11
DOMAINS: Final[tuple[Domain, ...]] = ("catalog", "camera", "web")


@dataclass(frozen=True, slots=True)
class PinPlan:
    """What a pin is to show; no products means no garment."""

    domain: Domain
    products: tuple[Product, ...]


def plan_pin(number: int) -> PinPlan:
    """The plan of the pin of that number, 0 or more."""
    group, index = divmod(number, GROUP_PINS)
    role = int(rng_of(group, 2).permutation(GROUP_PINS)[index])
    rng = rng_of(number, 3)
    if role >= 3 * GROUP_PRODUCTS:
        return PinPlan(DOMAINS[int(rng.integers(1, 3))], ())
    shown, domain = role // 3, DOMAINS[role % 3]
    wardrobe = [group * GROUP_PRODUCTS + i for i in range(GROUP_PRODUCTS)]
    if domain != "web":
        return PinPlan(domain, (product(wardrobe[shown]),))
    others = rng.permutation([i for i in wardrobe if i != wardrobe[shown]])[: int(rng.integers(1, 4))]
    return PinPlan(domain, tuple(product(int(i)) for i in (wardrobe[shown], *others)))


def rng_of(*entropy: int) -> np.random.Generator:
    """A generator seeded with these numbers."""
    return np.random.Generator(np.random.PCG64(list(entropy)))
