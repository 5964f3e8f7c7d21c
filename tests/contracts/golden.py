"""Golden examples of events, good and bad, with which publishers and workers are tested."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "schemas" / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One record of ``pins.events`` and how it must be read."""

    name: str
    about: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    fields: dict[str, Any] | None
    """The value, if it is a JSON object."""
    pin_id: str = ""
    version: int = 0
    path: str = ""
    """Of a bad example: the JSON path of what is wrong."""


def good_examples() -> list[Example]:
    """Records that are valid events or deletions."""
    return [_read(path) for path in sorted((FOLDER / "good").glob("*.json"))]


def bad_examples() -> list[Example]:
    """Records that become dead letters."""
    return [_read(path) for path in sorted((FOLDER / "bad").glob("*.json"))]


def _read(path: Path) -> Example:
    example = json.loads(path.read_text())
    expected = example["expect"]
    value = example.get("value")
    return Example(
        name=path.stem,
        about=example["about"],
        key=_bytes(example, "key"),
        value=json.dumps(value, ensure_ascii=False).encode() if isinstance(value, dict) else _bytes(example, "value"),
        headers=tuple((name, text.encode()) for name, text in example.get("headers", {}).items()),
        timestamp_ms=example.get("timestamp_ms", 0),
        fields=value if isinstance(value, dict) else None,
        pin_id=expected.get("pin_id", ""),
        version=expected.get("version", 0),
        path=expected.get("path", ""),
    )


def _bytes(example: dict[str, Any], name: str) -> bytes | None:
    """``name`` is a text or null; ``name_base64`` holds bytes that are no UTF-8."""
    if f"{name}_base64" in example:
        return base64.b64decode(example[f"{name}_base64"], validate=True)
    text: str | None = example[name]
    return None if text is None else text.encode()
