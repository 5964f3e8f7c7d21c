"""What a distance says of two pictures' kinds: the curves in ``pinstream.search.blend``, fitted and compared."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pinstream.search.blend import BITS_PER_E, HALF_AT_BITS
from pinstream.store.codes import CODE_BITS
from tests.bench.products.gallery import Exhibit, Understood

_STEPS: Final = 60
_NEAREST: Final = 30


def curves(
    queries: Sequence[tuple[Exhibit, Understood]], gallery: Sequence[tuple[Exhibit, Understood]]
) -> dict[str, dict[str, float]]:
    """For whole pictures and for objects, where half of the pairs at a distance share a label, and how fast it falls.

    Fitted on each query's 30 nearest of other photographers: on what answers are made of, not on all pairs.
    """
    return {
        "whole": fit(*_counts(_wholes(queries), _wholes(gallery))),
        "objects": fit(*_counts(_objects(queries), _objects(gallery))),
    }


def carried() -> dict[str, dict[str, float]]:
    """The curves that the library has."""
    return {kind: {"half_at_bits": HALF_AT_BITS[kind], "bits_per_e": BITS_PER_E[kind]} for kind in ("whole", "objects")}


Coded = list[tuple[Exhibit, bytes]]


def _wholes(pins: Sequence[tuple[Exhibit, Understood]]) -> Coded:
    return [(one, understood.whole) for one, understood in pins]


def _objects(pins: Sequence[tuple[Exhibit, Understood]]) -> Coded:
    return [(one, code) for one, understood in pins for _, code in understood.objects]


def _counts(queries: Coded, gallery: Coded) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Pairs by distance, and those of them that share a label, both ``(257,)``."""
    bits = np.unpackbits(np.array([np.frombuffer(code, np.uint8) for _, code in gallery]), axis=1).astype(np.int16)
    people = np.array([one.photographer for one, _ in gallery])
    pairs, alike = np.zeros(CODE_BITS + 1), np.zeros(CODE_BITS + 1)
    for one, code in queries:
        distances = np.abs(bits - np.unpackbits(np.frombuffer(code, np.uint8))).sum(axis=1)
        same = np.array([bool(one.labels & other.labels) for other, _ in gallery])
        distances[people == one.photographer] = CODE_BITS
        nearest = np.argsort(distances, kind="stable")[:_NEAREST]
        pairs += np.bincount(distances[nearest], minlength=CODE_BITS + 1)
        alike += np.bincount(distances[nearest][same[nearest]], minlength=CODE_BITS + 1)
    return pairs, alike


def fit(pairs: npt.NDArray[Any], alike: npt.NDArray[Any]) -> dict[str, float]:
    """Logistic regression of sharing a label on the distance, by Newton's method."""
    x = np.stack([np.ones(CODE_BITS + 1), np.arange(CODE_BITS + 1) / 10 - 8], axis=1)
    weights = np.zeros(2)
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (alike - pairs * expected)
        curvature = (x * (pairs * expected * (1 - expected))[:, None]).T @ x
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient)
    bits_per_e = -10 / weights[1]
    return {"half_at_bits": round(float(80 + weights[0] * bits_per_e), 1), "bits_per_e": round(float(bits_per_e), 1)}
