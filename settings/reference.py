"""Writes docs/configuration.md from the settings classes: one section for each process."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from settings.environment import PREFIX, ProcessSettings

PAGE: Final = Path(__file__).parents[1] / "docs" / "configuration.md"


def section_of(page: str, process: str) -> str:
    """The section of ``process`` on ``page``; raises ValueError if the markers around it are missing."""
    begin, end = _markers(process)
    _, found, rest = page.partition(begin + "\n")
    section, ends, _ = rest.partition(end)
    if not (found and ends):
        raise ValueError(f"no section for {process!r}: put {begin} and {end} where it belongs")
    return section


def write(section: str, process: str, *, page: Path = PAGE) -> None:
    """Replace the section of ``process`` on ``page``."""
    text = page.read_text()
    begin, end = _markers(process)
    page.write_text(text.replace(f"{begin}\n{section_of(text, process)}{end}", f"{begin}\n{section}{end}"))


def tables(settings: type[ProcessSettings], title: str, *, shared: Collection[str] = ()) -> str:
    """Markdown: under ``title`` a table of the settings without a group, then one for each group.

    Groups in ``shared`` are only mentioned: the worker's section describes them.
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
        parts.append(f"It also reads these groups, described with [the worker](#the-worker): {', '.join(shared)}.\n")
    return "\n".join(parts)


def _markers(process: str) -> tuple[str, str]:
    return f"<!-- {process} -->", f"<!-- /{process} -->"


def _table(prefix: str, fields: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield "| setting | type | default | meaning |\n|---|---|---|---|"
    for name, field in fields:
        cells = (f"`{PREFIX}{prefix}{name.upper()}`", _type(field), _default(field), field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
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
