"""From flat outlines to something that looks sewn and lit: pieces of cloth, drawn one over the other into a sprite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from samples.drawing.paths import Points
from samples.drawing.raster import Field, Pixels, pixels, three, tinted
from samples.drawing.relief import dashes, fixed, lit, stroke, wrinkles
from samples.garments.cloth import TILE_PX, Cloth, shaded
from samples.garments.pieces import Piece, extent

NEUTRAL: Final = 170.0
"""The shade that leaves a colour as it is; above is lit, below is in shadow."""

COARSE: Final = 4
"""Light changes slowly: it is computed on a grid this many times coarser than the pixels."""

MARGIN_CM: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawn thing on nothing: ``rgb`` ``(h, w, 3) uint8`` premultiplied by ``alpha`` ``(h, w) uint8``."""

    rgb: Pixels
    alpha: Pixels


@dataclass(slots=True)
class _Table:
    """Where the pieces are laid down, one after the other."""

    scale: float
    origin: Points
    rgb: Pixels
    alpha: Pixels
    crumple: Field
    bolts: dict[str, Pixels] = field(default_factory=dict)

    def pixels(self, points: Points) -> Points:
        return (points - self.origin) * self.scale


def sew(
    pieces: Sequence[Piece], cloth: Cloth, *, scale: float, rng: np.random.Generator, crumple: float = 1.0
) -> Sprite:
    """The pieces drawn at ``scale`` pixels per centimetre; ``crumple`` says how wrinkled, 0 for none."""
    x0, y0, x1, y1 = extent(pieces)
    width = int((x1 - x0 + 2 * MARGIN_CM) * scale / COARSE + 1) * COARSE
    height = int((y1 - y0 + 2 * MARGIN_CM) * scale / COARSE + 1) * COARSE
    table = _Table(
        scale,
        np.array([x0 + x1 - width / scale, y0 + y1 - height / scale]) / 2,
        np.zeros((height, width, 3), np.uint8),
        np.zeros((height, width), np.uint8),
        wrinkles(width // COARSE, height // COARSE, scale / COARSE, rng) * crumple,
    )
    for piece in pieces:
        _lay(table, piece, cloth, rng)
    return Sprite(cv2.multiply(table.rgb, three(table.alpha), scale=1 / 255), table.alpha)


def _lay(table: _Table, piece: Piece, cloth: Cloth, rng: np.random.Generator) -> None:
    outline = table.pixels(piece.outline)
    spread = MARGIN_CM * table.scale
    x0, y0 = (max(0, int(low - spread) // COARSE * COARSE) for low in outline.min(axis=0))
    x1, y1 = (int(np.ceil((high + spread) / COARSE)) * COARSE for high in outline.max(axis=0))
    x1, y1 = min(x1, table.rgb.shape[1]), min(y1, table.rgb.shape[0])
    corner = np.array([x0, y0])
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [fixed(outline - corner)], (255,), cv2.LINE_AA, shift=4)
    coarse = cv2.resize(mask, (mask.shape[1] // COARSE, mask.shape[0] // COARSE), interpolation=cv2.INTER_AREA)
    region = table.rgb[y0:y1, x0:x1]
    if piece.shadow and table.alpha[y0:y1, x0:x1].any():
        _cast(region, coarse, piece, table.scale)
    crumple = table.crumple[y0 // COARSE : y1 // COARSE, x0 // COARSE : x1 // COARSE]
    shade = _shade(piece, coarse, crumple, table, corner)
    if isinstance(piece.tone, str):
        painted = cv2.multiply(_cut(table, piece, cloth, rng, box=(x0, y0, x1, y1)), three(shade), scale=1 / NEUTRAL)
    else:
        painted = tinted([channel / NEUTRAL for channel in piece.tone], shade)
    cv2.copyTo(painted, (mask > 0).view(np.uint8), region)
    np.maximum(table.alpha[y0:y1, x0:x1], mask, out=table.alpha[y0:y1, x0:x1])


def _cast(region: Pixels, coarse: Pixels, piece: Piece, scale: float) -> None:
    """Darkens what lies below and to the right of a piece about to be laid down."""
    soft: Field = cv2.GaussianBlur(coarse, (0, 0), max(0.6, 0.7 * scale / COARSE))
    offset = max(1, round(0.35 * scale / COARSE))
    soft[offset:, offset:] = soft[:-offset, :-offset].copy()
    factor = cv2.resize(soft, (region.shape[1], region.shape[0]), interpolation=cv2.INTER_LINEAR)
    np.copyto(
        region, cv2.multiply(region, three(cv2.convertScaleAbs(factor, alpha=-piece.shadow, beta=255)), scale=1 / 255)
    )


def _shade(piece: Piece, coarse: Pixels, crumple: Field, table: _Table, corner: Points) -> Pixels:
    """How each pixel of the piece is lit, ``(h, w) uint8`` around NEUTRAL, with its seams and stitches."""
    scale = table.scale / COARSE
    inside = coarse.astype(np.float32) / 255
    soft: Field = cv2.GaussianBlur(inside, (0, 0), max(0.6, piece.round_cm * scale / 2))
    light = 1 - piece.depth * (1 - np.clip(soft * 2 - 1, 0, 1)) + crumple
    light += 0.6 * piece.depth * lit(soft, piece.round_cm * scale / 2)
    if piece.folds:
        light += _folded(piece, coarse.shape, table, corner)
    if piece.gloss:
        light += piece.gloss * np.clip(cv2.GaussianBlur(light - 1, (0, 0), 1.5 * scale), 0, 1) * 8
    low = pixels(light * NEUTRAL)
    shade = cv2.resize(low, (low.shape[1] * COARSE, low.shape[0] * COARSE), interpolation=cv2.INTER_LINEAR)
    thin = max(1, round(0.22 * table.scale))
    for seam in piece.seams:
        stroke(shade, [table.pixels(seam) - corner], NEUTRAL * 0.66, thin)
    for stitch in piece.stitches:
        stroke(
            shade,
            dashes(table.pixels(stitch) - corner, 0.55 * table.scale),
            NEUTRAL * 0.74,
            max(1, round(0.16 * table.scale)),
        )
    return shade


def _folded(piece: Piece, shape: tuple[int, ...], table: _Table, corner: Points) -> Field:
    relief = np.zeros(shape[:2], np.uint8)
    lines = [(table.pixels(fold) - corner) / COARSE for fold in piece.folds]
    scale = table.scale / COARSE
    stroke(relief, lines, 255, max(1, round(piece.fold_cm * 0.7 * scale)))
    soft: Field = cv2.GaussianBlur(relief, (0, 0), max(0.7, piece.fold_cm * 0.4 * scale)).astype(np.float32) / 255
    return 0.30 * lit(soft, 0.5 * piece.fold_cm * scale)


def _cut(
    table: _Table, piece: Piece, cloth: Cloth, rng: np.random.Generator, *, box: tuple[int, int, int, int]
) -> Pixels:
    """The piece's stretch of fabric, ``(h, w, 3) uint8``, turned along its grain."""
    x0, y0, x1, y1 = box
    bolt = table.bolts.get(str(piece.tone))
    if bolt is None:
        side = int(np.hypot(table.alpha.shape[0], table.alpha.shape[1])) + 2
        repeats = side // TILE_PX + 1
        bolt = np.asarray(cv2.repeat(_swatch(str(piece.tone), cloth).tile(table.scale, rng), repeats, repeats))
        table.bolts[str(piece.tone)] = bolt
    if not piece.grain:
        return bolt[y0:y1, x0:x1]
    centre = ((x1 - x0) / 2, (y1 - y0) / 2)
    turn: Field = cv2.getRotationMatrix2D(centre, piece.grain, 1.0)
    middle = bolt.shape[0] / 2
    turn[:, 2] += turn[:, :2] @ (np.array(centre) - middle)
    return cv2.warpAffine(bolt, turn, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REFLECT)


def _swatch(tone: str, cloth: Cloth) -> Cloth:
    swatches = {
        "main": cloth,
        "plain": Cloth(cloth.colour),
        "rib": Cloth(cloth.colour, "corduroy"),
        "inside": Cloth(shaded(cloth.colour, 0.62)),
        "accent": Cloth(cloth.accent),
        "second": Cloth(cloth.second),
    }
    return swatches[tone]
