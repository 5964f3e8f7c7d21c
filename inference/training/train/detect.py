"""The detector's training: scenes are drawn in worker processes as they are needed."""

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from inference.images import Pixels
from inference.training.data.wardrobe import FORK, SceneMaker
from inference.training.model.networks import DetectorNetwork
from inference.training.settings import DetectSettings
from inference.training.train.losses import detection_loss
from inference.training.train.runs import Averaged, Run, cosine, device

WEIGHTS = {"surely": 2.0, "what": 1.0, "where": 2.0}
AHEAD = 4  # batches in the making, a worker
Batch = tuple[Pixels, list[tuple[np.ndarray, np.ndarray]]]


def train_detect(
    detector: DetectorNetwork, settings: DetectSettings, *, scenes: SceneMaker, run: Run, workers: int = 1
) -> DetectorNetwork:
    """The detector, trained; its averaged weights are also kept as ``detector.pt``."""
    on = device()
    detector = detector.to(on, memory_format=torch.channels_last).train()
    detector.backbone.to_s16.requires_grad_(settings.middle_rate > 0)
    new = [p for name, p in detector.named_parameters() if not name.startswith("backbone.")]
    groups = [
        {"params": list(detector.backbone.to_s16.parameters()), "lr": settings.middle_rate},
        {"params": list(detector.backbone.to_s32.parameters()), "lr": settings.tail_rate},
        {"params": new, "lr": settings.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, settings.steps))
    averaged = Averaged(detector)
    parts = {"detector": detector, "optimiser": optimiser, "schedule": schedule, "averaged": averaged}
    first = run.resume(parts)
    batches = prefetched(scenes, settings, first_step=first, workers=workers)
    bar = tqdm(range(first, settings.steps), run.folder.name, settings.steps, initial=first, mininterval=5)
    for step, batch in zip(bar, batches, strict=False):
        losses = one_step(detector, batch, optimiser, clip=settings.clip, on=on, bf16=settings.bf16)
        schedule.step()
        if step >= settings.steps - settings.averaged_steps:
            averaged.update(detector)
        if step % 20 == 0:
            run.log(step, losses)
            bar.set_postfix(losses, refresh=False)
        run.save(step + 1, parts)
    batches.close()
    averaged.give_to(detector)
    torch.save(detector.state_dict(), run.folder / "detector.pt")
    run.draw_curve()
    return detector.eval()


def one_step(
    detector: DetectorNetwork,
    batch: Batch,
    optimiser: torch.optim.Optimizer,
    *,
    clip: float,
    on: torch.device,
    bf16: bool,
) -> dict[str, float]:
    """One update; the unweighted losses."""
    pictures, scenes = batch
    truth: list[tuple[Tensor, Tensor]] = [(torch.from_numpy(b), torch.from_numpy(k)) for b, k in scenes]
    with torch.autocast(on.type, torch.bfloat16, enabled=bf16 or on.type == "cuda"):
        seen = detector.look(torch.from_numpy(pictures).to(on))
    losses = detection_loss(detector.read(seen.float()), truth)
    optimiser.zero_grad(set_to_none=True)
    torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum().backward()
    torch.nn.utils.clip_grad_norm_(detector.parameters(), clip)
    optimiser.step()
    return {name: float(losses[name].detach()) if name in losses else 0.0 for name in WEIGHTS}


def prefetched(scenes: SceneMaker, settings: DetectSettings, *, first_step: int, workers: int) -> Iterator[Batch]:
    """Endless batches in order: scenes and their truth; step k's scenes depend on k alone."""
    with ProcessPoolExecutor(workers, FORK, initializer=_open, initargs=(scenes,)) as pool:
        waiting: deque[Future[Batch]] = deque()
        try:
            for step in itertools.count(first_step):
                waiting.append(pool.submit(_batch, step * settings.batch, settings.batch))
                if len(waiting) >= AHEAD * workers:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_maker: SceneMaker | None = None  # one a process of the pool


def _open(scenes: SceneMaker) -> None:
    global _maker  # noqa: PLW0603 - a pool's initializer has no other place to leave what it opened
    cv2.setNumThreads(1)
    _maker = scenes


def _batch(first: int, count: int) -> Batch:
    assert _maker is not None  # noqa: S101 - narrows a type
    made = [_maker.scene(number) for number in range(first, first + count)]
    return np.stack([scene.pixels for scene in made]), [(scene.boxes, scene.labels) for scene in made]
