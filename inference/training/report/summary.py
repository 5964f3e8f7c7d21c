"""The page's short answers: what was aimed at, and what was reached."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from inference.defaults import DEFAULT_MIN_SCORE
from inference.training.evaluate.detector import FALSE, KEPT, MIN_SCORES
from inference.training.evaluate.figures import ELSEWHERE, FROZEN
from inference.training.report.markdown import Row, compare_with_target, mean_of, table
from inference.training.report.run_tables import specialists_in_short

TARGETS: Final = {
    "category P@1": (0.78, 0.82),
    "category P@1, photographer left out": (0.70, 0.75),
    "instance R@1 camera -> catalogue": (0.75, 0.80),
    "instance R@1 web -> catalogue": (0.83, 0.87),
}
"""The target and the ambition."""
SHARE_OF_FLOAT: Final = 0.97
SERVED_RUN: Final = "served-0"
"""The run whose head and rotation are served; the served bits are compared with its floats."""
DETECTOR_TARGETS: Final = (
    ("composed scenes", "AP50", 0.99),
    ("composed scenes", "AP75", 0.96),
    ("composed scenes", "mAP50", 0.65),
    ("mosaics of real photos", "AP50", 0.96),
    ("mosaics of real photos", "mAP50", 0.72),
    ("real photos", "mean IoU", 0.86),
    ("real photos", "IoU > 0.75", 0.90),
    ("real photos", "label top-1", 0.85),
    ("pictures without garments", FALSE, 0.03),
)
FIGURES: Final = {
    FALSE: f"false boxes per picture, score over {MIN_SCORES[FALSE]}",
    KEPT: f"false boxes per picture, score over {DEFAULT_MIN_SCORE}, as a worker keeps them",
}
"""Figures of the detector whose unit is not plain from their key."""


def summary(figures: Mapping[str, Any]) -> Iterator[str]:
    """Size and speed, the table of targets, and the comparison with specialists."""
    embedding = list(_embedding_targets(figures))
    detector = list(_detector_targets(figures["detector"]))
    speed = figures["speed"]
    embed_ms, detect_ms = (speed[f"{name} ms a picture, batch 1"] for name in ("embed", "detect"))
    yield (
        f"One embedding of 256 bits ({speed['embed MB']:.0f} MB, {embed_ms:.1f} ms per picture on one thread) and one "
        f"detector ({speed['detect MB']:.0f} MB, {detect_ms:.1f} ms) are served. The embedding meets "
        f"{_count_met(embedding)} of its targets, the detector {_count_met(detector)}."
    )
    yield table(("model", "measured on", "figure", "value", "target", ""), [*embedding, *detector])
    yield from specialists_in_short(figures)


def _count_met(rows: Sequence[Row]) -> str:
    return f"{sum(row[-1] == 'met' for row in rows)} of {len(rows)}"


def _embedding_targets(figures: Mapping[str, Any]) -> Iterator[Row]:
    found, photos = figures["served embedding"], "test photographers"
    for name, (target, ambition) in TARGETS.items():
        value = mean_of(found[name])
        said = f"{target:.2f} (ambition {ambition:.2f})"
        yield "embedding", photos, name, f"{value:.3f}", said, compare_with_target(value, target)
    if SERVED_RUN in figures["runs"]:
        share = mean_of(found["category P@1"]) / mean_of(figures["runs"][SERVED_RUN]["float"]["category P@1"])
        name, said = "category P@1, of its own floats'", f"{SHARE_OF_FLOAT:.2f}"
        yield "embedding", photos, name, f"{share:.2f}", said, compare_with_target(share, SHARE_OF_FLOAT)
    elsewhere = figures.get("elsewhere", {})
    if ELSEWHERE in found and FROZEN in elsewhere:
        yield _at_least_frozen("another domain", mean_of(found[ELSEWHERE]), mean_of(elsewhere[FROZEN]))
    for name, unseen in figures["unseen labels"].items():
        photos = f"{', '.join(unseen['labels'])}, held out of `{name}`"
        yield _at_least_frozen(photos, mean_of(unseen["bits"]), mean_of(unseen[FROZEN]))


def _at_least_frozen(photos: str, value: float, frozen: float) -> Row:
    said = f"{frozen:.3f}, frozen random bits"
    return "embedding", photos, "P@1", f"{value:.3f}", said, compare_with_target(value, frozen)


def _detector_targets(found: Mapping[str, Any]) -> Iterator[Row]:
    for kind, name, target in DETECTOR_TARGETS:
        value, is_cost = mean_of(found[kind][name]), name == FALSE
        said = f"at most {target:.2f}" if is_cost else f"{target:.2f}"
        reached = compare_with_target(value, target, is_cost=is_cost)
        yield "detector", kind, FIGURES.get(name, name), f"{value:.3f}", said, reached
