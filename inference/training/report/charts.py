"""The report's chart; matplotlib comes with the training environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.training.evaluate.embedding import RECALLS


def draw_recall(figures: Mapping[str, Any], path: Path) -> None:
    """Recall at k of what is served and of the frozen baseline, both ways."""
    import matplotlib  # noqa: PLC0415 - half a second that other commands need not pay

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "models"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6, 3.6))
    for label, source, style in (("served", "served embedding", "-"), ("frozen", "frozen", "--")):
        values = figures[source].get("bits", figures[source])
        for domain, colour in (("camera", "tab:blue"), ("web", "tab:orange")):
            recalls = [values[f"instance R@{k} {domain} -> catalogue"][0] for k in RECALLS]
            axes.plot(RECALLS, recalls, style, color=colour, marker="o", label=f"{label}, {domain} -> catalogue")
    axes.set(xscale="log", xlabel="k", ylabel="recall at k", xticks=RECALLS, xticklabels=RECALLS, ylim=(0, 1))
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
