"""Picture files given on a command line: their names, and their pixels as the models see them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.errors import PictureRefused
from inference.images import Pixels, decode, squash

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, and the name its results go by."""

    picture_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pictures, ``images`` holding each as ``(n, size, size, 3) uint8``, and those that could not be read."""

    pictures: tuple[Picture, ...]
    images: Pixels
    refused: tuple[tuple[Picture, str], ...]


def find(given: Sequence[Path]) -> list[Picture]:
    """The files named, and every picture file below the folders named, sorted by path.

    A picture goes by its path below the folder, without the suffix; where two would share a name, with it.
    Raises FileNotFoundError for what is not there.
    """
    found: dict[Path, Path] = {}
    for path in given:
        if path.is_dir():
            inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
            found.update({each: each.relative_to(path) for each in inside})
        elif path.is_file():
            found[path] = Path(path.name)
        else:
            raise FileNotFoundError(f"{path}: no such picture or folder")
    taken = Counter(name.with_suffix("") for name in found.values())
    return [
        Picture((name if taken[name.with_suffix("")] > 1 else name.with_suffix("")).as_posix(), path)
        for path, name in sorted(found.items())
    ]


async def batches(pictures: Sequence[Picture], *, size_px: int, batch: int) -> AsyncIterator[Batch]:
    """The pictures, ``batch`` at a time, decoded and squashed on a thread one batch ahead of the caller."""
    parts = [pictures[first : first + batch] for first in range(0, len(pictures), batch)]
    ahead = [asyncio.ensure_future(asyncio.to_thread(read, part, size_px)) for part in parts[:1]]
    for part in [*parts[1:], None]:
        ready = await ahead.pop()
        if part is not None:
            ahead.append(asyncio.ensure_future(asyncio.to_thread(read, part, size_px)))
        yield ready


def read(pictures: Sequence[Picture], size_px: int) -> Batch:
    """One batch from disk; blocks. What does not decode is listed with the reason, never raised."""
    images = np.empty((len(pictures), size_px, size_px, 3), np.uint8)
    good: list[Picture] = []
    refused: list[tuple[Picture, str]] = []
    for picture in pictures:
        try:
            images[len(good)] = squash(decode(picture.path.read_bytes()), size_px)
            good.append(picture)
        except (PictureRefused, OSError) as exc:
            refused.append((picture, str(exc)))
    return Batch(tuple(good), images[: len(good)], tuple(refused))
