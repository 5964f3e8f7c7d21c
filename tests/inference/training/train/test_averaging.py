"""Means of weights: of steps, and of runs."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from torch import nn  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from inference.training.commands import app  # noqa: E402
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.train.averaging import (  # noqa: E402
    mean_backbone,
    running_mean,
    take_mean,
)

pytestmark = pytest.mark.training


def finished(folder: Path, value: float) -> Path:
    folder.mkdir()
    state = {
        "backbone.a": torch.full((2,), float(value)),
        "backbone.b.num_batches_tracked": torch.tensor(7),
        "head.project.weight": torch.ones(3),
    }
    torch.save(state, folder / "embedder.pt")
    return folder


def test_the_mean_is_weighed_and_of_backbones_alone(tmp_path: Path) -> None:
    one, other = finished(tmp_path / "one", 1), finished(tmp_path / "other", 5)

    mean = mean_backbone({one: 3.0, other: 1.0})

    assert set(mean) == {"a"}
    assert mean["a"].tolist() == [2.0, 2.0]


def test_average_takes_weights_from_the_command_line(tmp_path: Path) -> None:
    finished(tmp_path / "one", 1), finished(tmp_path / "other", 5)

    result = CliRunner().invoke(
        app, ["average", "--run", "one=3", "--run", "other", "--out", f"{tmp_path}/mean.pth", "--runs", f"{tmp_path}"]
    )

    assert result.exit_code == 0, result.output
    assert torch.load(tmp_path / "mean.pth", weights_only=True)["a"].tolist() == [2.0, 2.0]


def test_an_invalid_weight_is_named(tmp_path: Path) -> None:
    finished(tmp_path / "one", 1)

    for weight in ("much", "0", "-1", "nan", "inf"):
        result = CliRunner().invoke(
            app, ["average", "--run", f"one={weight}", "--out", f"{tmp_path}/mean.pth", "--runs", f"{tmp_path}"]
        )

        assert isinstance(result.exception, TrainingProblem), weight
        assert f"weight '{weight}'; expected NAME=WEIGHT with a number above 0" in str(result.exception)
        assert not (tmp_path / "mean.pth").exists()


def test_a_run_that_did_not_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()

    with pytest.raises(TrainingProblem, match=r"no .*begun/embedder\.pt; train that run first"):
        mean_backbone({tmp_path / "begun": 1.0})


def filled(value: float) -> nn.Linear:
    module = nn.Linear(2, 2)
    nn.init.constant_(module.weight, value)
    return module


def test_a_mean_of_nothing_leaves_a_module_as_it_is() -> None:
    averaged, module = running_mean(filled(1.0)), filled(7.0)

    take_mean(module, averaged)
    assert module.weight.unique().tolist() == [7.0]
    averaged.update_parameters(filled(3.0))
    take_mean(module, averaged)
    assert module.weight.unique().tolist() == [3.0]
