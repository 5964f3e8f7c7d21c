"""docs/models.md and its chart, written from docs/models.json and from nothing else: short answers first."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from inference.detect import DEFAULT_MIN_SCORE
from inference.training.evaluate.embedding import ELSEWHERE, FROZEN, KEPT, TASKS
from inference.training.report.charts import draw_recall
from inference.training.report.markdown import Row, folded, mean_of, reached, shown, table
from inference.training.report.prose import (
    COST_SAYS,
    DETECTIONS_SEEN,
    LIMITS,
    LOOKED_AT,
    NEIGHBOURS_SEEN,
    PREFACE,
    REPEAT,
    TRIED,
)
from inference.training.report.run_tables import every_run, over_seeds, unified_less_specialists, verdicts
from inference.training.report.sheets import DETECTIONS, NEIGHBOURS

ROWS: Final = (
    "category P@1",
    "category P@1, photographer left out",
    "category P@1 camera -> catalogue",
    "instance R@1 camera -> catalogue",
    "instance R@1 web -> catalogue",
    "mean over tasks",
)
NEEDED: Final = (
    "photos",
    "photographers",
    "served embedding",
    "frozen",
    "detector",
    "runs",
    "against specialists",
    "unseen labels",
    "speed",
)
"""Figures without which there is no page; `evaluate` makes them all."""
TARGETS: Final = {
    "category P@1": (0.78, 0.82),
    "category P@1, photographer left out": (0.70, 0.75),
    "instance R@1 camera -> catalogue": (0.75, 0.80),
    "instance R@1 web -> catalogue": (0.83, 0.87),
}
"""What to reach, and the ambition."""
OF_ITS_FLOAT: Final = 0.97
SERVED_RUN: Final = "served-0"
"""The run whose head and rotation are served: its floats are what the served bits are compared with."""
DETECTOR_TARGETS: Final = (
    ("composed scenes", "AP50", 0.99),
    ("composed scenes", "AP75", 0.96),
    ("composed scenes", "mAP50", 0.65),
    ("mosaics of real photos", "AP50", 0.96),
    ("mosaics of real photos", "mAP50", 0.72),
    ("real photos", "mean IoU", 0.86),
    ("real photos", "IoU > 0.75", 0.90),
    ("real photos", "label top-1", 0.85),
    ("pictures without garments", "false boxes", 0.03),
)


def write_report(figures: Mapping[str, Any], out: Path) -> None:
    """The page, and a chart beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_recall(figures, out.with_name("models-recall.svg"))
    out.write_text(page(figures))


def page(figures: Mapping[str, Any]) -> str:
    """The whole text in Markdown: blocks with one empty line between."""
    return "\n\n".join(_blocks(figures)) + "\n"


def _blocks(figures: Mapping[str, Any]) -> Iterator[str]:
    yield PREFACE.format(**{key: figures[key] for key in ("photos", "photographers")})
    yield from _in_short(figures)
    yield from _embedding(figures)
    yield from _detector(figures)
    yield from _specialists(figures)
    yield from _cost(figures)
    yield from _general(figures)
    yield from _speed(figures["speed"])
    yield LIMITS
    yield TRIED
    yield from every_run(figures, ROWS)
    yield REPEAT


def _in_short(figures: Mapping[str, Any]) -> Iterator[str]:
    rows = [*_embedding_targets(figures), *_detector_targets(figures["detector"])]
    mine, theirs = ([row for row in rows if row[0] == name] for name in ("embedding", "detector"))
    speed = figures["speed"]
    yield "## In short"
    embed, detect = (speed[f"{name} ms a picture, batch 1"] for name in ("embed", "detect"))
    yield (
        f"One embedding of 256 bits ({speed['embed MB']:.0f} MB, {embed:.1f} ms a picture on one thread) and one "
        f"detector ({speed['detect MB']:.0f} MB, {detect:.1f} ms) are served. The embedding meets {_met(mine)} of its "
        f"targets, the detector {_met(theirs)}."
    )
    yield table(("model", "measured on", "figure", "value", "target", ""), rows)
    yield from verdicts(figures)


def _met(rows: list[Row]) -> str:
    return f"{sum(row[-1] == 'met' for row in rows)} of {len(rows)}"


