"""What the frozen part of the backbone makes of every picture, computed once and kept on disk.

A cache belongs to one folder of photos, one backbone, one number of views, one cut and one seed: see `write_manifest`.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inference.images import Pixels
from inference.tensors import EMBED
from inference.training.data.wardrobe import FORK
from inference.training.errors import TrainingProblem
from inference.training.model.networks import Backbone
from inference.training.model.onnx_export import pictures, write_onnx
from inference.training.model.onnx_files import session
from inference.training.settings import differences

CHUNK = 64
Frozen = Callable[[Pixels], tuple[np.ndarray, np.ndarray]]
"""Pictures to their maps at the cut and their pooled features."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The views of some pictures; those of picture i are the rows ``starts[i]`` up to ``starts[i + 1]``."""

    maps: np.ndarray  # (views, ...) float16 maps at the cut, or uint8 pictures if nothing is frozen
    pooled: np.ndarray  # (views, 1280) float16, as the backbone that was given sees them
    starts: np.ndarray  # (n + 1,)

    def numbers(self, rows: np.ndarray, views: np.ndarray | int) -> np.ndarray:
        """Where these views of these pictures lie."""
        return self.starts[rows] + views


class OnDevice:
    """A cache's arrays where training reads them: on the GPU as a whole, or on disk."""

    def __init__(self, cache: Cache, on: torch.device):
        self.on = on
        is_moved = on.type == "cuda"
        self.maps, self.pooled = (torch.from_numpy(np.asarray(a)).to(on) if is_moved else a for a in
                                  (cache.maps, cache.pooled))  # fmt: skip

    def take(self, numbers: np.ndarray, *, pooled: bool = False) -> Tensor:
        """Some rows, on the device; floats, unless they are pictures."""
        source = self.pooled if pooled else self.maps
        if isinstance(source, Tensor):
            rows = source[torch.from_numpy(numbers).to(self.on)]
        else:
            rows = torch.from_numpy(source[numbers])
        return rows if rows.dtype == torch.uint8 else rows.float()


def open_cache(folder: Path, name: str) -> Cache:
    """A cache that `fill` made; raises TrainingProblem if it did not."""
    if not (folder / f"{name}-starts.npy").is_file():
        raise TrainingProblem(f"no {name} in {folder}; run `python -m inference.training prepare` first")
    maps = np.load(folder / f"{name}.npy", mmap_mode="r")
    return Cache(maps, np.load(folder / f"{name}-pooled.npy"), np.load(folder / f"{name}-starts.npy"))


