"""The evaluation itself, on answers small enough to check by hand."""

import numpy as np
import pytest

from inference.detect import Detection
from inference.images import Box
from pinstream.store.codes import CODE_BITS, CODE_BYTES
from tests.bench.products import calibration, near_duplicates
from tests.bench.products.evaluation import Wall, evaluate_related, evaluate_similar
from tests.bench.products.gallery import Exhibit, Understood, by_photographer, precision


def test_copies_are_other_pictures_of_the_same_thing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)

    made = {name: copy(pixels) for name, copy in near_duplicates.COPIES.items()}

    assert made["half the size"].shape == (40, 60, 3)
    assert made["one and a half times the size"].shape == (120, 180, 3)
    assert made["5 % cut off every edge"].shape == (72, 108, 3)
    assert made["JPEG quality 50"].shape == pixels.shape
    assert all(copy.dtype == np.uint8 and not np.array_equal(copy, pixels) for copy in made.values())


def test_a_threshold_has_the_precision_and_recall_of_what_it_takes() -> None:
    distances = near_duplicates.Distances(
        own={"saved": [2, 10], "cut": [20, 40]},
        others=np.array([[15, 256], [90, 50], [60, 60], [60, 60]]),
    )

    at_ten, at_twenty = near_duplicates.scores_at(distances, 10), near_duplicates.scores_at(distances, 20)

    assert (at_ten["recall"], at_ten["precision"]) == (0.5, 1.0)
    assert (at_twenty["recall"], at_twenty["precision"]) == (0.75, 0.75)
    assert at_twenty["recall_by_copy"] == {"saved": 1.0, "cut": 0.5}
    assert near_duplicates.best_bits(distances) == 14


def test_the_curve_that_made_the_pairs_is_found_again() -> None:
    distances = np.arange(CODE_BITS + 1)
    pairs = np.full(CODE_BITS + 1, 1_000.0)

    fitted = calibration.fit(pairs, pairs / (1 + np.exp((distances - 72) / 9)))

    assert fitted == {"half_at_bits": pytest.approx(72, abs=0.2), "bits_per_e": pytest.approx(9, abs=0.2)}


def test_missing_places_count_as_wrong() -> None:
    exhibits = {name: Exhibit(name, frozenset({label}), "somebody") for name, label in (("a", 1), ("b", 2), ("c", 1))}

    assert precision(["a", "b", "c"], frozenset({1}), exhibits, at=4) == 0.5


def test_intervals_are_over_photographers() -> None:
    one = [Exhibit(str(i), frozenset(), "one") for i in range(4)]

    assert by_photographer([0.0, 1.0, 0.5, 0.5], one) == {"mean": 0.5, "low": 0.5, "high": 0.5, "queries": 4}


def test_nobody_is_answered_with_their_own_photos() -> None:
    def pin(name: str, label: int, person: str, bits: int) -> tuple[Exhibit, Understood]:
        code = ((1 << bits) - 1).to_bytes(CODE_BYTES, "big")
        found = Detection("hat" if label == 1 else "shoe", 0.9, Box(0.1, 0.1, 0.9, 0.9))
        return Exhibit(name, frozenset({label}), person), Understood(code, ((found, code),))

    wall = Wall.of([pin("a", 1, "x", 0), pin("a2", 1, "x", 1), pin("b", 1, "y", 2), pin("c", 2, "z", 3)])

    related, similar = evaluate_related(wall), evaluate_similar(wall)

    # a finds b and c, a2 the same, b finds a, a2 and c, c finds the three: right are 1, 1, 2 and 0 of ten.
    assert related["precision_at_10"]["mean"] == pytest.approx(0.1)
    assert related["chance"] == pytest.approx((0.5 + 0.5 + 2 / 3 + 0) / 4, abs=1e-4)
    assert similar["gated"]["mean"] == pytest.approx(0.1)
    assert similar["any_label"]["mean"] == pytest.approx(0.1)
