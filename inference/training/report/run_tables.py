"""The report's tables of runs: each of them, over seeds, and unified ones against specialists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from inference.training.evaluate.embedding import TASKS, kinds
from inference.training.report.markdown import Row, folded, shown, table
from inference.training.settings import EmbedSettings

ALL: Final = (*TASKS, "mean over tasks")
TOLD: Final = ("sampled_proxies", "neighbours", "category_weight", "held_out")
"""Settings that the table of runs names where they are unusual."""


def every_run(figures: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """A section with each run's floats, bits, and bits without rotation; ``names`` are the figures' own."""
    brief = [names[i] for i in (0, 1, 3, 4, 5)]

    def row(found: Mapping[str, Any]) -> list[str]:
        return [f"{found[name][0]:.3f}" for name in brief]

    yield "## Every run"
    yield (
        "Bits, floats, and bits without the rotation fitted after training; P@1 is of categories, R@1 of instances. "
        "Runs named `head-`, and `served-`, train the head alone, on the mean of three tuned backbones; "
        "`head-unseen-0` and `imagenet-head-0` on ImageNet's; `unseen-cpu-0` tuned stages 6 and 7 of it."
    )
    rows = [("ImageNet's backbone", "-", *row(figures["frozen"]["float"]), "floats, 1,280")]
    rows += [("the same, random projection", "256", *row(figures["frozen"]["bits"]), "")]
    for name, run in figures["runs"].items():
        rows.append((name, str(run["settings"]["bits"]), *row(run["bits"]), _differs(run["settings"])))
        rows.append(("", "float", *row(run["float"]), ""))
        rows.append(("", "no rotation", *row(run["bits without rotation"]), ""))
    head = ("run", "bits", "P@1", "left out", "R@1 camera", "R@1 web", "mean", "note")
    yield folded(f"{len(figures['runs'])} runs and the backbone they began with", table(head, rows))


def _differs(settings: Mapping[str, Any]) -> str:
    """What sets a run apart, in its own words."""
    usual = EmbedSettings()
    told = {key: settings[key] for key in TOLD if key in settings}
    parts = [f"{key} {v}" for key, v in told.items() if v and v != getattr(usual, key)]
    parts += ["no LayerNorm"] if not settings["normalise"] else []
    parts += ["all proxies"] if settings["sampled_proxies"] == 0 else []
    return "; ".join([", ".join(settings["tasks"]), *parts])


def over_seeds(runs: Mapping[str, Any]) -> Iterator[Row]:
    """Mean and extremes of each kind of run that has several seeds."""
    for kind, found in kinds(runs).items():
        if len(found) > 1:
            values = [[run["bits"][task][0] for run in found] for task in ALL]
            yield kind, str(len(found)), *(f"{sum(v) / len(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in values)


def unified_less_specialists(gaps: Mapping[str, Any]) -> Iterator[Row]:
    """One row a pair of runs, with intervals."""
    for name, gap in gaps.items():
        yield name, *(shown(gap[task], signed=True) for task in ALL)


def verdicts(figures: Mapping[str, Any]) -> Iterator[str]:
    """The short answer: unified codes less each kind of specialist in the mean over seeds, and what that means."""
    gaps = kinds(figures["against specialists"])
    if not gaps:
        return
    yield (
        "Unified codes less specialists of the same budget, the mean over as many seeds as are named; plus: the "
        "unified code is better."
    )
    rows = []
    for pair, found in gaps.items():
        means = [f"{sum(gap[task][0] for gap in found) / len(found):+.3f}" for task in ALL]
        count = found[0].get("seeds", [len(found)] * 2)  # without it the pairs were judged seed by seed
        rows.append((pair, " and ".join(map(str, count)), *means, _verdict([gap["mean over tasks"] for gap in found])))
    yield table(("pair", "seeds", *ALL, "in the mean"), rows)


def _verdict(gaps: Sequence[Sequence[float]]) -> str:
    """Better or worse only if every interval says so."""
    if all(low > 0 for _, low, _ in gaps):
        return "unified is better"
    if all(high < 0 for _, _, high in gaps):
        return "unified is worse"
    return "no difference shown"
