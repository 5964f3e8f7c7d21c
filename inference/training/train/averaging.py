"""Means of weights: of the last steps of a run, and of several runs."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from inference.training.errors import TrainingProblem


def running_mean(module: nn.Module) -> AveragedModel:
    """The plain mean of a module's weights after the steps that it is updated with.

    Not an exponential average: after a short run that would still hold the first weights.
    """
    return AveragedModel(module, avg_fn=_add_to_mean, use_buffers=True)


def _add_to_mean(mean: Tensor, value: Tensor, count: Tensor | int) -> Tensor:
    return mean.lerp(value, 1 / (int(count) + 1)) if value.is_floating_point() else value


def take_mean(module: nn.Module, averaged: AveragedModel) -> None:
    """Sets the module to the mean; leaves it as it is if the mean was never updated."""
    if int(averaged.n_averaged):
        module.load_state_dict(averaged.module.state_dict())


def mean_backbone(runs: Mapping[Path, float]) -> dict[str, Tensor]:
    """The weighted mean of finished runs' backbones, which is good at what each of them is good at.

    Runs that started from the same weights lie in one basin ("Model soups", ICML 2022), so this adds nothing to the
    cost of serving. Their heads cannot be averaged: train one on the result. Raises TrainingProblem if a run has not
    finished.
    """
    total = sum(runs.values())
    mean: dict[str, Tensor] = {}
    for run, weight in runs.items():
        if not (run / "embedder.pt").is_file():
            raise TrainingProblem(f"no {run}/embedder.pt; train that run first")
        kept = torch.load(run / "embedder.pt", map_location="cpu", weights_only=True)
        for name, value in kept.items():
            if name.startswith("backbone.") and value.dtype.is_floating_point:
                own = name.removeprefix("backbone.")
                mean[own] = mean.get(own, 0) + value * (weight / total)
    return mean
