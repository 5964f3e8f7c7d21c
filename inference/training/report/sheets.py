"""Two pictures for the report: what lies nearest to what, and what the detector finds; needs no torch."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from inference.images import Box
from inference.model_repository import graph_path
from inference.tensors import DETECT, EMBED
from inference.training.model.onnx_files import sha256
from inference.training.report.predictions import ServedAnswer, evenly, judge, look, nearest, sharing

NEIGHBOURS: Final = "models-neighbours.webp"
DETECTIONS: Final = "models-detections.webp"
MAX_BYTES: Final = 200_000
QUERIES, NEAREST = 8, 6
COLUMNS, WITH_GARMENTS, WITHOUT = 6, 18, 6
TILE_PX, CELL_PX, TEXT_PX, GAP_PX = 120, 170, 16, 6
PAPER: Final = (250, 250, 248)
INK: Final = (40, 40, 40)
RIGHT: Final = (20, 130, 60)
WRONG_LABEL: Final = (215, 120, 0)
AGAIN: Final = (150, 60, 190)
FALSE: Final = (205, 25, 45)
MISSED: Final = (40, 70, 225)


def draw_sheets(folder: Path, out: Path, *, most: int = 200) -> dict[str, Any]:
    """Both sheets of a folder of pictures, into the folder ``out``; what can be counted of them."""
    seen = look(folder, most=most)
    out.mkdir(parents=True, exist_ok=True)
    queries = [seen[i] for i in evenly(len(seen), QUERIES)]
    _save(neighbours(queries, seen), out / NEIGHBOURS)
    shown = _with_and_without(seen)
    _save(detections(shown), out / DETECTIONS)
    files = {spec.name: sha256(graph_path(spec)) for spec in (EMBED, DETECT)}
    return {"pictures": len(seen), "sha256": files, "neighbours": _nearness(seen), "detections": _counts(shown)}


def _with_and_without(seen: Sequence[ServedAnswer]) -> list[ServedAnswer]:
    """Pictures for the detector, by name: some without garments among them, where that is known."""
    empty = [each for each in seen if each.truths == ()]
    others = [each for each in seen if each.truths != ()]
    bare = [empty[i] for i in evenly(len(empty), WITHOUT)]
    return [others[i] for i in evenly(len(others), WITH_GARMENTS + WITHOUT - len(bare))] + bare


def _nearness(seen: Sequence[ServedAnswer]) -> dict[str, float]:
    pairs = list(sharing(seen))
    first = sorted(nearest(seen, each)[0][0] for each in seen)
    return {
        "pictures that share a product": len(pairs),
        "nearest shares it": sum(query.shares_product(other) for query, other in pairs),
        "median distance of the nearest": first[len(first) // 2],
    }


def _counts(seen: Sequence[ServedAnswer]) -> dict[str, int]:
    known = [each for each in seen if each.truths is not None]
    verdicts = [judge(each) for each in known]
    return {
        "pictures": len(seen),
        "garments": sum(len(each.truths or ()) for each in known),
        "right": sum(len(v.right) for v in verdicts),
        "wrong label": sum(len(v.wrong_label) for v in verdicts),
        "missed": sum(len(v.missed) for v in verdicts),
        "found again": sum(len(v.again) for v in verdicts),
        "false boxes": sum(len(v.false) for v in verdicts),
        "pictures without garments": sum(each.truths == () for each in known),
        "false boxes on them": sum(len(v.false) for v, each in zip(verdicts, known, strict=True) if not each.truths),
    }


# --- drawing --------------------------------------------------------------------------------------


def neighbours(queries: Sequence[ServedAnswer], seen: Sequence[ServedAnswer]) -> Image.Image:
    """A row a query: the query, a gap, its nearest with their distances; framed where they show the same product."""
    columns = min(NEAREST, len(seen) - 1)
    step, line = TILE_PX + GAP_PX, TILE_PX + TEXT_PX + GAP_PX
    sheet = Image.new("RGB", ((columns + 1) * step + 4 * GAP_PX, len(queries) * line + GAP_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    for row, query in enumerate(queries):
        y = GAP_PX + row * line
        _put(sheet, query, (GAP_PX, y), TILE_PX)
        pen.text((GAP_PX, y + TILE_PX), "query", INK, _font())
        for column, (distance, other) in enumerate(nearest(seen, query)[:columns]):
            x = 4 * GAP_PX + (column + 1) * step
            _put(sheet, other, (x, y), TILE_PX)
            is_same = query.shares_product(other)
            if is_same:
                pen.rectangle((x - 2, y - 2, x + TILE_PX + 1, y + TILE_PX + 1), outline=RIGHT, width=3)
            pen.text((x, y + TILE_PX), f"{distance} bits", RIGHT if is_same else INK, _font())
    return sheet


def detections(seen: Sequence[ServedAnswer]) -> Image.Image:
    """A grid of pictures with the boxes found on them, coloured by what is true where that is known."""
    step = CELL_PX + GAP_PX
    rows = -(-len(seen) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * step + GAP_PX, rows * step + GAP_PX), PAPER)
    for number, each in enumerate(seen):
        corner = (GAP_PX + number % COLUMNS * step, GAP_PX + number // COLUMNS * step)
        _put(sheet, each, corner, CELL_PX)
        verdict = judge(each)
        groups = [(verdict.false, FALSE), (verdict.again, AGAIN), (verdict.wrong_label, WRONG_LABEL)]
        groups = [*groups, (verdict.right, RIGHT)] if each.truths is not None else [(each.detections, RIGHT)]
        for truth in verdict.missed:
            _frame(sheet, truth.box, corner, f"missed {truth.label}", MISSED)
        for found, colour in groups:
            for one in found:
                _frame(sheet, one.box, corner, f"{one.label} {one.score:.2f}", colour)
    return sheet


def _put(sheet: Image.Image, seen: ServedAnswer, corner: tuple[int, int], size_px: int) -> None:
    sheet.paste(Image.fromarray(seen.pixels(size_px)), corner)


def _frame(sheet: Image.Image, box: Box, corner: tuple[int, int], text: str, colour: tuple[int, int, int]) -> None:
    """A box on the picture at ``corner``, its text inside at the top."""
    pen = ImageDraw.Draw(sheet)
    x0, y0 = corner[0] + round(box.x0 * CELL_PX), corner[1] + round(box.y0 * CELL_PX)
    x1, y1 = corner[0] + round(box.x1 * CELL_PX) - 1, corner[1] + round(box.y1 * CELL_PX) - 1
    pen.rectangle((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)), outline=colour, width=2)
    width = pen.textlength(text, _font())
    x = min(x0, corner[0] + CELL_PX - round(width) - 4)
    pen.rectangle((x, y0, x + width + 4, y0 + TEXT_PX - 2), fill=colour)
    pen.text((x + 2, y0), text, "white", _font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(TEXT_PX - 4)


def _save(sheet: Image.Image, path: Path) -> None:
    """As WebP, as good as fits into `MAX_BYTES`."""
    for quality in (85, 75, 65, 55, 45, 35):
        encoded = io.BytesIO()
        sheet.save(encoded, "WEBP", quality=quality, method=6)
        if encoded.tell() <= MAX_BYTES:
            break
    path.write_bytes(encoded.getvalue())
