"""What the frozen part of the backbone makes of every picture, computed once and kept on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inference.images import Pixels
from inference.onnx_models import open_session
from inference.tensors import EMBED
from inference.training.arrays import Floats, Ints
from inference.training.data.workers import make_ahead
from inference.training.errors import TrainingProblem
from inference.training.model.backbone import Backbone
from inference.training.model.onnx_export import example_pictures, write_onnx

CHUNK = 64
Maps = npt.NDArray[Any]
"""``(n, ...)``: float16 maps at the cut, or uint8 pictures if nothing is frozen."""
Frozen = Callable[[Pixels], tuple[Maps, Floats]]
"""Pictures to their maps at the cut and their pooled features."""


@dataclass(frozen=True, slots=True)
class CachedViews:
    """The views of some pictures; those of picture i are the rows ``starts[i]`` up to ``starts[i + 1]``."""

    maps: Maps
    pooled: Floats  # (views, 1280) float16, by the backbone as it was given
    starts: Ints  # (n + 1,)

    def rows_of(self, pictures: Ints, views: Ints | int) -> Ints:
        """The rows of these views of these pictures."""
        return np.asarray(self.starts[pictures] + views)


class DeviceCache:
    """Cached views for training: all of them in GPU memory, or read from disk on a CPU."""

    def __init__(self, views: CachedViews, on: torch.device) -> None:
        self._on = on
        self._maps, self._pooled = self._place(views.maps), self._place(views.pooled)

    def map_rows(self, rows: Ints) -> Tensor:
        """Floats, unless the cached views are pictures."""
        return self._take(self._maps, rows)

    def pooled_rows(self, rows: Ints) -> Tensor:
        return self._take(self._pooled, rows)

    def _place(self, values: Maps) -> Tensor | Maps:
        return torch.from_numpy(np.asarray(values)).to(self._on) if self._on.type == "cuda" else values

    def _take(self, source: Tensor | Maps, rows: Ints) -> Tensor:
        if isinstance(source, Tensor):
            taken = source[torch.from_numpy(rows).to(self._on)]
        else:
            taken = torch.from_numpy(source[rows])
        return taken if taken.dtype == torch.uint8 else taken.float()


def open_views(folder: Path, name: str) -> CachedViews:
    """Views that `cache_views` cached; raises TrainingProblem if it did not."""
    if not (folder / f"{name}-starts.npy").is_file():
        raise TrainingProblem(f"no {name} in {folder}; run `python -m inference.training prepare` first")
    maps = np.load(folder / f"{name}.npy", mmap_mode="r")
    return CachedViews(maps, np.load(folder / f"{name}-pooled.npy"), np.load(folder / f"{name}-starts.npy"))


def cache_views(
    folder: Path, name: str, *, counts: Ints, draw: Callable[[int, int], Pixels], frozen: Frozen, workers: int
) -> None:
    """Draws ``counts[i]`` views of each picture i in worker processes, and keeps what ``frozen`` makes of them.

    The starts are written last, so that an interrupted cache is made again.
    """
    if (folder / f"{name}-starts.npy").is_file():
        return
    starts = np.concatenate([[0], np.cumsum(counts)])
    total = int(starts[-1])
    views = np.stack([np.repeat(np.arange(len(counts)), counts), np.arange(total) - np.repeat(starts[:-1], counts)], 1)

    def make(chunk: Ints) -> Pixels:
        return np.stack([draw(int(index), int(view)) for index, view in chunk])

    chunks = [views[i : i + CHUNK] for i in range(0, total, CHUNK)]
    maps = pooled = None  # their shapes are known after the first chunk
    first = 0
    for drawn in tqdm(make_ahead(make, chunks, workers=workers), name, len(chunks), mininterval=5):
        some, features = frozen(drawn)
        if maps is None or pooled is None:
            shape = (total, *some.shape[1:])
            maps = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", some.dtype, shape)
            pooled = np.zeros((total, features.shape[1]), np.float16)
        maps[first : first + len(drawn)], pooled[first : first + len(drawn)] = some, features
        first += len(drawn)
    np.save(folder / f"{name}-pooled.npy", np.asarray(pooled))
    np.save(folder / f"{name}-starts.npy", starts)


class _FrozenPart(nn.Module):
    def __init__(self, backbone: Backbone, cut: str) -> None:
        super().__init__()
        self.backbone, self.cut = backbone, cut

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.backbone.run(images, "pixels", self.cut)
        return maps, self.backbone.run(maps, self.cut, "pooled")


def frozen_part(backbone: Backbone, cut: str, folder: Path, *, on: torch.device, threads: int) -> Frozen:
    """The part that is not trained: run by torch on a GPU, else by onnxruntime, which is 3-4 times faster on a CPU."""
    part = _FrozenPart(backbone, cut).eval()
    if on.type == "cuda":
        part = part.to(on).to(memory_format=torch.channels_last)
        return lambda images: _run_on_gpu(part, images, on)
    path = folder / f"frozen-{cut}.onnx"
    if not path.is_file():
        write_onnx(part, path, example=example_pictures(EMBED.image_size_px), outputs=("maps", "pooled"))
    session = open_session(path, threads=threads)

    def run_on_cpu(images: Pixels) -> tuple[Maps, Floats]:
        found = [session.run(None, {"images": images[i : i + 8]}) for i in range(0, len(images), 8)]
        maps, pooled = (np.concatenate(both) for both in zip(*found, strict=True))
        return (images if cut == "pixels" else maps.astype(np.float16)), pooled.astype(np.float16)

    return run_on_cpu


@torch.inference_mode()
def _run_on_gpu(part: _FrozenPart, images: Pixels, on: torch.device) -> tuple[Maps, Floats]:
    maps, pooled = part(torch.from_numpy(images).to(on))
    kept = maps if maps.dtype == torch.uint8 else maps.half()
    return kept.contiguous().cpu().numpy(), pooled.half().cpu().numpy()
