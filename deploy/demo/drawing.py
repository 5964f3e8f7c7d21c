"""Draws sample pins ahead of the run: ``python -m deploy.demo.drawing FOLDER FIRST COUNT``, at the lowest priority.

Each pin is a JPEG file and a JSON file with its title, each renamed into place once it is complete, the picture last.
"""

import json
import os
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deploy.local.cache import cache_dir

_SAMPLES = Path(__file__).parents[2] / "samples"


@dataclass(frozen=True, slots=True)
class DrawnPin:
    """A sample pin on disk."""

    pin_id: str
    title: str
    domain: str
    file: Path


def sample_folder() -> Path:
    """Where drawn pins are kept; another one whenever the code that draws them changes."""
    code = sha256(b"".join(module.read_bytes() for module in sorted(_SAMPLES.rglob("*.py"))))
    return cache_dir() / "samples" / code.hexdigest()[:12]


def load_or_draw(folder: Path, number: int) -> DrawnPin:
    """The pin of that number; drawing it takes a tenth of a second."""
    details, picture = folder / f"{number:06d}.json", folder / f"{number:06d}.jpg"
    if not picture.exists():
        _draw(number, details=details, picture=picture)
    return DrawnPin(**json.loads(details.read_text()), file=picture)


def is_drawn(folder: Path, number: int) -> bool:
    return (folder / f"{number:06d}.jpg").exists()


def _draw(number: int, *, details: Path, picture: Path) -> None:
    from samples import draw, jpeg  # noqa: PLC0415 (OpenCV takes a while to load, and is rarely needed here)

    pin = draw(number)
    details.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"pin_id": pin.pin_id, "title": pin.title, "domain": pin.domain})
    for file, content in ((details, text.encode()), (picture, jpeg(pin))):
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(file)


def main(folder: Path, first: int, count: int) -> None:
    """Draw those of ``count`` pins that are missing."""
    os.nice(19)
    for number in range(first, first + count):
        load_or_draw(folder, number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
