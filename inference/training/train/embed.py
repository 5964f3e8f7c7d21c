"""The embedding's training: first the head alone on pooled features, then everything after the cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from tqdm import tqdm

from inference.training.arrays import Ints
from inference.training.data.batches import broad_batches, embed_batches
from inference.training.data.photos import UNKNOWN
from inference.training.model.embedder import EmbedderNetwork
from inference.training.settings import EmbedSettings
from inference.training.train.averaging import running_mean, take_mean
from inference.training.train.cache import CachedViews, DeviceCache
from inference.training.train.embed_losses import TaskProxies, neighbour_divergence
from inference.training.train.runs import Run, cosine, device


@dataclass(frozen=True, slots=True)
class TrainingViews:
    """The cached views that an embedding trains on, and the photos' labels."""

    photos: CachedViews
    broad: CachedViews
    cut: str  # where the cached maps were taken
    per_photo: int  # views of each photo that trains
    rows: Ints  # (n,) which photos train
    labels: Ints  # (n,) -1 unknown

    @property
    def per_broad(self) -> int:
        """Views of each broad picture."""
        return int(self.broad.starts[1])

    def classes(self) -> dict[str, int]:
        """The number of classes, and so of proxies, of each task."""
        return {
            "category": int(self.labels.max()) + 1,
            "instance": len(self.rows),
            "browse": len(self.broad.starts) - 1,
        }


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Rows of the two caches, photos first, and each task's targets for them, -1 where a task does not apply."""

    rows: tuple[Ints, Ints]
    targets: dict[str, Tensor]


def make_batches(views: TrainingViews, settings: EmbedSettings, *, first_step: int) -> Iterator[TrainingBatch]:
    """Endless; step k's batch depends on the seed and k alone."""
    photos = embed_batches(
        views.labels,
        views=views.per_photo,
        photos_per_batch=settings.photos_per_batch,
        seed=settings.seed,
        first_step=first_step,
    )
    pictures = broad_batches(
        views.classes()["browse"],
        views=views.per_broad,
        pictures_per_batch=settings.broad_per_batch,
        seed=settings.seed,
        first_step=first_step,
    )
    for (at, seen), (broad, broad_seen) in zip(photos, pictures, strict=True):
        no_photo, no_broad = np.full(len(broad), UNKNOWN), np.full(len(at), UNKNOWN)
        known = {
            "category": (views.labels[at], no_photo),
            "instance": (at, no_photo),
            "browse": (no_broad, broad),
        }
        targets: dict[str, Tensor] = {task: torch.from_numpy(np.concatenate(known[task])) for task in settings.tasks}
        rows = views.photos.rows_of(views.rows[at], seen), views.broad.rows_of(broad, broad_seen)
        yield TrainingBatch(rows, targets)


def train_embed(
    embedder: EmbedderNetwork, settings: EmbedSettings, *, views: TrainingViews, run: Run
) -> EmbedderNetwork:
    """Trains the embedder; its averaged weights are also kept as ``embedder.pt``."""
    on = device()
    embedder = embedder.to(on).to(memory_format=torch.channels_last)
    classes: dict[str, int] = {task: count for task, count in views.classes().items() if task in settings.tasks}
    proxies = TaskProxies(
        classes, settings.bits, temperature=settings.temperature, sampled=settings.sampled_proxies
    ).to(on)
    optimisers = {
        "head": head_optimiser(embedder, proxies, settings),
        "all": whole_optimiser(embedder, proxies, settings),
    }
    averaged = running_mean(embedder)
    parts = {"embedder": embedder, "proxies": proxies, "averaged": averaged, **optimisers}
    first, total = run.resume(parts), settings.head_steps + settings.steps
    caches = DeviceCache(views.photos, on), DeviceCache(views.broad, on)
    bar = tqdm(range(first, total), run.folder.name, total, initial=first, mininterval=5)
    for step, batch in zip(bar, make_batches(views, settings, first_step=first), strict=False):
        is_head = step < settings.head_steps
        done, of = (step, settings.head_steps) if is_head else (step - settings.head_steps, settings.steps)
        embedder.train()
        embeddings, pooled = _forward(embedder, batch, caches, cut=None if is_head else views.cut)
        if settings.sharpness:
            embeddings = torch.tanh(embeddings * (1 + settings.sharpness * done / of))
        # A generator per step, not per run: a resumed run must sample the same proxies.
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        losses = proxies(embeddings, {task: t.to(on) for task, t in batch.targets.items()}, generator)
        losses = weigh(losses, settings, embeddings=embeddings, pooled=pooled)
        take_step(losses, optimisers["head" if is_head else "all"], factor=cosine(done, of), clip=settings.clip)
        if not is_head and step >= total - settings.averaged_steps:
            averaged.update_parameters(embedder)
        if step % 20 == 0:
            run.log(step, {name: float(loss.detach()) for name, loss in losses.items()})
        run.save(step + 1, parts)
    take_mean(embedder, averaged)
    torch.save(embedder.state_dict(), run.folder / "embedder.pt")
    run.draw_curve()
    return embedder.eval()


def _forward(
    embedder: EmbedderNetwork, batch: TrainingBatch, caches: tuple[DeviceCache, DeviceCache], *, cut: str | None
) -> tuple[Tensor, Tensor]:
    """A batch's embeddings ``(n, bits)`` and the frozen backbone's pooled features ``(n, 1280)``.

    Without a cut only the head runs, on those features.
    """
    on = next(embedder.parameters()).device
    pooled = torch.cat([cache.pooled_rows(n) for cache, n in zip(caches, batch.rows, strict=True)])
    with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
        if cut is None:
            embeddings = embedder.head(pooled)
        else:
            maps = torch.cat([cache.map_rows(n) for cache, n in zip(caches, batch.rows, strict=True)])
            embeddings = embedder(maps.contiguous(memory_format=torch.channels_last), cut)
    return embeddings.float(), pooled


def weigh(
    losses: dict[str, Tensor], settings: EmbedSettings, *, embeddings: Tensor, pooled: Tensor
) -> dict[str, Tensor]:
    """The tasks' losses times their weights, and that of the frozen backbone's neighbours if they are to be kept."""
    weighed = {task: (settings.category_weight if task == "category" else 1.0) * loss for task, loss in losses.items()}
    if settings.neighbours:
        teacher = functional.layer_norm(pooled, pooled.shape[-1:])
        weighed["neighbours"] = settings.neighbours * neighbour_divergence(embeddings, teacher)
    return weighed


def take_step(losses: dict[str, Tensor], optimiser: Optimizer, *, factor: float, clip: float) -> None:
    """One update on the sum of the losses, at ``factor`` of the peak rates."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], clip)
    optimiser.step()


def head_optimiser(embedder: EmbedderNetwork, proxies: nn.Module, settings: EmbedSettings) -> Optimizer:
    """For the first phase: only the projection and the proxies are trained."""
    return _adamw((embedder.head.parameters(), settings.head_rate), (proxies.parameters(), settings.head_proxy_rate))


def whole_optimiser(embedder: EmbedderNetwork, proxies: nn.Module, settings: EmbedSettings) -> Optimizer:
    """For the second phase."""
    return _adamw(
        (embedder.backbone.parameters_after(embedder.cut), settings.trunk_rate),
        (embedder.head.parameters(), settings.tuned_head_rate),
        (proxies.parameters(), settings.proxy_rate),
    )


def _adamw(*parts: tuple[Iterable[nn.Parameter], float]) -> Optimizer:
    groups = [{"params": list(weights), "lr": rate, "peak": rate} for weights, rate in parts]
    return torch.optim.AdamW(groups, weight_decay=1e-2)
