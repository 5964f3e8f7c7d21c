"""The embedding's training: the head alone on pooled maps, then tail and head together, then a rotation."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inference.training.data import DOMAINS, embed_batches
from inference.training.export import write_onnx
from inference.training.graphs import session
from inference.training.losses import TaskProxies
from inference.training.model import POOLED, Embedder
from inference.training.runs import Averaged, Run, cosine, device
from inference.training.settings import EmbedSettings


@dataclass(frozen=True, slots=True)
class Views:
    """Cached maps of the photos that train, and what is known about each."""

    maps: np.ndarray  # (photos * views, 112, 14, 14) float16, a photo's views one after another
    pooled: np.ndarray  # (photos * views, 1280) float16, as the frozen tail sees them
    rows: np.ndarray  # (n,) which photos train
    labels: np.ndarray  # (n,) category of each, -1 unknown

    def targets(self, at: np.ndarray, tasks: Iterable[str]) -> dict[str, Tensor]:
        """What each task asks of the photos ``rows[at]``, ``(k,)`` each."""
        known = {"category": self.labels, "instance": np.arange(len(self.rows))}
        return {task: torch.from_numpy(known[task][at]) for task in tasks}

    def numbers(self, at: np.ndarray, views: np.ndarray) -> np.ndarray:
        """Where the maps of ``rows[at]`` in these views lie."""
        return self.rows[at] * len(DOMAINS) + views


def train_embed(embedder: Embedder, settings: EmbedSettings, *, views: Views, run: Run) -> Embedder:
    """The embedder, trained; its averaged weights are also kept as ``embedder.pt``."""
    on = device()
    embedder = embedder.to(on, memory_format=torch.channels_last)
    classes = {"category": int(views.labels.max()) + 1, "instance": len(views.rows)}
    proxies = TaskProxies(
        {task: classes[task] for task in settings.tasks},
        settings.bits,
        temperature=settings.temperature,
        sampled=settings.sampled_proxies,
    ).to(on)
    optimisers = {
        "head": head_optimiser(embedder, proxies, settings),
        "all": whole_optimiser(embedder, proxies, settings),
    }
    averaged = Averaged(embedder)
    parts = {"embedder": embedder, "proxies": proxies, "averaged": averaged, **optimisers}
    first, total = run.resume(parts), settings.head_steps + settings.steps
    batches = embed_batches(
        views.labels, photos_per_batch=settings.photos_per_batch, seed=settings.seed, first_step=first
    )
    bar = tqdm(range(first, total), run.folder.name, total, initial=first, mininterval=5)
    for step, (at, kinds) in zip(bar, batches, strict=False):
        is_head = step < settings.head_steps
        optimiser = optimisers["head" if is_head else "all"]
        factor = cosine(step, settings.head_steps) if is_head else cosine(step - settings.head_steps, settings.steps)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        source = views.pooled if is_head else views.maps
        x = torch.from_numpy(source[views.numbers(at, kinds)]).float().to(on)
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        targets = {task: t.to(on) for task, t in views.targets(at, settings.tasks).items()}
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            embeddings = embedder.train().head(x) if is_head else embedder.train()(x)
        losses = proxies(embeddings.float(), targets, generator)
        one_step(losses, optimiser, clip=settings.clip)
        if not is_head and step >= total - settings.averaged_steps:
            averaged.update(embedder)
        if step % 20 == 0:
            run.log(step, {task: float(loss.detach()) for task, loss in losses.items()})
        if step % 200 == 199:
            run.save(step + 1, parts)
    if averaged.count:
        embedder.load_state_dict(averaged.state)
    torch.save(embedder.state_dict(), run.folder / "embedder.pt")
    run.draw_curve()
    return embedder.eval()


def one_step(losses: dict[str, Tensor], optimiser: torch.optim.Optimizer, *, clip: float) -> None:
    """One update; the tasks weigh the same."""
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).mean().backward()
    torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], clip)
    optimiser.step()


def head_optimiser(embedder: Embedder, proxies: nn.Module, settings: EmbedSettings) -> torch.optim.Optimizer:
    """For the first phase: only the projection and the proxies move."""
    return _adamw((embedder.head, settings.head_rate), (proxies, settings.head_proxy_rate))


def whole_optimiser(embedder: Embedder, proxies: nn.Module, settings: EmbedSettings) -> torch.optim.Optimizer:
    """For the second phase."""
    return _adamw(
        (embedder.tail, settings.tail_rate), (embedder.head, settings.tuned_head_rate), (proxies, settings.proxy_rate)
    )


def _adamw(*parts: tuple[nn.Module, float]) -> torch.optim.Optimizer:
    groups = [{"params": list(module.parameters()), "lr": rate, "peak": rate} for module, rate in parts]
    return torch.optim.AdamW(groups, weight_decay=1e-2)


# --- bits -----------------------------------------------------------------------------------------


@torch.inference_mode()
def embed_maps(embedder: Embedder, maps: np.ndarray, *, batch: int = 64) -> np.ndarray:
    """Embeddings of cached maps, ``(n, bits) float32``."""
    on = next(embedder.parameters()).device
    found = [
        embedder.eval()(torch.from_numpy(maps[i : i + batch]).float().to(on)).cpu().numpy()
        for i in range(0, len(maps), batch)
    ]
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


def folded(embedder: Embedder, rotation: np.ndarray) -> tuple[Tensor, Tensor]:
    """Weight and bias of one linear map whose signs are those of the rotated embedding.

    The last LayerNorm subtracts the mean, which is linear, and divides by a positive number, which
    moves no sign; both it and the rotation therefore fit into the projection.
    """
    weight, bias = embedder.head.project.weight.detach().double(), embedder.head.project.bias.detach().double()
    bits = len(bias)
    centre = torch.eye(bits, dtype=torch.float64) - 1 / bits if embedder.head.normalise else torch.eye(bits).double()
    turn = torch.from_numpy(rotation).double().T @ centre
    return (turn @ weight.cpu()).float(), (turn @ bias.cpu()).float()


def pool_maps(tail: nn.Module, maps: np.ndarray, path: Path, *, threads: int) -> np.ndarray:
    """What the frozen tail makes of cached maps, ``(n, 1280) float16``, from ``path`` if it is there."""
    if not path.is_file():
        graph = write_onnx(
            tail, path.with_suffix(".onnx"), example=torch.zeros(2, *maps.shape[1:]), outputs=("pooled",)
        )
        run = session(graph, threads=threads)
        pooled = np.zeros((len(maps), POOLED), np.float16)
        for i in tqdm(range(0, len(maps), 64), path.stem, mininterval=5):
            pooled[i : i + 64] = run.run(None, {"images": maps[i : i + 64].astype(np.float32)})[0]
        np.save(path, pooled)
        graph.unlink()
    return np.load(path)
