"""Tables of settings for the configuration reference, written from the settings classes."""

from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from settings.environment import PREFIX, ProcessSettings


def tables(settings: type[ProcessSettings], title: str) -> str:
    """Markdown: one table for what is about no single part, under ``title``, and one for each group."""
    fields = settings.model_fields
    general = [(name, field) for name, field in fields.items() if not isinstance(field.default, BaseModel)]
    parts = ["\n".join(_table(title, "", "What is not about one part.", general))]
    for name, field in fields.items():
        if isinstance(field.default, BaseModel):
            group = type(field.default)
            meaning = (group.__doc__ or "").strip()
            rows = list(group.model_fields.items())
            parts.append("\n".join(_table(name.capitalize(), f"{name.upper()}__", meaning, rows)))
    return "\n".join(parts)


def _table(title: str, prefix: str, meaning: str, fields: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield f"## {title}\n\n{meaning}\n"
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
    for wanted, words in (("dict", "JSON table"), ("tuple", "JSON list"), ("SecretStr", "secret"), ("str", "text")):
        if wanted in text:
            return words
    return "integer" if "int" in text else "number"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value in (None, "", (), {}) or isinstance(value, SecretStr):
        return "none"
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"
