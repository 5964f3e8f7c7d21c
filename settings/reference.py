"""The configuration reference, written from the settings classes: one page, a part for each process."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from settings.environment import PREFIX, ProcessSettings

PAGE: Final = Path(__file__).parents[1] / "docs" / "configuration.md"


def part_of(page: str, process: str) -> str:
    """What ``page`` says of ``process``; raises ValueError where it has no place for that."""
    begin, end = _marks(process)
    _, found, rest = page.partition(begin + "\n")
    part, ends, _ = rest.partition(end)
    if not (found and ends):
        raise ValueError(f"no place for {process!r}: put {begin} and {end} where it belongs")
    return part


def write(part: str, process: str, *, page: Path = PAGE) -> None:
    """Put ``part`` where ``page`` tells of ``process``."""
    text = page.read_text()
    begin, end = _marks(process)
    page.write_text(text.replace(f"{begin}\n{part_of(text, process)}{end}", f"{begin}\n{part}{end}"))


def tables(settings: type[ProcessSettings], title: str, *, shared: Collection[str] = ()) -> str:
    """Markdown: under ``title`` one table for what is about no single part, and one for each group.

    Groups named in ``shared`` are only named: they are shown with another process.
    """
    fields = settings.model_fields
    general = [(name, field) for name, field in fields.items() if not isinstance(field.default, BaseModel)]
    parts = [f"## {title}\n\n" + "\n".join(_table("", general))]
    for name, field in fields.items():
        if isinstance(field.default, BaseModel) and name not in shared:
            group = type(field.default)
            meaning = (group.__doc__ or "").strip()
            rows = list(group.model_fields.items())
            parts.append(f"### {name.capitalize()}\n\n{meaning}\n\n" + "\n".join(_table(f"{name.upper()}__", rows)))
    if shared:
        parts.append(f"Beside these it takes the groups {', '.join(shared)}, as they stand with the worker.\n")
    return "\n".join(parts)


def _marks(process: str) -> tuple[str, str]:
    return f"<!-- {process} -->", f"<!-- /{process} -->"


def _table(prefix: str, fields: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield "| setting | type | default | meaning |\n|---|---|---|---|"
    for name, field in fields:
        shown = (f"`{PREFIX}{prefix}{name.upper()}`", _type(field), _default(field), field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in shown) + " |"
    yield ""


def _type(field: FieldInfo) -> str:
    choices = getattr(field.annotation, "__args__", ())
    if choices and all(isinstance(choice, str | int) for choice in choices):
        return " or ".join(f"`{choice}`" for choice in choices)
    text = str(field.annotation)
    if field.annotation is bool:
        return "`true` or `false`"
    for wanted, words in (
        ("dict", "JSON table"),
        ("tuple", "JSON list"),
        ("SecretStr", "secret"),
        ("path_type='file'", "file"),
        ("Path", "folder"),
        ("str", "text"),
    ):
        if wanted in text:
            return words
    return "integer" if "int" in text else "number"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value in (None, "", (), {}) or isinstance(value, SecretStr):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"
