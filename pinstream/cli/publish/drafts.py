"""Pins to be published, from lines of JSON or from a folder of pictures."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
_MAX_ID: Final = 64
_DIGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of an event, not validated yet, and where they come from."""

    where: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RejectedDraft:
    """A line or picture that cannot be published, and why."""

    where: str
    reason: str


def drafts_in_lines(lines: Iterable[bytes], *, domain: str | None) -> Iterator[Draft | RejectedDraft]:
    """One draft per line of JSON; empty lines are skipped. ``domain`` is for lines that have none."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as exc:
            yield RejectedDraft(where, f"$: not JSON: {exc}")
            continue
        if not isinstance(fields, dict):
            yield RejectedDraft(where, "$: not a JSON object")
            continue
        yield Draft(where, fields if domain is None else {"domain": domain, **fields})


def pictures_in(folder: Path) -> list[Path]:
    """Files below ``folder`` with the suffix of a picture, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def drafts_of_pictures(
    folder: Path, pictures: Iterable[Path], *, domain: str, image_of: Callable[[Path], Mapping[str, str]]
) -> Iterator[Draft | RejectedDraft]:
    """One draft per picture, titled and named by its file; of two files with one pin id the first counts."""
    taken: dict[str, str] = {}
    for picture in pictures:
        where = picture.relative_to(folder).as_posix()
        pin_id = pin_id_of(where)
        if pin_id in taken:
            yield RejectedDraft(where, f"its pin id {pin_id!r} is taken by {taken[pin_id]}: rename one of them")
            continue
        taken[pin_id] = where
        try:
            image = image_of(picture)
        except OSError as exc:
            yield RejectedDraft(where, str(exc))
            continue
        title = picture.stem.encode("utf-8", "replace").decode()[:500]
        yield Draft(where, {"pin_id": pin_id, "image": image, "domain": domain, "title": title})


def pin_id_of(name: str) -> str:
    """A pin id for a file's path: without its suffix, with ``-`` for ``/`` and ``_`` for characters not allowed.

    An id longer than 64 characters is cut, and ends in a digest of the path.
    """
    stem = re.sub(r"\.[^./]*$", "", name).replace("/", "-")
    pin_id = re.sub(r"[^A-Za-z0-9_-]", "_", stem) or "_"
    if len(pin_id) <= _MAX_ID:
        return pin_id
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST]
    return f"{pin_id[: _MAX_ID - _DIGEST - 1]}-{digest}"
