"""What proxies cost, on few of them."""

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.model.backbone import Backbone  # noqa: E402
from inference.training.model.embedder import EmbedderNetwork, EmbedHead  # noqa: E402
from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.train.cost import CostCase, measure, state_bytes  # noqa: E402
from inference.training.train.embed import (  # noqa: E402
    head_optimiser,
    take_step,
)
from inference.training.train.embed_losses import TaskProxies  # noqa: E402

pytestmark = pytest.mark.training


def test_the_state_that_is_counted_is_what_a_step_leaves_behind() -> None:
    proxies = TaskProxies({"instance": 50}, 256, temperature=0.05, sampled=10)
    embedder = EmbedderNetwork(Backbone(), EmbedHead(256), cut="s16")
    optimiser = head_optimiser(embedder, proxies, EmbedSettings())

    losses = proxies(embedder.head(torch.randn(4, 1280)), {"instance": torch.arange(4)}, torch.Generator())
    take_step(losses, optimiser, factor=1.0, clip=5.0)

    weight = proxies.proxies["instance"]
    held = [weight, weight.grad, *(t for t in optimiser.state[weight].values() if t.dim())]
    assert sum(t.numel() * t.element_size() for t in held) == state_bytes(CostCase(50, 10), bits=256)


def test_each_case_is_measured_in_a_process_of_its_own() -> None:
    found = measure([CostCase(30_000, 0), CostCase(300, 64)], steps=1)

    many, few = found["cases"]
    assert (many["proxies"], few["sampled"]) == (30_000, 64)
    assert many["peak MB"] > many["state MB"] > 100
    assert few["peak MB"] < 100
    assert min(many["ms a step"], few["ms a step"]) > 0


def test_more_sampled_than_there_are_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(TrainingProblem, match="1024 sampled of 300 proxies"):
        measure([CostCase(10, 0), CostCase(300, 1024)], steps=1)
