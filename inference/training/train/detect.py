"""The detector's training: worker processes draw the scenes as they are needed."""

import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from inference.images import Pixels
from inference.training.arrays import Floats, Ints
from inference.training.data.scenes import Scene
from inference.training.data.workers import make_ahead
from inference.training.errors import TrainingProblem
from inference.training.model.detector import DetectorNetwork
from inference.training.model.onnx_import import import_detector
from inference.training.settings import DetectSettings
from inference.training.train.averaging import running_mean, take_mean
from inference.training.train.detect_losses import detection_loss
from inference.training.train.runs import Run, cosine, device

LOSS_WEIGHTS = {"objectness": 2.0, "label": 1.0, "box": 2.0}
NORM_PICTURES = 32
"""Scenes from which an imported detector's batch norms take their statistics: as many as two batches hold."""
SceneBatch = tuple[Pixels, list[tuple[Floats, Ints]]]
"""Scenes ``(n, 320, 320, 3)``, and each one's boxes and labels."""


class NumberedScenes(Protocol):
    def scene(self, number: int) -> Scene:
        """The same scene for the same number."""
        ...


def train_detect(
    detector: DetectorNetwork, settings: DetectSettings, *, scenes: NumberedScenes, run: Run, workers: int = 1
) -> DetectorNetwork:
    """Trains the detector; its averaged weights are also kept as ``detector.pt``."""
    on = device()
    detector = detector.to(on).to(memory_format=torch.channels_last).train()
    optimiser = _optimiser(detector, settings)
    schedule = LambdaLR(optimiser, lambda step: cosine(step, settings.steps))
    averaged = running_mean(detector)
    parts = {"detector": detector, "optimiser": optimiser, "schedule": schedule, "averaged": averaged}
    first = run.resume(parts)
    batches = make_scene_batches(scenes, settings, first_step=first, workers=workers)
    bar = tqdm(range(first, settings.steps), run.folder.name, settings.steps, initial=first, mininterval=5)
    for step, batch in zip(bar, batches, strict=False):
        losses = take_step(detector, batch, optimiser, settings=settings, on=on)
        schedule.step()
        if step >= settings.steps - settings.averaged_steps:
            averaged.update_parameters(detector)
        if step % 20 == 0:
            run.log(step, losses)
            bar.set_postfix(losses, refresh=False)
        run.save(step + 1, parts)
    batches.close()
    take_mean(detector, averaged)
    torch.save(detector.state_dict(), run.folder / "detector.pt")
    run.draw_curve()
    return detector.eval()


def _optimiser(detector: DetectorNetwork, settings: DetectSettings) -> Optimizer:
    detector.backbone.to_s16.requires_grad_(settings.middle_rate > 0)
    new = [p for name, p in detector.named_parameters() if not name.startswith("backbone.")]
    groups = [
        {"params": list(detector.backbone.to_s16.parameters()), "lr": settings.middle_rate},
        {"params": list(detector.backbone.to_s32.parameters()), "lr": settings.tail_rate},
        {"params": new, "lr": settings.head_rate},
    ]
    return AdamW(groups, weight_decay=1e-2)


def take_step(
    detector: DetectorNetwork, batch: SceneBatch, optimiser: Optimizer, *, settings: DetectSettings, on: torch.device
) -> dict[str, float]:
    """One update; returns the losses without their weights."""
    pictures, scenes = batch
    truth = [(torch.from_numpy(boxes), torch.from_numpy(labels)) for boxes, labels in scenes]
    with torch.autocast(on.type, torch.bfloat16, enabled=settings.bf16 or on.type == "cuda"):
        features = detector.features(torch.from_numpy(pictures).to(on))
    # Outside autocast: a box in bfloat16 would be some pixels off.
    losses = detection_loss(detector.predict(features.float()), truth)
    optimiser.zero_grad(set_to_none=True)
    torch.stack([LOSS_WEIGHTS[name] * loss for name, loss in losses.items()]).sum().backward()
    torch.nn.utils.clip_grad_norm_(detector.parameters(), settings.clip)
    optimiser.step()
    return {name: float(losses[name].detach()) if name in losses else 0.0 for name in LOSS_WEIGHTS}


def make_scene_batches(
    scenes: NumberedScenes, settings: DetectSettings, *, first_step: int, workers: int
) -> Generator[SceneBatch, None, None]:
    """Endless batches in order; step k's scenes depend on k alone."""

    def make(step: int) -> SceneBatch:
        made = [scenes.scene(number) for number in range(step * settings.batch, (step + 1) * settings.batch)]
        return np.stack([scene.pixels for scene in made]), [(scene.boxes, scene.labels) for scene in made]

    return make_ahead(make, itertools.count(first_step), workers=workers)


def load_start(detector: DetectorNetwork, start: str, *, runs: Path, scenes: NumberedScenes) -> None:
    """Loads the weights of a finished run by name, or of an ONNX file by path; raises TrainingProblem without them."""
    path = Path(start) if start.endswith(".onnx") else runs / start / "detector.pt"
    if not path.is_file():
        raise TrainingProblem(f"start: no {path}; train that run first, or give the path of a detector's .onnx")
    if path.suffix == ".pt":
        detector.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    else:
        pictures = np.stack([scenes.scene(number).pixels for number in range(NORM_PICTURES)])
        import_detector(detector, path, pictures=pictures)
