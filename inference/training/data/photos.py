"""A folder of labelled pictures, and its split into three parts that share no photographer.

Layout: ``images.csv`` with the columns ``image, sender_id, label`` and ``images/<image>.jpg``.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.errors import PictureRefused
from inference.images import Pixels, decode
from inference.picture_files import SUFFIXES
from inference.training.errors import BadPhotos

COLUMNS: Final = ("image", "sender_id", "label")
UNLABELLED: Final = frozenset({"Not sure", "Other", "Skip", ""})
PARTS: Final = ("train", "validation", "test")
SHARES: Final = (0.68, 0.10, 0.22)
LARGEST_SHARE: Final = 0.06
"""A photographer with more of the photos than this trains, where others can fill the other parts: one person would be
most of a part."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture, who sent it, and what it shows: an index into the labels, or None if nobody knows."""

    path: Path
    photographer: str
    label: int | None

    def pixels(self) -> Pixels:
        """As `read_pixels` reads it."""
        return read_pixels(self.path)


def read_pixels(path: Path) -> Pixels:
    """Decoded as the worker would, ``(height, width, 3) uint8``; raises BadPhotos naming the file."""
    try:
        return decode(path.read_bytes())
    except PictureRefused as exc:
        raise BadPhotos(f"{path}: {exc}") from exc
    except OSError as exc:
        raise BadPhotos(f"{path} cannot be read: {exc.strerror}") from exc


@dataclass(frozen=True, slots=True)
class Photos:
    """Every picture of a folder, in the table's order, and the names its labels index."""

    photos: tuple[Photo, ...]
    labels: tuple[str, ...]

    def label_indices(self) -> np.ndarray:
        """``(n,) int64``; -1 where the label is unknown."""
        return np.array([-1 if p.label is None else p.label for p in self.photos], dtype=np.int64)

    def photographers(self) -> np.ndarray:
        """``(n,) str``."""
        return np.array([p.photographer for p in self.photos])

    def digest(self) -> str:
        """The SHA-256 of the pictures' names and photographers, in their order, in hexadecimal."""
        told = [[p.path.name, p.photographer] for p in self.photos]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read_photos(folder: Path) -> Photos:
    """The folder's pictures; labels in alphabetical order.

    Raises BadPhotos if the folder, the table, a column or a picture is missing, or no picture has a label.
    """
    rows = _read_table(folder / "images.csv")
    labels = tuple(sorted({row["label"] for row in rows} - UNLABELLED))
    if not labels:
        raise BadPhotos(f"{folder}/images.csv: no row has a label; {sorted(UNLABELLED)} carry none")
    index = {name: number for number, name in enumerate(labels)}
    photos = tuple(
        Photo(folder / "images" / f"{row['image']}.jpg", row["sender_id"], index.get(row["label"])) for row in rows
    )
    missing = [p.path.name for p in photos if not p.path.is_file()]
    if missing:
        raise BadPhotos(f"{folder}/images: {len(missing)} pictures of the table are missing, first {missing[0]}")
    return Photos(photos, labels)


def _text(table: Path) -> str:
    content = table.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise BadPhotos(f"{table}, line {line}: byte {content[exc.start]:#x} is not UTF-8, as expected") from exc


def _read_table(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        raise BadPhotos(f"no {table}; expected a table with the columns {', '.join(COLUMNS)}")
    reader = csv.DictReader(io.StringIO(_text(table), newline=""))
    rows = []
    try:
        absent = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
        if absent:
            raise BadPhotos(f"{table}: no column {', '.join(absent)}; there are {reader.fieldnames}")
        for row in reader:
            short = [c for c in COLUMNS if row[c] is None]
            if short:
                raise BadPhotos(f"{table}, line {reader.line_num}: no {', '.join(short)}; expected {reader.fieldnames}")
            rows.append(row)
    except csv.Error as exc:
        raise BadPhotos(f"{table}, line {reader.line_num + 1}: {exc}") from exc
    if not rows:
        raise BadPhotos(f"{table}: no rows")
    return rows


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder, to its bottom, by name; raises BadPhotos if there are none."""
    if not folder.is_dir():
        raise BadPhotos(f"no folder {folder}; expected one with pictures")
    found = tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES))
    if not found:
        raise BadPhotos(f"{folder} holds no {', '.join(sorted(SUFFIXES))}")
    return found


def split(photographers: Sequence[str] | np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """Indices of the photos of each part, ``(n,) int64``; no photographer is in two parts, and none is empty.

    Photographers come in random order and each goes to the part that lacks most of its share.
    Raises BadPhotos if there are fewer of them than parts.
    """
    counts = Counter(str(name) for name in photographers)
    if len(counts) < len(PARTS):
        raise BadPhotos(
            f"photos of {len(counts)} photographers (sender_id); expected {len(PARTS)} or more, "
            f"for no one's photos may be in two of {', '.join(PARTS)}"
        )
    total = sum(counts.values())
    names = sorted(counts)
    order = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    part_of = dict.fromkeys(_always_training(counts), "train")
    taken = dict.fromkeys(PARTS, 0)
    taken["train"] = sum(counts[name] for name in part_of)
    for name in (n for n in order if n not in part_of):
        part = max(PARTS, key=lambda p: SHARES[PARTS.index(p)] - taken[p] / total)
        part_of[name] = part
        taken[part] += counts[name]
    _fill_empty(part_of, counts)
    parts = np.array([part_of[str(name)] for name in photographers])
    return {part: np.flatnonzero(parts == part) for part in PARTS}


def _always_training(counts: Mapping[str, int]) -> list[str]:
    """Photographers with very many photos, unless the others have too few for the other parts."""
    total = sum(counts.values())
    large = [name for name in counts if counts[name] > LARGEST_SHARE * total]
    is_enough = total - sum(counts[name] for name in large) >= (1 - SHARES[0]) * total
    return large if is_enough else []


def _fill_empty(part_of: dict[str, str], counts: Mapping[str, int]) -> None:
    """Gives each empty part one photographer, the one with the fewest photos of the part with most; in place."""
    for part in PARTS:
        members = Counter(part_of.values())
        if part not in members:
            giver = max(PARTS, key=lambda p: members[p])
            part_of[min((n for n in part_of if part_of[n] == giver), key=lambda n: (counts[n], n))] = part
