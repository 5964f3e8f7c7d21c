"""Draws sample pins ahead: ``python -m deploy.demo.drawing FOLDER FIRST COUNT``, as politely as a process can.

Each pin is a JPEG file and a note of what it shows, both put in place in one step, the picture last.
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
class Drawn:
    """A sample pin on disk."""

    pin_id: str
    title: str
    domain: str
    file: Path


def sample_folder() -> Path:
    """Where drawn pins are kept; another one whenever the code that draws them changes."""
    code = sha256(b"".join(module.read_bytes() for module in sorted(_SAMPLES.glob("*.py"))))
    return cache_dir() / "samples" / code.hexdigest()[:12]


def drawn(folder: Path, number: int) -> Drawn:
    """The pin of that number, drawn now if it is not there; blocks for a tenth of a second then."""
    note = folder / f"{number:06d}.json"
    picture = folder / f"{number:06d}.jpg"
    if not picture.exists():
        _draw(number, note=note, picture=picture)
    said = json.loads(note.read_text())
    return Drawn(said["pin_id"], said["title"], said["domain"], picture)


def is_drawn(folder: Path, number: int) -> bool:
    """Whether the pin of that number is there."""
    return (folder / f"{number:06d}.jpg").exists()


def _draw(number: int, *, note: Path, picture: Path) -> None:
    from samples import draw, jpeg  # noqa: PLC0415 (OpenCV takes a while to load, and is rarely needed here)

    pin = draw(number)
    note.parent.mkdir(parents=True, exist_ok=True)
    said = json.dumps({"pin_id": pin.pin_id, "title": pin.title, "domain": pin.domain})
    for file, content in ((note, said.encode()), (picture, jpeg(pin))):
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(file)


def main(folder: Path, first: int, count: int) -> None:
    """Draw what is missing of ``count`` pins."""
    os.nice(19)
    for number in range(first, first + count):
        drawn(folder, number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
