"""A run's folder: its settings, its curve, and checkpoints from which it goes on as if it had not stopped."""

import csv
import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inference.training.errors import TrainingProblem
from inference.training.settings import differences


def kept_settings(folder: Path) -> dict[str, Any]:
    """What the run in a folder was told; raises TrainingProblem if its ``settings.json`` cannot be read."""
    path = folder / "settings.json"
    try:
        found = json.loads(path.read_text())
    except (ValueError, OSError) as exc:
        raise TrainingProblem(f"{path} cannot be read: {exc}") from exc
    if not isinstance(found, dict):
        raise TrainingProblem(f"{path} holds a {type(found).__name__}; expected settings by their names")
    return found


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    return dict(json.loads(json.dumps(settings)))


class Run:
    """One training run on disk; the same settings find the same folder again."""

    def __init__(self, folder: Path, settings: Any, *, checkpoint_every: int = 200):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.checkpoint, self.checkpoint_every = folder, folder / "checkpoint.pt", checkpoint_every
        mine = json.dumps(dataclasses.asdict(settings), indent=1, sort_keys=True)
        kept = folder / "settings.json"
        if kept.is_file():
            usual = dataclasses.asdict(type(settings)())  # what a setting was before there was one
            other = differences(_plain(usual) | kept_settings(folder), json.loads(mine))
            if other:
                raise TrainingProblem(
                    f"{folder} belongs to a run with other settings: {other}; remove it or name another"
                )
        kept.write_text(mine)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One row of the curve."""
        path = self.folder / "curve.csv"
        is_new = not path.is_file()
        with path.open("a", newline="") as out:
            writer = csv.writer(out)
            if is_new:
                writer.writerow(["step", *values])
            writer.writerow([step, *(f"{v:.5f}" for v in values.values())])

    def draw_curve(self) -> None:
        """``curve.png`` from ``curve.csv``."""
        import matplotlib  # noqa: PLC0415 - half a second that other commands need not pay

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt  # noqa: PLC0415

        with (self.folder / "curve.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        figure, axes = plt.subplots(figsize=(7, 4))
        for name in (n for n in rows[0] if n != "step"):
            axes.plot([int(r["step"]) for r in rows], [float(r[name]) for r in rows], label=name, linewidth=1)
        axes.set(xlabel="step", ylabel="loss", title=self.folder.name)
        axes.legend()
        figure.savefig(self.folder / "curve.png", dpi=110)
        plt.close(figure)

    def save(self, steps: int, parts: Mapping[str, Any]) -> None:
        """Keeps a checkpoint after every so many steps done, whole or not at all."""
        if steps % self.checkpoint_every:
            return
        state = {name: part.state_dict() for name, part in parts.items()}
        fresh = self.checkpoint.with_suffix(".new")
        gpu = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        torch.save({"step": steps, "rng": torch.get_rng_state(), "gpu rng": gpu, "parts": state}, fresh)
        fresh.rename(self.checkpoint)

    def resume(self, parts: Mapping[str, Any]) -> int:
        """Loads the checkpoint into ``parts``, if there is one; the step to go on with, from which the curve is cut."""
        step = self._restore(parts) if self.checkpoint.is_file() else 0
        self._cut_curve(step)
        return step

    def _restore(self, parts: Mapping[str, Any]) -> int:
        kept = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(kept["parts"][name])
        torch.set_rng_state(kept["rng"])
        gpu = kept.get("gpu rng", [])  # older checkpoints tell nothing of it
        if torch.cuda.is_available() and len(gpu) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(gpu)
        return int(kept["step"])

    def _cut_curve(self, step: int) -> None:
        """Drops the rows from ``step`` on: they are of steps that come again."""
        path = self.folder / "curve.csv"
        if not path.is_file():
            return
        rows = path.read_bytes().splitlines(keepends=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"".join(rows[:1] + [row for row in rows[1:] if int(row.partition(b",")[0]) < step]))
        fresh.rename(path)


class Averaged:
    """The plain mean of a module's state over the steps it was shown: what is kept in the end.

    It is shown the last steps only; an exponential average of a short run still holds its first weights.
    """

    def __init__(self, module: nn.Module):
        self.count = 0
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def update(self, module: nn.Module) -> None:
        """Takes the module as it is now into the mean."""
        self.count += 1
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value.detach(), 1 / self.count)
            else:
                self.state[name].copy_(value)

    def give_to(self, module: nn.Module) -> None:
        """Sets the module to the mean, or leaves it as it is if nothing was shown."""
        if self.count:
            module.load_state_dict(self.state)

    def state_dict(self) -> dict[str, Any]:
        """The mean in the module's own names, and how many steps it is of."""
        return {"count": self.count, "state": self.state}

    def load_state_dict(self, kept: Mapping[str, Any]) -> None:
        """Takes over a kept mean."""
        self.count = kept["count"]
        for name, value in kept["state"].items():
            self.state[name].copy_(value)


def averaged_backbone(runs: Mapping[Path, float]) -> dict[str, torch.Tensor]:
    """The weighted mean of finished runs' backbones: a backbone that is good at what each of them is good at.

    Runs that began with the same weights lie in one basin ("Model soups", ICML 2022), so nothing is added to what
    serving costs. Their heads do not mix: train one anew on the result. Raises TrainingProblem if a run did not end.
    """
    total, mean = sum(runs.values()), {}
    for run, weight in runs.items():
        if not (run / "embedder.pt").is_file():
            raise TrainingProblem(f"no {run}/embedder.pt; train that run first")
        kept = torch.load(run / "embedder.pt", map_location="cpu", weights_only=True)
        for name, value in kept.items():
            if name.startswith("backbone.") and value.dtype.is_floating_point:
                own = name.removeprefix("backbone.")
                mean[own] = mean.get(own, 0) + value * (weight / total)
    return mean


def cosine(step: int, total: int, *, warmup: int = 20) -> float:
    """The learning rate's factor at a step: a short linear rise, then half a cosine down to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
