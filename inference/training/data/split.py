"""Photos in three parts, to train, to choose and to test, that share no photographer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from inference.training.arrays import Ints, Names
from inference.training.errors import BadPhotos

PARTS: Final = ("train", "validation", "test")
SHARES: Final = (0.68, 0.10, 0.22)
LARGEST_SHARE: Final = 0.06
"""Photographers with a larger share of the photos go to ``train``, if the others can fill the other parts: otherwise
one person's photos would be most of a part."""


def split(photographers: Sequence[str] | Names, *, seed: int) -> dict[str, Ints]:
    """Indices of the photos of each part, ``(n,)``; no photographer is in two parts, and no part is empty.

    Photographers come in random order; each goes to the part that lacks most of its share.
    Raises BadPhotos if there are fewer photographers than parts.
    """
    counts = Counter(str(name) for name in photographers)
    if len(counts) < len(PARTS):
        raise BadPhotos(
            f"photos of {len(counts)} photographers (sender_id); expected {len(PARTS)} or more, "
            f"for no one's photos may be in two of {', '.join(PARTS)}"
        )
    total = sum(counts.values())
    names = sorted(counts)
    order = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    part_of = dict.fromkeys(_always_training(counts), "train")
    taken = dict.fromkeys(PARTS, 0)
    taken["train"] = sum(counts[name] for name in part_of)
    for name in (n for n in order if n not in part_of):
        part = max(PARTS, key=lambda p: SHARES[PARTS.index(p)] - taken[p] / total)
        part_of[name] = part
        taken[part] += counts[name]
    _fill_empty_parts(part_of, counts)
    parts = np.array([part_of[str(name)] for name in photographers])
    return {part: np.flatnonzero(parts == part) for part in PARTS}


def _always_training(counts: Mapping[str, int]) -> list[str]:
    total = sum(counts.values())
    large = [name for name in counts if counts[name] > LARGEST_SHARE * total]
    is_enough = total - sum(counts[name] for name in large) >= (1 - SHARES[0]) * total
    return large if is_enough else []


def _fill_empty_parts(part_of: dict[str, str], counts: Mapping[str, int]) -> None:
    """Moves, in place, the photographer with the fewest photos of the largest part into each empty part."""
    for part in PARTS:
        members = Counter(part_of.values())
        if part not in members:
            largest = max(PARTS, key=lambda p: members[p])
            part_of[min((n for n in part_of if part_of[n] == largest), key=lambda n: (counts[n], n))] = part
