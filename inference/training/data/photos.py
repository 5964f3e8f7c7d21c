"""A folder of labelled pictures: ``images/<image>.jpg`` and ``images.csv`` with ``image, sender_id, label``."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.errors import PictureRefused
from inference.images import Pixels, decode
from inference.picture_files import SUFFIXES
from inference.training.arrays import Ints, Names
from inference.training.errors import BadPhotos

COLUMNS: Final = ("image", "sender_id", "label")
UNLABELLED: Final = frozenset({"Not sure", "Other", "Skip", ""})
UNKNOWN: Final = -1
"""The label of a photo without a known label."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture, its photographer, and its label: an index into `Photos.labels`, or None."""

    path: Path
    photographer: str
    label: int | None

    def pixels(self) -> Pixels:
        return read_pixels(self.path)


@dataclass(frozen=True, slots=True)
class Photos:
    """The pictures of a folder, in the order of its table, and the names of their labels."""

    photos: tuple[Photo, ...]
    labels: tuple[str, ...]

    def label_indices(self) -> Ints:
        """``(n,)``; `UNKNOWN` where there is no label."""
        return np.array([UNKNOWN if p.label is None else p.label for p in self.photos], dtype=np.int64)

    def photographers(self) -> Names:
        """``(n,)``."""
        return np.array([p.photographer for p in self.photos])

    def digest(self) -> str:
        """The SHA-256 of the pictures' names and photographers in their order, in hexadecimal."""
        names = [[p.path.name, p.photographer] for p in self.photos]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def read_pixels(path: Path) -> Pixels:
    """Decoded as by the worker, ``(height, width, 3) uint8``; raises BadPhotos with the file's name."""
    try:
        return decode(path.read_bytes())
    except PictureRefused as exc:
        raise BadPhotos(f"{path}: {exc}") from exc
    except OSError as exc:
        raise BadPhotos(f"{path} cannot be read: {exc.strerror}") from exc


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


def find_pictures(folder: Path) -> tuple[Path, ...]:
    """The picture files in a folder and below, sorted; raises BadPhotos if there are none."""
    if not folder.is_dir():
        raise BadPhotos(f"no folder {folder}; expected one with pictures")
    found = tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES))
    if not found:
        raise BadPhotos(f"{folder} holds no {', '.join(sorted(SUFFIXES))}")
    return found


def _read_table(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        raise BadPhotos(f"no {table}; expected a table with the columns {', '.join(COLUMNS)}")
    reader = csv.DictReader(io.StringIO(_read_text(table), newline=""))
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


def _read_text(table: Path) -> str:
    content = table.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise BadPhotos(f"{table}, line {line}: byte {content[exc.start]:#x} is not UTF-8, as expected") from exc
