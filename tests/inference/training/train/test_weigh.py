"""The losses' weights."""

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")

from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.train.embed import weigh  # noqa: E402

pytestmark = pytest.mark.training


def test_categories_weigh_what_the_settings_say_and_other_tasks_one() -> None:
    losses = {task: torch.tensor(value) for task, value in (("category", 2.0), ("instance", 5.0))}

    weighed = weigh(losses, EmbedSettings(category_weight=3.0), embeddings=torch.zeros(2, 4), pooled=torch.zeros(2, 8))

    assert {task: float(loss) for task, loss in weighed.items()} == {"category": 6.0, "instance": 5.0}


def test_neighbours_are_kept_only_where_they_weigh_something() -> None:
    vectors, pooled, losses = torch.randn(5, 4), torch.randn(5, 8), {"instance": torch.tensor(1.0)}

    plain, once, twice = (
        weigh(losses, EmbedSettings(neighbours=weight), embeddings=vectors, pooled=pooled) for weight in (0.0, 1.0, 2.0)
    )

    assert set(plain) == {"instance"}
    assert float(twice["neighbours"]) == pytest.approx(2 * float(once["neighbours"])) != 0