def fill(
    folder: Path, name: str, *, counts: np.ndarray, draw: Callable[[int, int], Pixels], frozen: Frozen, workers: int
) -> None:
    """Draws ``counts[i]`` views of every picture i in worker processes and keeps what the frozen part makes of them.

    The starts are written last: a cache that was cut off is made again.
    """
    if (folder / f"{name}-starts.npy").is_file():
        return
    starts = np.concatenate([[0], np.cumsum(counts)])
    jobs = np.stack([np.repeat(np.arange(len(counts)), counts), np.arange(starts[-1]) - np.repeat(starts[:-1], counts)])
    maps = pooled = None
    first = 0
    for drawn in tqdm(_drawn(draw, jobs, workers), name, -(-jobs.shape[1] // CHUNK), mininterval=5):
        some, features = frozen(drawn)
        if maps is None:
            shape = (jobs.shape[1], *some.shape[1:])
            maps = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", some.dtype, shape)
            pooled = np.zeros((jobs.shape[1], features.shape[1]), np.float16)
        maps[first : first + len(drawn)], pooled[first : first + len(drawn)] = some, features
        first += len(drawn)
    np.save(folder / f"{name}-pooled.npy", pooled)
    np.save(folder / f"{name}-starts.npy", starts)


def _drawn(draw: Callable[[int, int], Pixels], jobs: np.ndarray, workers: int) -> Iterator[Pixels]:
    """Chunks of pictures in order, a few ahead of whoever takes them."""
    chunks = [jobs[:, i : i + CHUNK].T for i in range(0, jobs.shape[1], CHUNK)]
    with ProcessPoolExecutor(workers, FORK, initializer=_open, initargs=(draw,)) as pool:
        waiting = [pool.submit(_draw_chunk, chunk) for chunk in chunks[: 4 * workers]]
        rest = iter(chunks[4 * workers :])
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(_draw_chunk, chunk) for chunk in itertools.islice(rest, 1)]


_draw: Callable[[int, int], Pixels] | None = None  # one a process of the pool


def _open(draw: Callable[[int, int], Pixels]) -> None:
    global _draw  # noqa: PLW0603 - a pool's initializer has no other place to leave what it opened
    cv2.setNumThreads(1)
    _draw = draw


def _draw_chunk(chunk: np.ndarray) -> Pixels:
    assert _draw is not None  # noqa: S101 - narrows a type
    return np.stack([_draw(int(index), int(view)) for index, view in chunk])


class _FrozenPart(nn.Module):
    def __init__(self, backbone: Backbone, cut: str):
        super().__init__()
        self.backbone, self.cut = backbone, cut

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.backbone.run(images, "pixels", self.cut)
        return maps, self.backbone.run(maps, self.cut, "pooled")


def frozen_part(backbone: Backbone, cut: str, folder: Path, *, on: torch.device, threads: int) -> Frozen:
    """The part that stays as it is: by torch on a GPU, else by onnxruntime, which is 3-4 times faster on a CPU."""
    part = _FrozenPart(backbone, cut).eval()
    if on.type == "cuda":
        part = part.to(on, memory_format=torch.channels_last)
        return lambda images: _on_gpu(part, images, on)
    path = folder / f"frozen-{cut}.onnx"
    if not path.is_file():
        outputs = ("maps", "pooled")
        write_onnx(part, path, example=pictures(EMBED.image_size_px), outputs=outputs)
    run = session(path, threads=threads)

    def on_cpu(images: Pixels) -> tuple[np.ndarray, np.ndarray]:
        found = [run.run(None, {"images": images[i : i + 8]}) for i in range(0, len(images), 8)]
        maps, pooled = (np.concatenate(both) for both in zip(*found, strict=True))
        return (images if cut == "pixels" else maps.astype(np.float16)), pooled.astype(np.float16)

    return on_cpu


@torch.inference_mode()
def _on_gpu(part: _FrozenPart, images: Pixels, on: torch.device) -> tuple[np.ndarray, np.ndarray]:
    maps, pooled = part(torch.from_numpy(images).to(on))
    kept = maps if maps.dtype == torch.uint8 else maps.half()
    return kept.contiguous().cpu().numpy(), pooled.half().cpu().numpy()


def add_elsewhere(path: Path, digest: str) -> None:
    """Adds to a manifest which pictures of another domain are cached; raises TrainingProblem if others are."""
    kept = json.loads(path.read_text())
    if kept.get("elsewhere") is not None:
        check_elsewhere(path.parent, kept["elsewhere"], digest)
    path.write_text(json.dumps(kept | {"elsewhere": digest}))


def check_elsewhere(where: Path, kept: str | None, digest: str) -> None:
    """Raises TrainingProblem unless what ``where`` keeps of another domain is of these pictures."""
    if kept != digest:
        raise TrainingProblem(
            f"{where} keeps {'nothing' if kept is None else f'pictures of SHA-256 {kept}'} of another domain, and "
            f"--elsewhere has {digest}; give it as `prepare` had it, or another --runs"
        )


def write_manifest(path: Path, names: list[str], facts: dict[str, Any]) -> None:
    """What the caches were made from; raises TrainingProblem if ``path`` says something else."""
    now = {"pictures": hashlib.sha256("\n".join(names).encode()).hexdigest(), **facts}
    other = differences(json.loads(path.read_text()), now) if path.is_file() else ""
    if other:
        raise TrainingProblem(f"{path.parent} was made from something else: {other}; remove it or name another")
    path.write_text(json.dumps(now))
