"""How numbers and stages read, on the page and in the terminal alike."""

from typing import Final

from pinstream.events import Stage

_EXPLAINED: Final[dict[Stage, str]] = {
    "queue": "from the publisher through Kafka to the worker",
    "fetch": "the picture over HTTP",
    "decode": "bytes to pixels",
    "detect": "which objects it shows (Triton)",
    "embed": "a 256-bit code for the whole, begun while detecting, and each object (Triton)",
    "write": "one upsert with all rows (Milvus)",
    "visible": "until a search returns it",
}


def explain(stage: Stage) -> str:
    """What happens in a stage."""
    return _EXPLAINED[stage]


def age(duration_ms: float) -> str:
    """A duration as people say it: ``340 ms``, ``12 s``, ``3 min``, ``2 h``, ``5 d``."""
    if duration_ms < 1000:
        return f"{max(duration_ms, 0):.0f} ms"
    for limit_s, unit_s, unit in ((90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h")):
        if duration_ms < limit_s * 1000:
            return f"{duration_ms / 1000 / unit_s:.0f} {unit}"
    return f"{duration_ms / 86_400_000:.0f} d"


def count(number: int, noun: str) -> str:
    """``1 pin``, ``2 pins``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
