"""Pictures out of Debian packages: of anything, to learn browsing from, and of another domain, to evaluate on.

They never enter the repository. Unpack the packages below one folder (``apt-get download``, ``dpkg-deb -x``):

- ``openclipart-png`` (public domain): drawings of everything, by subject;
- ``gcompris-qt-data`` (GPL-3.0, CC BY-SA and public domain): photos and paintings inside Qt's resource files;
- ``plasma-workspace-wallpapers``, ``mate-backgrounds``, ``gnome-backgrounds``, ``lomiri-wallpapers-16.04``,
  ``lomiri-wallpapers-20.04`` (CC BY-SA, LGPL-3.0): landscapes and close-ups, of which pieces are cut;
- ``tuxpaint-stamps-default`` (GPL-2.0+ and public domain): photos and drawings, for evaluation only.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference.errors import PictureRefused
from inference.images import Pixels, decode
from inference.training.data.augment import Rng, keyed_rng
from inference.training.data.photos import find_pictures
from inference.training.errors import BadPhotos

SIDE_PX: Final = 224
MIN_SIDE_PX: Final = 100
EVERY_NTH: Final = 2  # of the drawings is taken
SIMILAR: Final = ("arrows", "buttons", "gradients", "icons", "stars")  # subjects of hundreds of similar drawings
PIECES: Final = 8  # cut from each wallpaper
WALLPAPERS: Final = ("plasma-workspace-wallpapers", "mate-backgrounds", "gnome-backgrounds", "lomiri-wallpapers-16.04",
                     "lomiri-wallpapers-20.04")  # fmt: skip
STAMPS: Final = ("animals/birds", "animals/fish", "animals/insects", "animals/mammals", "food/fruit", "food/vegetables",
                 "household/tools", "plants/flowers", "space/planets", "town/houses", "town/monuments",
                 "town/roadsigns")  # fmt: skip
QUALITY: Final = 70
PHOTOGRAPHED: Final = ("categorization", "erase", "explore_farm_animals", "explore_monuments", "explore_world_animals",
                       "solar_system")  # fmt: skip
THINGS: Final = (
    "animals", "astronomy", "bears", "beverages", "big_cats", "birds", "boating", "books", "breads_and_carbs",
    "buildings", "chess", "clocks", "computer", "containers", "dairy", "decorations", "desserts", "devices",
    "dinosaurs", "dogs", "electronics", "fish", "flowers", "fruit", "furniture", "hardware", "homes", "horses",
    "housecats", "mammals", "meats_and_eggs", "ornamental", "plants", "telephone", "tools", "transportation", "trees",
    "vegetables", "vehicles", "weapons", "weather",
)  # fmt: skip
GATHERED: Final = ("drawing-", "gcompris-", *WALLPAPERS)
NO_GARMENTS: Final = (
    *WALLPAPERS,
    *(f"gcompris-{subject}-" for subject in PHOTOGRAPHED),
    *(f"drawing-{subject}-" for subject in THINGS),
)
"""Name prefixes of pictures without garments; a person checked each of these subjects."""
_STARTS: Final = re.compile(rb"RIFF....WEBPVP8|\xff\xd8\xff[\xe0\xe1\xdb]|\x89PNG\r\n\x1a\n", re.DOTALL)


def gather(packages: Path, out: Path) -> int:
    """Fills a folder with pictures of anything, as WebP of at most 224 px; returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, pixels in _read_packages(packages):
        _write(pixels, out / f"{name}.webp")
        count += 1
    return count


def without_garments(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder, without those that `gather` wrote and that may show a garment.

    Raises BadPhotos if there are none.
    """
    found = tuple(p for p in find_pictures(folder) if p.name.startswith(NO_GARMENTS) or not p.name.startswith(GATHERED))
    if not found:
        raise BadPhotos(f"{folder} holds no picture without garments")
    return found


def gather_stamps(packages: Path, out: Path) -> int:
    """Writes the stamps of Tux Paint as a folder of labelled pictures; returns how many."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for subject in STAMPS:
        for path in _find_files(packages / "tuxpaint-stamps-default", f"stamps/{subject}/**/*.png"):
            pixels = _decode_large(path.read_bytes())
            if pixels is None or path.stem.endswith(("_mirror", "_flip")):
                continue
            name = f"{subject.replace('/', '-')}-{path.stem}"
            _write(pixels, out / "images" / f"{name}.jpg")
            rows.append((name, name, subject.split("/")[1]))
    with (out / "images.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("image", "sender_id", "label"), *rows])
    return len(rows)


def _read_packages(packages: Path) -> Iterator[tuple[str, Pixels]]:
    for number, path in enumerate(_find_files(packages / "openclipart-png", "*.png")):
        is_taken = number % EVERY_NTH == 0 and path.parent.name not in SIMILAR
        pixels = _decode_large(path.read_bytes()) if is_taken else None
        if pixels is not None:
            yield f"drawing-{path.parent.name}-{number:05d}", pixels
    for resource in _find_files(packages / "gcompris-qt-data", "*.rcc"):
        for number, pixels in enumerate(_read_resource(resource.read_bytes())):
            yield f"gcompris-{resource.stem}-{number:04d}", pixels
    for package in WALLPAPERS:
        for path in _find_files(packages / package, "*"):
            pixels = _decode_large(path.read_bytes()) if path.suffix in (".jpg", ".png", ".webp", ".jpeg") else None
            if pixels is not None and min(pixels.shape[:2]) >= 3 * SIDE_PX:
                name = "-".join(path.relative_to(packages / package).with_suffix("").parts)  # many are called 1920x1080
                for number in range(PIECES):
                    yield f"{package}-{name}-{number}", _random_piece(pixels, keyed_rng("piece", name, number))


def _find_files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(p for p in folder.rglob(pattern) if p.is_file() and not p.is_symlink())
    if not found:
        raise BadPhotos(f"{folder} holds no {pattern}; unpack the Debian package {folder.name} there")
    return found


def _read_resource(resource: bytes) -> Iterator[Pixels]:
    """The uncompressed pictures in a Qt resource file."""
    end = 0
    for match in _STARTS.finditer(resource):
        start = match.start()
        size = int.from_bytes(resource[start - 4 : start], "big")  # Qt writes each file's size before it
        if start >= end and 0 < size <= len(resource) - start:
            pixels = _decode_large(resource[start : start + size])
            end = start + size if pixels is not None else end
            if pixels is not None:
                yield pixels


def _decode_large(encoded: bytes) -> Pixels | None:
    try:
        pixels = decode(encoded)
    except PictureRefused:
        return None
    return pixels if min(pixels.shape[:2]) >= MIN_SIDE_PX else None


def _random_piece(pixels: Pixels, rng: Rng) -> Pixels:
    height, width = pixels.shape[:2]
    side = int(min(height, width) * rng.uniform(0.3, 0.9))
    y, x = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    return pixels[y : y + side, x : x + side]


def _write(pixels: Pixels, path: Path) -> None:
    scale = SIDE_PX / max(pixels.shape[:2])
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    encoded = cv2.imencode(".webp", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
    path.write_bytes(encoded.tobytes())
