"""Precision, recall and intervals against what can be counted by hand."""

import numpy as np
import pytest

from inference.training.evaluate.retrieval import (
    as_signs,
    cross_hits,
    instance_ranks,
    interval,
    nearest_label_hits,
    recall_at,
    unpack,
)


def test_signs_of_packed_codes_are_those_of_the_embedding() -> None:
    embeddings = np.random.default_rng(0).normal(size=(5, 32))

    packed = np.packbits(embeddings > 0, axis=1)

    assert (unpack(packed) == as_signs(embeddings)).all()


def test_inner_products_of_signs_order_as_hamming_distances() -> None:
    signs = as_signs(np.random.default_rng(1).normal(size=(6, 64)))

    distances = (signs[:, None] != signs[None]).sum(-1)

    assert (signs @ signs.T == 64 - 2 * distances).all()


def test_a_tie_for_nearest_counts_by_its_share() -> None:
    vectors = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    labels = np.array([0, 0, 1, 1])

    hits = nearest_label_hits(vectors, labels, excluded=lambda i: np.arange(4) == i)

    assert hits[:3].tolist() == [0.5, 0.5, 0.0]


def test_nothing_left_to_find_is_not_a_miss() -> None:
    hits = nearest_label_hits(np.eye(3), np.zeros(3, np.int64), excluded=lambda i: np.ones(3, bool))

    assert np.isnan(hits).all()


def test_a_query_never_finds_its_own_photo_in_another_domain() -> None:
    hits = cross_hits(np.eye(2), np.eye(2), np.array([0, 1]), np.array([0, 1]))

    assert hits.tolist() == [0.0, 0.0]


def test_ranks_count_who_comes_before_and_half_of_the_ties() -> None:
    queries, gallery = np.array([[1.0, 0.0]] * 3), np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])

    ranks = instance_ranks(queries, gallery)

    assert ranks.tolist() == [1.5, 1.5, 0.0]
    assert recall_at(ranks, 1).tolist() == [0, 0, 1]


def test_an_interval_holds_its_mean_and_ignores_what_is_not_known() -> None:
    values = np.array([1.0, 0.0, 1.0, np.nan, 1.0, 0.0])

    mean, low, high = interval(values, np.array(list("aabbcc")))

    assert mean == pytest.approx(0.6)
    assert low <= mean <= high


def test_one_photographer_alone_has_no_spread() -> None:
    assert interval(np.array([1.0, 0.0]), np.array(["a", "a"])) == (0.5, 0.5, 0.5)
