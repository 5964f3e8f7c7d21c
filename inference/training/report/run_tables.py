"""The report's tables of runs: each run, kinds of runs over seeds, and unified runs against specialists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from inference.training.evaluate.embedding import MEAN, TASKS
from inference.training.evaluate.figures import group_seeds
from inference.training.report.markdown import Row, folded, table, with_interval
from inference.training.settings import EmbedSettings

ALL: Final = (*TASKS, MEAN)
BRIEF: Final = ("category P@1", "category P@1, photographer left out", *TASKS[1:], MEAN)
NOTED: Final = ("sampled_proxies", "neighbours", "category_weight", "held_out")
"""Settings that the table of runs names if they are not the default."""


def every_run(figures: Mapping[str, Any]) -> Iterator[str]:
    """A table of each run's floats, bits, and bits without rotation, folded."""

    def row(found: Mapping[str, Any]) -> list[str]:
        return [f"{found[name][0]:.3f}" for name in BRIEF]

    rows: list[Row] = [
        ("ImageNet's backbone", "-", *row(figures["frozen"]["float"]), "floats, 1,280"),
        ("the same, random projection", "256", *row(figures["frozen"]["bits"]), ""),
    ]
    for name, run in figures["runs"].items():
        rows.append((name, str(run["settings"]["bits"]), *row(run["bits"]), _not_default(run["settings"])))
        rows.append(("", "float", *row(run["float"]), ""))
        rows.append(("", "no rotation", *row(run["bits without rotation"]), ""))
    head = ("run", "bits", "P@1", "left out", "R@1 camera", "R@1 web", "mean", "note")
    yield folded(f"{len(figures['runs'])} runs and the backbone they began with", table(head, rows))


def _not_default(settings: Mapping[str, Any]) -> str:
    default = EmbedSettings()
    noted = {key: settings[key] for key in NOTED if key in settings}
    parts = [f"{key} {v}" for key, v in noted.items() if v and v != getattr(default, key)]
    parts += ["no LayerNorm"] if not settings["normalise"] else []
    parts += ["all proxies"] if settings["sampled_proxies"] == 0 else []
    return "; ".join([", ".join(settings["tasks"]), *parts])


def over_seeds(runs: Mapping[str, Any]) -> Iterator[Row]:
    """Mean and extremes of each kind of run that has several seeds."""
    for kind, found in group_seeds(runs).items():
        if len(found) > 1:
            values = [[run["bits"][task][0] for run in found] for task in ALL]
            yield kind, str(len(found)), *(f"{sum(v) / len(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in values)


def unified_less_specialists(gaps: Mapping[str, Any]) -> Iterator[Row]:
    """One row for each pair of runs, with intervals."""
    for name, gap in gaps.items():
        yield name, *(with_interval(gap[task], signed=True) for task in ALL)


def specialists_in_short(figures: Mapping[str, Any]) -> Iterator[str]:
    """Unified codes minus each kind of specialist, in the mean over seeds, and what that means."""
    gaps = group_seeds(figures["against specialists"])
    if not gaps:
        return
    yield (
        "Unified codes minus specialists of the same budget, the mean over the seeds of each; a positive number means "
        "that the unified code is better."
    )
    rows = []
    for pair, found in gaps.items():
        means = [f"{sum(gap[task][0] for gap in found) / len(found):+.3f}" for task in ALL]
        count = found[0].get("seeds", [len(found)] * 2)  # older figures are of single seeds
        rows.append((pair, " and ".join(map(str, count)), *means, _conclusion([gap[MEAN] for gap in found])))
    yield table(("pair", "seeds", *ALL, "in the mean"), rows)


def _conclusion(gaps: Sequence[Sequence[float]]) -> str:
    """Better or worse only if all intervals are on that side of 0."""
    if all(low > 0 for _, low, _ in gaps):
        return "unified is better"
    if all(high < 0 for _, _, high in gaps):
        return "unified is worse"
    return "no difference shown"
