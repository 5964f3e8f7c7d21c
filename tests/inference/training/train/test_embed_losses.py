"""Losses against plain loops, on values a person can check."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from torch import Tensor  # noqa: E402

from inference.training.train import embed_losses  # noqa: E402

pytestmark = pytest.mark.training


def plain_proxy_softmax(
    embeddings: list[list[float]], proxies: list[list[float]], targets: list[int], temperature: float
) -> float:
    """The same in loops over Python numbers."""
    total, count = 0.0, 0
    for e, target in zip(embeddings, targets, strict=True):
        if target < 0:
            continue
        cosines = [
            sum(a * b for a, b in zip(e, p, strict=True)) / math.dist(e, [0] * len(e)) / math.dist(p, [0] * len(p))
            for p in proxies
        ]
        weights = [math.exp(c / temperature) for c in cosines]
        total -= math.log(weights[target] / sum(weights))
        count += 1
    return total / count if count else 0.0


def random(*shape: int, seed: int = 0) -> Tensor:
    values: Tensor = torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()
    return values


def gradient_of(values: Tensor) -> Tensor:
    assert values.grad is not None
    return values.grad


def test_proxy_softmax_is_the_plain_loop() -> None:
    embeddings, proxies, targets = random(6, 4), random(5, 4, seed=1), torch.tensor([0, 4, 2, -1, 2, -1])

    found = embed_losses.proxy_softmax(embeddings, proxies, targets, temperature=0.05)

    expected = plain_proxy_softmax(embeddings.tolist(), proxies.tolist(), targets.tolist(), 0.05)
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_perfect_embedding_between_two_opposite_proxies() -> None:
    found = embed_losses.proxy_softmax(
        torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([0]), temperature=1.0
    )

    assert float(found) == pytest.approx(math.log(1 + math.exp(-2)))


def test_sampled_proxies_give_the_loss_over_those_alone() -> None:
    embeddings, proxies, targets = random(3, 4), random(9, 4, seed=1), torch.tensor([7, -1, 3])
    columns = torch.tensor([1, 3, 7])

    found = embed_losses.proxy_softmax(embeddings, proxies, targets, temperature=0.1, columns=columns)

    expected = plain_proxy_softmax(embeddings.tolist(), proxies[columns].tolist(), [2, -1, 1], 0.1)
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_an_unlabelled_row_has_a_gradient_of_exactly_zero() -> None:
    embeddings, proxies = random(4, 4).requires_grad_(), random(5, 4, seed=1).requires_grad_()

    embed_losses.proxy_softmax(embeddings, proxies, torch.tensor([1, -1, 0, -1]), temperature=0.05).backward()

    gradient = gradient_of(embeddings)
    assert not gradient[[1, 3]].any()
    assert gradient[[0, 2]].any(dim=1).all()


def test_a_batch_without_labels_has_no_loss_and_no_gradient() -> None:
    embeddings = random(3, 4).requires_grad_()

    loss = embed_losses.proxy_softmax(embeddings, random(5, 4), torch.full((3,), -1), temperature=0.05)
    loss.backward()

    assert float(loss.detach()) == 0
    assert not gradient_of(embeddings).any()


@pytest.mark.parametrize("extra", [0, 2, 5, 50])
def test_sampled_columns_hold_every_target_of_the_batch(extra: int) -> None:
    targets = torch.tensor([8, 3, -1, 3])

    columns = embed_losses.sampled_columns(targets, total=10, extra=extra, generator=torch.Generator().manual_seed(0))

    assert {3, 8} <= set(columns.tolist())
    assert columns.tolist() == sorted(set(columns.tolist()))
    assert len(columns) == 10 if extra in (0, 50) else len(columns) <= extra + 2


def test_tasks_have_their_own_losses_by_name() -> None:
    proxies = embed_losses.TaskProxies({"category": 3, "instance": 7}, 4, temperature=0.05, sampled=0)
    targets = {"category": torch.tensor([0, -1]), "instance": torch.tensor([5, 6])}

    found = proxies(random(2, 4), targets, torch.Generator())

    for task, loss in found.items():
        expected = embed_losses.proxy_softmax(random(2, 4), proxies.proxies[task], targets[task], temperature=0.05)
        assert float(loss.detach()) == pytest.approx(float(expected.detach()))


def test_neighbours_like_the_teachers_cost_nothing_and_others_the_plain_sum() -> None:
    mine, theirs = random(4, 3), random(4, 5, seed=1)

    found = embed_losses.neighbour_divergence(mine, theirs, temperature=0.5)

    def shares(v: Tensor) -> list[list[float]]:
        unit = [[x / math.dist(row, [0] * len(row)) for x in row] for row in v.tolist()]
        rows = [[math.exp(sum(a * b for a, b in zip(p, q, strict=True)) / 0.5) for q in unit] for p in unit]
        return [[w * (i != j) / (sum(row) - row[i]) for j, w in enumerate(row)] for i, row in enumerate(rows)]

    p, q = shares(theirs), shares(mine)
    expected = sum(p[i][j] * math.log(p[i][j] / q[i][j]) for i in range(4) for j in range(4) if i != j) / 4
    assert float(found) == pytest.approx(expected, rel=1e-4)
    assert float(embed_losses.neighbour_divergence(theirs * 7, theirs)) == pytest.approx(0, abs=1e-6)
