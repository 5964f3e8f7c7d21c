"""The embedding's training: the head alone on pooled features, then what lies behind the cut, then a rotation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from inference.training.data.wardrobe import broad_batches, embed_batches
from inference.training.model.networks import EmbedderNetwork
from inference.training.settings import EmbedSettings
from inference.training.train.cache import Cache, OnDevice
from inference.training.train.losses import UNKNOWN, TaskProxies, neighbourhood
from inference.training.train.runs import Averaged, Run, cosine, device


@dataclass(frozen=True, slots=True)
class Views:
    """Cached views of what trains, and what is known about each photo."""

    photos: Cache
    broad: Cache
    cut: str  # where the caches' maps were taken
    per_photo: int  # views of each photo that trains
    rows: np.ndarray  # (n,) which photos train
    labels: np.ndarray  # (n,) category of each, -1 unknown

    @property
    def per_broad(self) -> int:
        """Views of each broad picture."""
        return int(self.broad.starts[1])

    def classes(self) -> dict[str, int]:
        """How many proxies each task could have."""
        return {
            "category": int(self.labels.max()) + 1,
            "instance": len(self.rows),
            "browse": len(self.broad.starts) - 1,
        }


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Photos and after them broad pictures, by where their views lie; targets are -1 for what a row is not."""

    numbers: tuple[np.ndarray, np.ndarray]
    targets: dict[str, Tensor]


def batches(views: Views, settings: EmbedSettings, *, first_step: int) -> Iterator[TrainingBatch]:
    """Endless; step k's batch depends on the seed and k alone."""
    seed = settings.seed
    mine = embed_batches(
        views.labels,
        views=views.per_photo,
        photos_per_batch=settings.photos_per_batch,
        seed=seed,
        first_step=first_step,
    )
    others = broad_batches(
        views.classes()["browse"],
        views=views.per_broad,
        pictures_per_batch=settings.broad_per_batch,
        seed=seed,
        first_step=first_step,
    )
    for (at, seen), (broad, broad_seen) in zip(mine, others, strict=True):
        nobody = [np.full(len(part), UNKNOWN) for part in (at, broad)]
        known = {"category": (views.labels[at], nobody[1]), "instance": (at, nobody[1]), "browse": (nobody[0], broad)}
        targets = {task: torch.from_numpy(np.concatenate(known[task])) for task in settings.tasks}
        yield TrainingBatch(
            (views.photos.numbers(views.rows[at], seen), views.broad.numbers(broad, broad_seen)), targets
        )


def train_embed(embedder: EmbedderNetwork, settings: EmbedSettings, *, views: Views, run: Run) -> EmbedderNetwork:
    """The embedder, trained; its averaged weights are also kept as ``embedder.pt``."""
    on = device()
    embedder = embedder.to(on, memory_format=torch.channels_last)
    classes = {task: count for task, count in views.classes().items() if task in settings.tasks}
    proxies = TaskProxies(
        classes, settings.bits, temperature=settings.temperature, sampled=settings.sampled_proxies
    ).to(on)
    optimisers = {
        "head": head_optimiser(embedder, proxies, settings),
        "all": whole_optimiser(embedder, proxies, settings),
    }
    averaged = Averaged(embedder)
    parts = {"embedder": embedder, "proxies": proxies, "averaged": averaged, **optimisers}
    first, total = run.resume(parts), settings.head_steps + settings.steps
    sources = OnDevice(views.photos, on), OnDevice(views.broad, on)
    bar = tqdm(range(first, total), run.folder.name, total, initial=first, mininterval=5)
    for step, batch in zip(bar, batches(views, settings, first_step=first), strict=False):
        is_head = step < settings.head_steps
        done, of = (step, settings.head_steps) if is_head else (step - settings.head_steps, settings.steps)
        embedder.train()
        pooled = torch.cat([s.take(n, pooled=True) for s, n in zip(sources, batch.numbers, strict=True)])
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            if is_head:
                embeddings = embedder.head(pooled)
            else:
                maps = torch.cat([s.take(n) for s, n in zip(sources, batch.numbers, strict=True)])
                embeddings = embedder(maps.contiguous(memory_format=torch.channels_last), views.cut)
        embeddings = embeddings.float()
        if settings.sharpness:
            embeddings = torch.tanh(embeddings * (1 + settings.sharpness * done / of))
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        losses = proxies(embeddings, {task: t.to(on) for task, t in batch.targets.items()}, generator)
        weigh(losses, settings, embeddings=embeddings, pooled=pooled)
        one_step(losses, optimisers["head" if is_head else "all"], factor=cosine(done, of), clip=settings.clip)
        if not is_head and step >= total - settings.averaged_steps:
            averaged.update(embedder)
        if step % 20 == 0:
            run.log(step, {name: float(loss.detach()) for name, loss in losses.items()})
        run.save(step + 1, parts)
    averaged.give_to(embedder)
    torch.save(embedder.state_dict(), run.folder / "embedder.pt")
    run.draw_curve()
    return embedder.eval()


