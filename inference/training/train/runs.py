"""A run's folder: its settings, its curve of losses, and a checkpoint from which it resumes exactly."""

import csv
import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from inference.training.errors import TrainingProblem
from inference.training.settings import DetectSettings, EmbedSettings, differences


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of the run in a folder; raises TrainingProblem if its ``settings.json`` cannot be read."""
    path = folder / "settings.json"
    try:
        found = json.loads(path.read_text())
    except (ValueError, OSError) as exc:
        raise TrainingProblem(f"{path} cannot be read: {exc}") from exc
    if not isinstance(found, dict):
        raise TrainingProblem(f"{path} holds a {type(found).__name__}; expected settings by their names")
    return found


class Run:
    """One training run on disk; a run with the same settings resumes in the same folder."""

    def __init__(self, folder: Path, settings: EmbedSettings | DetectSettings, *, checkpoint_every: int = 200) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.checkpoint, self.checkpoint_every = folder, folder / "checkpoint.pt", checkpoint_every
        mine = json.dumps(dataclasses.asdict(settings), indent=1, sort_keys=True)
        kept = folder / "settings.json"
        if kept.is_file():
            # A setting that did not exist when the run was made had the effect of its default.
            defaults = json.loads(json.dumps(dataclasses.asdict(type(settings)())))
            other = differences(defaults | read_settings(folder), json.loads(mine))
            if other:
                raise TrainingProblem(
                    f"{folder} belongs to a run with other settings: {other}; remove it or name another"
                )
        kept.write_text(mine)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Appends one row to the curve."""
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
        """Keeps a checkpoint if ``steps`` is a multiple of ``checkpoint_every``; safe to interrupt."""
        if steps % self.checkpoint_every:
            return
        state = {name: part.state_dict() for name, part in parts.items()}
        fresh = self.checkpoint.with_suffix(".new")
        gpu = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        torch.save({"step": steps, "rng": torch.get_rng_state(), "gpu rng": gpu, "parts": state}, fresh)
        fresh.rename(self.checkpoint)

    def resume(self, parts: Mapping[str, Any]) -> int:
        """Loads the checkpoint into ``parts``, if there is one; returns the step to go on with."""
        step = self._restore(parts) if self.checkpoint.is_file() else 0
        self._cut_curve(step)
        return step

    def _restore(self, parts: Mapping[str, Any]) -> int:
        kept = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(kept["parts"][name])
        torch.set_rng_state(kept["rng"])
        gpu = kept.get("gpu rng", [])  # older checkpoints have none
        if torch.cuda.is_available() and len(gpu) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(gpu)
        return int(kept["step"])

    def _cut_curve(self, step: int) -> None:
        """Drops the rows from ``step`` on: those steps are repeated."""
        path = self.folder / "curve.csv"
        if not path.is_file():
            return
        rows = path.read_bytes().splitlines(keepends=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"".join(rows[:1] + [row for row in rows[1:] if int(row.partition(b",")[0]) < step]))
        fresh.rename(path)


def cosine(step: int, total: int, *, warmup: int = 20) -> float:
    """The learning rate's factor at a step: a linear warm-up, then half a cosine down to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