def _embedding_targets(figures: Mapping[str, Any]) -> Iterator[Row]:
    found, what = figures["served embedding"], "test photographers"
    for name, (aim, ambition) in TARGETS.items():
        value = mean_of(found[name])
        yield "embedding", what, name, f"{value:.3f}", f"{aim:.2f} (ambition {ambition:.2f})", reached(value, aim)
    if SERVED_RUN in figures["runs"]:
        share = mean_of(found["category P@1"]) / mean_of(figures["runs"][SERVED_RUN]["float"]["category P@1"])
        said = f"{OF_ITS_FLOAT:.2f}"
        yield "embedding", what, "category P@1, of its own floats'", f"{share:.2f}", said, reached(share, OF_ITS_FLOAT)
    elsewhere = figures.get("elsewhere", {})
    if ELSEWHERE in found and FROZEN in elsewhere:
        value, frozen = mean_of(found[ELSEWHERE]), mean_of(elsewhere[FROZEN])
        yield _no_worse_than_frozen("another domain", "P@1", value, frozen)
    for name, unseen in figures["unseen labels"].items():
        value, frozen = mean_of(unseen["bits"]), mean_of(unseen[FROZEN])
        yield _no_worse_than_frozen(f"{', '.join(unseen['labels'])}, held out of `{name}`", "P@1", value, frozen)


def _no_worse_than_frozen(what: str, name: str, value: float, frozen: float) -> Row:
    return "embedding", what, name, f"{value:.3f}", f"{frozen:.3f}, frozen random bits", reached(value, frozen)


def _detector_targets(found: Mapping[str, Any]) -> Iterator[Row]:
    for kind, name, aim in DETECTOR_TARGETS:
        value, is_cost = mean_of(found[kind][name]), name == "false boxes"
        said = f"at most {aim:.2f}" if is_cost else f"{aim:.2f}"
        yield "detector", kind, _told(name), f"{value:.3f}", said, reached(value, aim, is_cost=is_cost)


def _told(name: str) -> str:
    """A detector's figure with its unit, where that is not plain."""
    return {
        "false boxes": "false boxes a picture, score over 0.5",
        KEPT: f"false boxes a picture, score over {DEFAULT_MIN_SCORE}: what a worker keeps",
    }.get(name, name)


def _embedding(figures: Mapping[str, Any]) -> Iterator[str]:
    mine, frozen = figures["served embedding"], figures["frozen"]
    yield "## The embedding that is served"
    yield "The ONNX file itself, from pictures to 256 bits, beside random bits of the backbone that it began with."
    rows = [(name, shown(mine[name]), shown(frozen["bits"][name])) for name in ROWS]
    yield table(("test photographers", "served", "frozen backbone, random projection"), rows)
    yield "![Recall at 1, 5, 10 and 50 of the served bits and of the frozen backbone's](models-recall.svg)"
    if "pictures" in figures:
        yield from _stale(figures, "embed")
        yield from _neighbours(figures["pictures"])


def _neighbours(pictures: Mapping[str, Any]) -> Iterator[str]:
    found = pictures["neighbours"]
    yield f"![Rows of drawn pins: a query, then its six nearest with their distances in bits]({NEIGHBOURS})"
    yield (
        f"Queries evenly spread over {pictures['pictures']} drawn sample pins (none was trained on), and what lies "
        "nearest to each whole picture by Hamming distance; green where both show the same product. Of "
        f"{found['pictures that share a product']} pins whose product another one shows, "
        f"{found['nearest shares it']} find such a pin first; the median distance of the first neighbour is "
        f"{found['median distance of the nearest']} bits."
    )
    yield _looked(pictures, "embed", NEIGHBOURS_SEEN)


def _stale(figures: Mapping[str, Any], model: str) -> Iterator[str]:
    """Says so if the pictures are not of the file that the figures are of."""
    judged = figures.get("sha256", figures["pictures"]["sha256"])
    if judged[model] != figures["pictures"]["sha256"][model]:
        yield "The picture below is of an earlier file than the figures: run `python -m inference.training pictures`."


def _looked(pictures: Mapping[str, Any], model: str, text: str) -> str:
    """What somebody saw, which was written by hand: of these files, or of earlier ones."""
    is_current = pictures["sha256"][model].startswith(LOOKED_AT[model])
    return f"**{'What one sees' if is_current else 'What one saw on those of an earlier file'}.** {text}"