def weigh(losses: dict[str, Tensor], settings: EmbedSettings, *, embeddings: Tensor, pooled: Tensor) -> None:
    """Gives the tasks their weights, and adds the frozen backbone's neighbours if they are to be kept; in place."""
    if "category" in losses:
        losses["category"] = settings.category_weight * losses["category"]
    if settings.neighbours:
        teacher = functional.layer_norm(pooled, pooled.shape[-1:])
        losses["neighbours"] = settings.neighbours * neighbourhood(embeddings, teacher)


def one_step(losses: dict[str, Tensor], optimiser: torch.optim.Optimizer, *, factor: float, clip: float) -> None:
    """One update on the sum of the losses, at ``factor`` of the peak rates."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], clip)
    optimiser.step()


def head_optimiser(embedder: EmbedderNetwork, proxies: nn.Module, settings: EmbedSettings) -> torch.optim.Optimizer:
    """For the first phase: only the projection and the proxies move."""
    return _adamw((embedder.head.parameters(), settings.head_rate), (proxies.parameters(), settings.head_proxy_rate))


def whole_optimiser(embedder: EmbedderNetwork, proxies: nn.Module, settings: EmbedSettings) -> torch.optim.Optimizer:
    """For the second phase."""
    return _adamw(
        (embedder.backbone.learning(embedder.cut), settings.trunk_rate),
        (embedder.head.parameters(), settings.tuned_head_rate),
        (proxies.parameters(), settings.proxy_rate),
    )


def _adamw(*parts: tuple[Iterable[nn.Parameter], float]) -> torch.optim.Optimizer:
    groups = [{"params": list(weights), "lr": rate, "peak": rate} for weights, rate in parts]
    return torch.optim.AdamW(groups, weight_decay=1e-2)


# --- bits -----------------------------------------------------------------------------------------


@torch.inference_mode()
def embed_maps(embedder: EmbedderNetwork, maps: np.ndarray, at: str, *, batch: int = 64) -> np.ndarray:
    """Embeddings of maps of the point ``at``, ``(n, bits) float32``."""
    on = next(embedder.parameters()).device
    found = []
    for i in range(0, len(maps), batch):
        some = torch.from_numpy(np.ascontiguousarray(maps[i : i + batch])).to(on)
        found.append(embedder.eval()(some if at == "pixels" else some.float(), at).float().cpu().numpy())
    return np.concatenate(found)


def itq_rotation(vectors: np.ndarray, *, rounds: int = 60, seed: int = 0) -> np.ndarray:
    """The rotation ``(d, d)`` that brings vectors closest to their signs: iterative quantisation
    (Gong and Lazebnik, CVPR 2011) without centring and without PCA. Codes are ``vectors @ rotation > 0``.
    """
    v = vectors.astype(np.float64)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(v.shape[1], v.shape[1])))
    for _ in range(rounds):
        u, _, wt = np.linalg.svd(v.T @ np.sign(v @ rotation))
        rotation = u @ wt
    return rotation.astype(np.float32)


def folded(embedder: EmbedderNetwork, rotation: np.ndarray) -> tuple[Tensor, Tensor]:
    """Weight and bias of one linear map whose signs are those of the rotated embedding.

    The last LayerNorm subtracts the mean, which is linear, and divides by a positive number, which
    moves no sign; both it and the rotation therefore fit into the projection.
    """
    weight, bias = embedder.head.project.weight.detach().double(), embedder.head.project.bias.detach().double()
    bits = len(bias)
    centre = torch.eye(bits, dtype=torch.float64) - 1 / bits if embedder.head.normalise else torch.eye(bits).double()
    turn = torch.from_numpy(rotation).double().T @ centre
    return (turn @ weight.cpu()).float(), (turn @ bias.cpu()).float()
