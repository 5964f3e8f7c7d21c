"""Picture files named on a command line: their ids, and their pixels as the models see them."""

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
class PictureFile:
    """One file, and the id of its results."""

    picture_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class PictureBatch:
    """Pictures, their pixels ``(n, size, size, 3) uint8``, and the files that could not be read, with the reason."""

    pictures: tuple[PictureFile, ...]
    images: Pixels
    refused: tuple[tuple[PictureFile, str], ...]


def find(given: Sequence[Path]) -> list[PictureFile]:
    """The named files and every picture file in the named folders and below, sorted by path.

    The id is the path below the folder without the suffix; if two pictures would share it, with the suffix; if they
    still would, the whole path. Raises FileNotFoundError for a missing path.
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
    names = [(path, (below.with_suffix(""), below, path)) for path, below in sorted(found.items())]
    taken = Counter(name for _, choices in names for name in set(choices))
    return [
        PictureFile(next((name for name in choices if taken[name] == 1), path).as_posix(), path)
        for path, choices in names
    ]


async def read_batches(pictures: Sequence[PictureFile], *, size_px: int, batch: int) -> AsyncIterator[PictureBatch]:
    """The pictures, ``batch`` at a time, decoded and squashed in a thread, one batch ahead of the caller."""
    ahead: asyncio.Task[PictureBatch] | None = None
    for first in range(0, len(pictures), batch):
        reading = asyncio.create_task(asyncio.to_thread(read, pictures[first : first + batch], size_px))
        if ahead is not None:
            yield await ahead
        ahead = reading
    if ahead is not None:
        yield await ahead


def read(pictures: Sequence[PictureFile], size_px: int) -> PictureBatch:
    """One batch from disk; blocks. Pictures that do not decode are listed as refused."""
    images = np.empty((len(pictures), size_px, size_px, 3), np.uint8)
    good: list[PictureFile] = []
    refused: list[tuple[PictureFile, str]] = []
    for picture in pictures:
        try:
            images[len(good)] = squash(decode(picture.path.read_bytes()), size_px)
            good.append(picture)
        except (PictureRefused, OSError) as exc:
            refused.append((picture, str(exc)))
    return PictureBatch(tuple(good), images[: len(good)], tuple(refused))
