"""Where the demo's pins come from: drawn by the project, or a folder of pictures."""

import random
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from deploy.demo.drawing import is_drawn, load_or_draw, sample_folder
from deploy.demo.result.tally import DemoPin
from deploy.local.process import CHECKOUT, Launch
from inference.errors import PictureRefused
from inference.images import decode

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
MAX_BYTES: Final = 16 * 1024 * 1024
"""What the worker fetches at most, unless it is set otherwise."""
_SEED_STRIDE: Final = 100_000


class NoPictures(Exception):
    """The folder cannot be used; the message says why and what to do."""


class PinSource(Protocol):
    """An endless sequence of pins."""

    @property
    def folder(self) -> Path:
        """The folder that has to be served over HTTP."""

    @property
    def available(self) -> int:
        """How many different pictures there are."""

    def describe(self, count: int) -> str:
        """What ``count`` pins are, in a few words."""

    def ready(self, count: int) -> int:
        """How many of the first ``count`` pins could be published now."""

    def drawing_program(self, count: int) -> Launch | None:
        """What draws those of the first ``count`` pins that are missing; None for pictures that are not drawn."""

    def pin(self, number: int, *, base_url: str) -> DemoPin:
        """The pin of that number, its picture served below ``base_url``."""


class SamplePins:
    """Pins that the project draws; another seed gives others."""

    def __init__(self, *, seed: int) -> None:
        self.folder = sample_folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.first = seed * _SEED_STRIDE

    @property
    def available(self) -> int:
        return _SEED_STRIDE

    def describe(self, count: int) -> str:
        return f"{count:,} drawn sample pins"

    def ready(self, count: int) -> int:
        return sum(is_drawn(self.folder, self.first + number) for number in range(count))

    def drawing_program(self, count: int) -> Launch:
        argv = (sys.executable, "-m", "deploy.demo.drawing", str(self.folder), str(self.first), str(count))
        return Launch(argv=argv, env={}, cwd=CHECKOUT)

    def pin(self, number: int, *, base_url: str) -> DemoPin:
        sample = load_or_draw(self.folder, self.first + number)
        return DemoPin(
            pin_id=sample.pin_id,
            title=sample.title,
            file=sample.file,
            url=f"{base_url}/{sample.file.name}",
            domain=sample.domain,
        )


class PictureFolder:
    """Pins of the pictures below a folder, in an order that the seed decides.

    After the last picture they begin again as other pins: the same pictures, saved again.
    """

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.folder = folder.resolve()
        self.files = find_pictures(folder)
        random.Random(seed).shuffle(self.files)

    @property
    def available(self) -> int:
        return len(self.files)

    def describe(self, count: int) -> str:
        if count > len(self.files):
            return f"{count:,} pins of {len(self.files):,} pictures (some are saved again, as other pins)"
        return f"{count:,} of {len(self.files):,} pictures"

    def ready(self, count: int) -> int:
        return count

    def drawing_program(self, count: int) -> None:
        return None

    def pin(self, number: int, *, base_url: str) -> DemoPin:
        again, index = divmod(number, len(self.files))
        file = self.files[index]
        inside = file.relative_to(self.folder)
        return DemoPin(
            pin_id=pin_id_of(inside, again=again),
            title=re.sub(r"[_\-.\s]+", " ", file.stem).strip()[:200],
            file=file,
            url=f"{base_url}/{quote(inside.as_posix())}",
        )


def find_pictures(folder: Path) -> list[Path]:
    """The picture files below a folder, by their suffix and without hidden ones; raises NoPictures."""
    if not folder.exists():
        raise NoPictures(f"--images {folder}: no such folder")
    if not folder.is_dir():
        raise NoPictures(f"--images {folder}: not a folder; give the folder that holds the pictures")
    root = folder.resolve()
    files = [file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()]
    kept = sorted(file for file in files if _may_be_served(file, root))
    if not kept:
        links = f" ({len(files)} are hidden, not named in UTF-8, or links that lead outside)" if files else ""
        raise NoPictures(f"--images {folder}: no pictures there{links}; expected {', '.join(sorted(SUFFIXES))} files")
    return kept


def pin_id_of(inside: Path, *, again: int = 0) -> str:
    """A pin id that reads like the file's name, and differs for every path and repetition."""
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", inside.stem).strip("-")[:40]
    tag = sha256(inside.as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return "-".join(filter(None, (slug, tag, str(again + 1) if again else "")))


def what_is_wrong(file: Path) -> str | None:
    """Why no worker can index this picture; None for a good one."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return f"more than {MAX_BYTES // 2**20} MiB"
        decode(file.read_bytes())
    except (OSError, PictureRefused) as exc:
        return str(exc)
    return None


def _may_be_served(file: Path, root: Path) -> bool:
    """Hidden files are left out, links that lead outside are not served, and a URL is UTF-8."""
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and file.resolve().is_relative_to(root) and _is_utf8(file.as_posix())


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
