"""The page and the README's table, written from a report, so that no figure is typed by hand."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.figures import markdown_table

PATH = "docs/benchmarks/path.json"
PRODUCTS = "docs/benchmarks/products.json"
SEARCH = "docs/benchmarks/search.json"
SERVICE = "docs/benchmarks/service.json"
STORAGE = "docs/benchmarks/storage.json"
END = "<!-- /measured -->"


def begin(source: str) -> str:
    """What stands before a block that is written from the report ``source``."""
    return f"<!-- measured: tests/bench writes this block from {source} -->"


def readme_block(report: Mapping[str, Any]) -> str:
    """How fresh, how fast: what the README shows."""
    machine, rates = report["machine"], report["rates_pins_per_s"]
    rows = [
        (f"{rates[load]:g} pins/s" + (" (half of saturation)" if load == "half" else ""), *_row(report, load))
        for load in ("low", "half")
    ]
    return "\n\n".join(
        (
            "From publishing to the first search that finds the pin, "
            f"on {machine['cores']} cores ({machine['processor']}) that also run Kafka, "
            f"Triton, Milvus Lite, the picture server and the publisher, {report['pictures']}:",
            markdown_table(("load", "p50", "p95", "p99"), rows),
            f"Saturated: **{report['saturated_pins_per_s']:.1f} pins/s**, {report['ratio']:.2f} of what the two models "
            f"alone reach on the same cores ({report['limit_pins_per_s']:.1f}).",
        )
    )


def page_block(report: Mapping[str, Any]) -> str:
    """Everything the report says: what docs/benchmarks.md shows."""
    outside = report["outside_models_and_visibility_ms"]
    return "\n\n".join(
        (
            readme_block(report),
            stages_table(report),
            f"Outside the two model calls and the index's own visibility delay, median: {outside['low']:.1f} ms at the "
            f"low rate, {outside['half']:.1f} ms at half of saturation. Objects per pin: {report['objects_per_pin']}.",
            cpu_table(report),
            targets_table(report),
            f"The limit was measured before and after the saturated run: {report['limit_runs_pins_per_s']} pictures/s.",
        )
    )


def sizing_block(report: Mapping[str, Any]) -> str:
    """What a pin costs and what one core carries: what docs/operations/sizing.md shows."""
    cpu, machine = report["cpu_ms_per_pin"], report["machine"]
    parts = {"worker": "worker", "Triton on CPU": "triton", "Kafka": "kafka", "Milvus Lite": "milvus"}
    rows = [(name, f"{cpu[key]:.1f} ms", f"{1000 / cpu[key]:.0f} pins/s") for name, key in parts.items()]
    return "\n\n".join(
        (
            f"At saturation, {report['saturated_pins_per_s']:.0f} pins/s on {machine['cores']} cores "
            f"({machine['processor']}) that ran everything, {report['pictures']}, "
            f"{report['objects_per_pin']} objects a pin:",
            markdown_table(("part", "CPU a pin", "one core carries"), rows),
        )
    )


def targets_table(report: Mapping[str, Any]) -> str:
    """What was aimed at, and whether it was met."""
    outside, half = report["outside_models_and_visibility_ms"]["low"], report["freshness_ms"]["half"]
    cpu = report["cpu_ms_per_pin"]
    beside = sum(cpu.values()) - cpu["triton"]
    rows = [
        ("0.85 of the limit at saturation", f"{report['ratio']:.2f}", report["ratio"] >= 0.85),
        ("under 20 ms outside models and visibility, low rate, median", f"{outside:.1f} ms", outside < 20),
        ("half of saturation, Lite: p50 under 80 ms", f"{half['p50']:.0f} ms", half["p50"] < 80),
        ("half of saturation, Lite: p99 under 200 ms", f"{half['p99']:.0f} ms", half["p99"] < 200),
    ]
    table = markdown_table(
        ("target", "measured", ""), [(aim, found, "met" if is_met else "**missed**") for aim, found, is_met in rows]
    )
    bare = report["machine"]["cores"] * 1000 / report["limit_pins_per_s"]
    return (
        f"{table}\n\nA pin costs {sum(cpu.values()):.0f} ms of CPU at saturation, {beside:.1f} ms of it outside "
        f"Triton; the models alone cost {bare:.0f} ms."
    )


def stages_table(report: Mapping[str, Any]) -> str:
    """The median of each stage at both loads."""
    low, half = report["stages_ms"]["low"], report["stages_ms"]["half"]
    return markdown_table(("stage, median ms", "low", "half"), [(name, low[name], half.get(name, "")) for name in low])


def cpu_table(report: Mapping[str, Any]) -> str:
    """What each process spends on a pin at saturation."""
    return markdown_table(("process", "CPU ms per pin"), list(report["cpu_ms_per_pin"].items()))


def replace_block(page: Path, block: str, *, source: str = PATH) -> None:
    """Put ``block`` between the marks of a page; raises ValueError if it has none."""
    text, first = page.read_text(), begin(source)
    if first not in text or END not in text:
        raise ValueError(f"{page} has no place for measurements: {first} ... {END}")
    between = f"{re.escape(first)}.*?{re.escape(END)}"
    page.write_text(re.sub(between, lambda _: f"{first}\n{block}\n{END}", text, flags=re.DOTALL))


def _row(report: Mapping[str, Any], load: str) -> tuple[str, ...]:
    return tuple(f"{report['freshness_ms'][load][share]:.0f} ms" for share in ("p50", "p95", "p99"))
