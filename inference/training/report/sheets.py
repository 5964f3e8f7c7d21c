"""Two pictures for the report: nearest neighbours, and the detector's boxes; needs no torch."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from inference.images import Box
from inference.model_repository import graph_path
from inference.tensors import DETECT, EMBED
from inference.training.model.weights import file_sha256
from inference.training.report.predictions import (
    PicturePrediction,
    evenly_spread,
    match,
    nearest,
    predict_folder,
    sharing_products,
)

NEIGHBOURS: Final = "models-neighbours.webp"
DETECTIONS: Final = "models-detections.webp"
MAX_BYTES: Final = 200_000
QUERIES, NEAREST = 8, 6
COLUMNS, WITH_GARMENTS, WITHOUT = 6, 18, 6
TILE_PX, CELL_PX, TEXT_PX, GAP_PX = 120, 170, 16, 6
PAPER: Final = (250, 250, 248)
INK: Final = (40, 40, 40)
CORRECT: Final = (20, 130, 60)
WRONG_LABEL: Final = (215, 120, 0)
DUPLICATE: Final = (150, 60, 190)
FALSE: Final = (205, 25, 45)
MISSED: Final = (40, 70, 225)


def draw_sheets(folder: Path, out: Path, *, most: int = 200) -> dict[str, Any]:
    """Writes both sheets of a folder of pictures into the folder ``out``; returns what was counted on them."""
    pictures = predict_folder(folder, most=most)
    out.mkdir(parents=True, exist_ok=True)
    queries = [pictures[i] for i in evenly_spread(len(pictures), QUERIES)]
    _save(draw_neighbours(queries, pictures), out / NEIGHBOURS)
    shown = _choose_for_detector(pictures)
    _save(draw_detections(shown), out / DETECTIONS)
    files = {spec.name: file_sha256(graph_path(spec)) for spec in (EMBED, DETECT)}
    return {
        "pictures": len(pictures),
        "sha256": files,
        "neighbours": _count_neighbours(pictures),
        "detections": _count_detections(shown),
    }


def _choose_for_detector(pictures: Sequence[PicturePrediction]) -> list[PicturePrediction]:
    """Pictures for the detector; some of them without garments, if that is known."""
    empty = [each for each in pictures if each.truths == ()]
    others = [each for each in pictures if each.truths != ()]
    bare = [empty[i] for i in evenly_spread(len(empty), WITHOUT)]
    return [others[i] for i in evenly_spread(len(others), WITH_GARMENTS + WITHOUT - len(bare))] + bare


def _count_neighbours(pictures: Sequence[PicturePrediction]) -> dict[str, float]:
    pairs = list(sharing_products(pictures))
    first = sorted(nearest(pictures, each)[0][0] for each in pictures)
    return {
        "pictures that share a product": len(pairs),
        "nearest shares it": sum(query.shares_product(other) for query, other in pairs),
        "median distance of the nearest": first[len(first) // 2],
    }


def _count_detections(pictures: Sequence[PicturePrediction]) -> dict[str, int]:
    known = [each for each in pictures if each.truths is not None]
    matched = [match(each) for each in known]
    return {
        "pictures": len(pictures),
        "garments": sum(len(each.truths or ()) for each in known),
        "right": sum(len(m.correct) for m in matched),
        "wrong label": sum(len(m.wrong_label) for m in matched),
        "missed": sum(len(m.missed) for m in matched),
        "found again": sum(len(m.duplicate) for m in matched),
        "false boxes": sum(len(m.false) for m in matched),
        "pictures without garments": sum(each.truths == () for each in known),
        "false boxes on them": sum(len(m.false) for m, each in zip(matched, known, strict=True) if not each.truths),
    }


def draw_neighbours(queries: Sequence[PicturePrediction], pictures: Sequence[PicturePrediction]) -> Image.Image:
    """One row per query: the query, a gap, its nearest with their distances; framed if they show the same product."""
    columns = min(NEAREST, len(pictures) - 1)
    step, line = TILE_PX + GAP_PX, TILE_PX + TEXT_PX + GAP_PX
    sheet = Image.new("RGB", ((columns + 1) * step + 4 * GAP_PX, len(queries) * line + GAP_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    for row, query in enumerate(queries):
        y = GAP_PX + row * line
        _paste(sheet, query, (GAP_PX, y), TILE_PX)
        pen.text((GAP_PX, y + TILE_PX), "query", INK, _font())
        for column, (distance, other) in enumerate(nearest(pictures, query)[:columns]):
            x = 4 * GAP_PX + (column + 1) * step
            _paste(sheet, other, (x, y), TILE_PX)
            is_same = query.shares_product(other)
            if is_same:
                pen.rectangle((x - 2, y - 2, x + TILE_PX + 1, y + TILE_PX + 1), outline=CORRECT, width=3)
            pen.text((x, y + TILE_PX), f"{distance} bits", CORRECT if is_same else INK, _font())
    return sheet


def draw_detections(pictures: Sequence[PicturePrediction]) -> Image.Image:
    """A grid of pictures with the boxes found on them, coloured by whether they are correct, if that is known."""
    step = CELL_PX + GAP_PX
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * step + GAP_PX, rows * step + GAP_PX), PAPER)
    for number, each in enumerate(pictures):
        corner = (GAP_PX + number % COLUMNS * step, GAP_PX + number // COLUMNS * step)
        _paste(sheet, each, corner, CELL_PX)
        matched = match(each)
        groups = [(matched.false, FALSE), (matched.duplicate, DUPLICATE), (matched.wrong_label, WRONG_LABEL)]
        groups = [*groups, (matched.correct, CORRECT)] if each.truths is not None else [(each.detections, CORRECT)]
        for truth in matched.missed:
            _draw_box(sheet, truth.box, corner, f"missed {truth.label}", MISSED)
        for found, colour in groups:
            for one in found:
                _draw_box(sheet, one.box, corner, f"{one.label} {one.score:.2f}", colour)
    return sheet


def _paste(sheet: Image.Image, picture: PicturePrediction, corner: tuple[int, int], size_px: int) -> None:
    sheet.paste(Image.fromarray(picture.pixels(size_px)), corner)


def _draw_box(sheet: Image.Image, box: Box, corner: tuple[int, int], text: str, colour: tuple[int, int, int]) -> None:
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
    """As WebP, in the best quality that fits into `MAX_BYTES`."""
    for quality in (85, 75, 65, 55, 45, 35):
        encoded = io.BytesIO()
        sheet.save(encoded, "WEBP", quality=quality, method=6)
        if encoded.tell() <= MAX_BYTES:
            break
    path.write_bytes(encoded.getvalue())
