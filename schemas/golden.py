"""Golden examples of events, good and bad: one set that publishers and workers are both tested with."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One record of ``pins.events`` and what a reader must make of it."""

    name: str
    about: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    fields: dict[str, Any] | None
    """The value as JSON, where it is a JSON object."""
    pin_id: str = ""
    version: int = 0
    path: str = ""
    """For a bad one, the JSON path of what is wrong."""


def good_examples() -> list[Example]:
    """Records that are events or deletions; ``pin_id`` and ``version`` say which."""
    return [_read(path) for path in sorted((FOLDER / "good").glob("*.json"))]


def bad_examples() -> list[Example]:
    """Records that belong in the dead letters; ``path`` says what is wrong."""
    return [_read(path) for path in sorted((FOLDER / "bad").glob("*.json"))]


def _read(path: Path) -> Example:
    written = json.loads(path.read_text())
    expected = written["expect"]
    value = written.get("value")
    return Example(
        name=path.stem,
        about=written["about"],
        key=_bytes(written, "key"),
        value=json.dumps(value, ensure_ascii=False).encode() if isinstance(value, dict) else _bytes(written, "value"),
        headers=tuple((name, text.encode()) for name, text in written.get("headers", {}).items()),
        timestamp_ms=written.get("timestamp_ms", 0),
        fields=value if isinstance(value, dict) else None,
        pin_id=expected.get("pin_id", ""),
        version=expected.get("version", 0),
        path=expected.get("path", ""),
    )


def _bytes(written: dict[str, Any], name: str) -> bytes | None:
    """``name`` is a text or null; ``name_base64`` stands for bytes that are no text."""
    if f"{name}_base64" in written:
        return base64.b64decode(written[f"{name}_base64"], validate=True)
    text: str | None = written[name]
    return None if text is None else text.encode()
