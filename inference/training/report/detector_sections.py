"""The page's sections on the detector, and on the two sheets of sample pins."""

from collections.abc import Iterator, Mapping
from typing import Any

from inference.training.evaluate.detector import KEPT
from inference.training.report.markdown import Row, table, with_interval
from inference.training.report.sheets import DETECTIONS, NEIGHBOURS
from inference.training.report.summary import DETECTOR_TARGETS, FIGURES


def detector(figures: Mapping[str, Any]) -> Iterator[str]:
    """Every figure of the served detector."""
    found = figures["detector"]
    rows = [_row(kind, name, found[kind][name]) for kind, name, _ in DETECTOR_TARGETS]
    rows.append(_row("pictures without garments", KEPT, found["pictures without garments"][KEPT]))
    alone = found.get("composed scenes of garments alone", {})
    rows += [_row("composed scenes, no other things", name, value) for name, value in alone.items()]
    for name in ("mean IoU, constant box", "IoU > 0.75, constant box"):
        rows.append(_row("real photos, baseline", name, found["real photos"][name]))
    drawn = dict(found.get("drawn sample pins", {}))
    empty = drawn.pop("pictures", 0)
    for name, value in drawn.items():
        kind = f"{empty:.0f} drawn pins without garments" if name in FIGURES else "drawn sample pins"
        rows.append(_row(kind, name, value))
    others = dict(found.get("another domain", {}))
    kind = f"{others.pop('pictures', 0):.0f} pictures of another domain"
    rows += [_row(kind, name, value) for name, value in others.items()]
    yield table(("pictures", "figure", "value"), rows)


def _row(kind: str, name: str, value: Any) -> Row:
    return kind, FIGURES.get(name, name), with_interval(value)


def neighbours(figures: Mapping[str, Any]) -> Iterator[str]:
    """The sheet of nearest neighbours and what was counted on it."""
    pictures = figures["pictures"]
    found = pictures["neighbours"]
    yield from _warn_if_older(figures, "embed")
    yield f"![Rows of drawn pins: a query, then its six nearest with their distances in bits]({NEIGHBOURS})"
    yield (
        f"Queries evenly spread over {pictures['pictures']} drawn sample pins (none was trained on), and what lies "
        "nearest to each whole picture by Hamming distance; green where both show the same product. Of "
        f"{found['pictures that share a product']} pins whose product another one shows, "
        f"{found['nearest shares it']} find such a pin first; the median distance of the first neighbour is "
        f"{found['median distance of the nearest']} bits."
    )


def boxes(figures: Mapping[str, Any]) -> Iterator[str]:
    """The sheet of detections and what was counted on it."""
    found = figures["pictures"]["detections"]
    yield from _warn_if_older(figures, "detect")
    yield f"![A grid of drawn pins with the boxes found, their labels and scores]({DETECTIONS})"
    yield (
        f"{found['pictures']} of the drawn pins, {found['pictures without garments']} without garments, and all boxes "
        f"that the worker would keep. Of {found['garments']} garments {found['right']} are found with their label "
        f"(green), {found['wrong label']} with another one (orange), {found['missed']} are missed (blue); "
        f"{found['found again']} boxes are duplicates (purple), {found['false boxes']} are of nothing (red), "
        f"{found['false boxes on them']} of these where there are no garments."
    )


def _warn_if_older(figures: Mapping[str, Any], model: str) -> Iterator[str]:
    """Says so if the sheets were not drawn with the file that the figures are of."""
    of_figures = figures.get("sha256", figures["pictures"]["sha256"])
    if of_figures[model] != figures["pictures"]["sha256"][model]:
        yield "The picture below is of an earlier file than the figures: run `python -m inference.training pictures`."
