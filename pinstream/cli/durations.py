"""Times and durations as people type them (``2h``, ``2026-11-23T20:00``) and read them (``3.2 min``)."""

import re
from datetime import datetime
from typing import Final

import typer

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def parse_duration_s(text: str) -> float:
    """Seconds, from ``90s``, ``2h`` or ``7d``; raises BadParameter saying what is expected."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r}: expected a number and a unit of s, m, h, d, w, such as 2h")
    return float(found[1]) * _UNITS_S[found[2]]


def parse_time_ms(text: str, *, now_ms: int) -> int:
    """A time in ms, from a duration before now (``2h``) or an ISO 8601 time, local unless it names a zone."""
    if re.fullmatch(r"\d+(\.\d+)?[smhdw]", text.strip()):
        return now_ms - int(parse_duration_s(text) * 1000)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}: expected a duration before now, such as 2h, or a time, such as 2026-11-23T20:00"
        ) from None
    return int((at if at.tzinfo else at.astimezone()).timestamp() * 1000)


def format_age(seconds: float) -> str:
    """Seconds in the largest unit that gives 1 or more: 63 ms, 41.0 s, 3.2 min, 5.0 h, 2.3 days."""
    for unit, length in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