def _detector(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures["detector"]
    yield "## The detector"
    yield "Scenes composed of, and photos by, the test photographers."
    rows = [(kind, _told(name), shown(found[kind][name])) for kind, name, _ in DETECTOR_TARGETS]
    rows.append(("pictures without garments", _told(KEPT), shown(found["pictures without garments"][KEPT])))
    alone = found.get("composed scenes of garments alone", {})
    rows += [("composed scenes, no other things", name, shown(value)) for name, value in alone.items()]
    for name in ("mean IoU, constant box", "IoU > 0.75, constant box"):
        rows.append(("real photos, baseline", name, shown(found["real photos"][name])))
    drawn = dict(found.get("drawn sample pins", {}))
    empty = drawn.pop("pictures", 0)
    for name, value in drawn.items():
        kind = f"{empty:.0f} drawn pins without garments" if "false" in name else "drawn sample pins"
        rows.append((kind, _told(name), shown(value)))
    others = dict(found.get("another domain", {}))
    kind = f"{others.pop('pictures', 0):.0f} pictures of another domain"
    rows += [(kind, _told(name), shown(value)) for name, value in others.items()]
    yield table(("pictures", "figure", "value"), rows)
    if "pictures" in figures:
        yield from _stale(figures, "detect")
        yield from _boxes(figures["pictures"])


def _boxes(pictures: Mapping[str, Any]) -> Iterator[str]:
    found = pictures["detections"]
    yield f"![A grid of drawn pins with the boxes found, their labels and scores]({DETECTIONS})"
    yield (
        f"{found['pictures']} of the drawn pins, {found['pictures without garments']} without garments, and all boxes "
        f"that the worker would keep. Of {found['garments']} garments {found['right']} are found with their label "
        f"(green), {found['wrong label']} with another (orange), {found['missed']} are missed (blue); "
        f"{found['found again']} boxes find one again (purple), {found['false boxes']} are of nothing (red), "
        f"{found['false boxes on them']} of these where there are no garments."
    )
    yield _looked(pictures, "detect", DETECTIONS_SEEN)


def _specialists(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## One code for every task, or specialists"
    yield (
        "Runs of the same budget, 256 bits. Those named `head-` train the head alone, on the mean of three "
        "tuned backbones; the others tuned the backbone too."
    )
    yield table(("kind", "seeds", *TASKS, "mean over tasks"), over_seeds(figures["runs"]))
    yield "Over seeds, the lowest and the highest in brackets. Pair by pair, on the same queries:"
    rows = list(unified_less_specialists(figures["against specialists"]))
    yield folded("Unified less specialist, with intervals", table(("pair", *TASKS, "mean over tasks"), rows))


def _cost(figures: Mapping[str, Any]) -> Iterator[str]:
    if "cost" not in figures:
        return
    found = figures["cost"]
    yield "## What proxies cost"
    yield (
        f"One step of training the head on one task: {found['rows']} rows, 256 dimensions, one thread of the machine "
        f"that made this page. Times are processor time, the median over {found['steps']} steps; other programs ran "
        "too, and slow memory down. *State* is counted from shapes: proxies, their gradient and AdamW's two moments; "
        "*peak* is how much the process grew, measured, each case in a process of its own."
    )
    rows = [
        (
            f"{case['proxies']:,}",
            f"{case['sampled']:,}" if case["sampled"] else "all",
            f"{case['state MB']:.1f}",
            f"{case['peak MB']:.0f}",
            f"{case['ms a step']:.1f}",
        )
        for case in found["cases"]
    ]
    yield table(("proxies", "in the softmax", "state MB", "peak MB", "ms a step"), rows)
    yield COST_SAYS


def _general(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## On what it was never trained on"
    yield (
        "Labels held out are those of photos that are not trained on; pieces of such photos, a cut-out beside another "
        "garment or a patch of cloth as a ground, may still have been on the pictures of others. The runs are not the "
        "recipe that is served: `head-unseen-0` is a head on ImageNet's backbone, `unseen-cpu-0` tuned the last stages "
        "of it. The served file saw all labels; what it never saw is the other domain below."
    )
    for name, found in figures["unseen labels"].items():
        yield f"Run `{name}` never saw {', '.join(found['labels'])}: P@1 of {found['queries']} photos of them."
        names = ("bits", FROZEN, "float", "frozen, float")
        yield table(("what", "P@1"), [(n, shown(found[n])) for n in names])
    if "elsewhere" in figures:
        found = figures["elsewhere"]
        yield (
            f"Another domain altogether, {found['pictures']} pictures with {found['labels']} labels "
            f"({', '.join(found['names'])}): P@1. None was trained on."
        )
        head = ("what", "P@1", "of its floats")
        rows = [(n, shown(found[n]), "") for n in ("frozen, float", FROZEN)]
        served = figures["served embedding"].get(ELSEWHERE)
        rows += [("the served file", shown(served), "")] if served else []
        runs = {n: (n, shown(v["bits"]), shown(v["float"])) for n, v in found.items() if isinstance(v, dict)}
        yield table(head, [*rows, *(row for n, row in runs.items() if n.startswith("served-"))])
        yield folded("Every run in that domain", table(head, runs.values()))


def _speed(speed: Mapping[str, float]) -> Iterator[str]:
    yield "## Speed and size"
    yield "One thread of the machine that made this page."
    yield table(("what", "value"), [(name, f"{value:.1f}") for name, value in speed.items()])
