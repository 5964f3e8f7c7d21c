"""Draws layers of cloth over each other into one sprite, with light, folds, seams and shadows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from samples.drawing.cloth import TILE_PX, Cloth, shaded
from samples.drawing.layers import Layer, extent
from samples.drawing.paths import Points
from samples.drawing.raster import Field, Pixels, as_rgb, pixels, tinted
from samples.drawing.relief import dashes, fixed_point, hillshade, stroke, wrinkles

NEUTRAL: Final = 170.0
"""The shade that leaves a colour as it is; above is lit, below is in shadow."""

COARSE: Final = 4
"""Light changes slowly: it is computed on a grid this many times coarser than the pixels."""

MARGIN_CM: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawing without a background: ``rgb`` ``(h, w, 3) uint8`` premultiplied by ``alpha`` ``(h, w) uint8``."""

    rgb: Pixels
    alpha: Pixels


@dataclass(slots=True)
class _Canvas:
    """What the layers are drawn on, one after the other."""

    scale: float
    origin: Points
    rgb: Pixels
    alpha: Pixels
    crumple: Field
    fabrics: dict[str, Pixels] = field(default_factory=dict)

    def pixels(self, points: Points) -> Points:
        return (points - self.origin) * self.scale


def render_sprite(
    layers: Sequence[Layer], cloth: Cloth, *, scale: float, rng: np.random.Generator, crumple: float = 1.0
) -> Sprite:
    """The layers drawn at ``scale`` pixels per centimetre; ``crumple`` says how wrinkled, 0 for none."""
    x0, y0, x1, y1 = extent(layers)
    width = int((x1 - x0 + 2 * MARGIN_CM) * scale / COARSE + 1) * COARSE
    height = int((y1 - y0 + 2 * MARGIN_CM) * scale / COARSE + 1) * COARSE
    canvas = _Canvas(
        scale,
        np.array([x0 + x1 - width / scale, y0 + y1 - height / scale]) / 2,
        np.zeros((height, width, 3), np.uint8),
        np.zeros((height, width), np.uint8),
        wrinkles(width // COARSE, height // COARSE, scale / COARSE, rng) * crumple,
    )
    for layer in layers:
        _draw_layer(canvas, layer, cloth, rng)
    return Sprite(cv2.multiply(canvas.rgb, as_rgb(canvas.alpha), scale=1 / 255), canvas.alpha)


def _draw_layer(canvas: _Canvas, layer: Layer, cloth: Cloth, rng: np.random.Generator) -> None:
    outline = canvas.pixels(layer.outline)
    spread = MARGIN_CM * canvas.scale
    x0, y0 = (max(0, int(low - spread) // COARSE * COARSE) for low in outline.min(axis=0))
    x1, y1 = (int(np.ceil((high + spread) / COARSE)) * COARSE for high in outline.max(axis=0))
    x1, y1 = min(x1, canvas.rgb.shape[1]), min(y1, canvas.rgb.shape[0])
    corner = np.array([x0, y0])
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [fixed_point(outline - corner)], (255,), cv2.LINE_AA, shift=4)
    coarse = cv2.resize(mask, (mask.shape[1] // COARSE, mask.shape[0] // COARSE), interpolation=cv2.INTER_AREA)
    region = canvas.rgb[y0:y1, x0:x1]
    if layer.shadow and canvas.alpha[y0:y1, x0:x1].any():
        _draw_shadow(region, coarse, layer, canvas.scale)
    crumple = canvas.crumple[y0 // COARSE : y1 // COARSE, x0 // COARSE : x1 // COARSE]
    shade = _shade(layer, coarse, crumple, canvas, corner)
    if isinstance(layer.tone, str):
        painted = cv2.multiply(
            _fabric(canvas, layer, cloth, rng, box=(x0, y0, x1, y1)), as_rgb(shade), scale=1 / NEUTRAL
        )
    else:
        painted = tinted([channel / NEUTRAL for channel in layer.tone], shade)
    cv2.copyTo(painted, (mask > 0).view(np.uint8), region)
    np.maximum(canvas.alpha[y0:y1, x0:x1], mask, out=canvas.alpha[y0:y1, x0:x1])


def _draw_shadow(region: Pixels, coarse: Pixels, layer: Layer, scale: float) -> None:
    """Darkens what lies below and to the right of the next layer."""
    soft: Field = cv2.GaussianBlur(coarse, (0, 0), max(0.6, 0.7 * scale / COARSE))
    offset = max(1, round(0.35 * scale / COARSE))
    soft[offset:, offset:] = soft[:-offset, :-offset].copy()
    factor = cv2.resize(soft, (region.shape[1], region.shape[0]), interpolation=cv2.INTER_LINEAR)
    np.copyto(
        region, cv2.multiply(region, as_rgb(cv2.convertScaleAbs(factor, alpha=-layer.shadow, beta=255)), scale=1 / 255)
    )


def _shade(layer: Layer, coarse: Pixels, crumple: Field, canvas: _Canvas, corner: Points) -> Pixels:
    """How each pixel of the layer is lit, ``(h, w) uint8`` around NEUTRAL, with its seams and stitches."""
    scale = canvas.scale / COARSE
    inside = coarse.astype(np.float32) / 255
    soft: Field = cv2.GaussianBlur(inside, (0, 0), max(0.6, layer.round_cm * scale / 2))
    light = 1 - layer.depth * (1 - np.clip(soft * 2 - 1, 0, 1)) + crumple
    light += 0.6 * layer.depth * hillshade(soft, layer.round_cm * scale / 2)
    if layer.folds:
        light += _fold_light(layer, coarse.shape, canvas, corner)
    if layer.gloss:
        light += layer.gloss * np.clip(cv2.GaussianBlur(light - 1, (0, 0), 1.5 * scale), 0, 1) * 8
    low = pixels(light * NEUTRAL)
    shade = cv2.resize(low, (low.shape[1] * COARSE, low.shape[0] * COARSE), interpolation=cv2.INTER_LINEAR)
    thin = max(1, round(0.22 * canvas.scale))
    for seam in layer.seams:
        stroke(shade, [canvas.pixels(seam) - corner], NEUTRAL * 0.66, thin)
    for stitch in layer.stitches:
        stroke(
            shade,
            dashes(canvas.pixels(stitch) - corner, 0.55 * canvas.scale),
            NEUTRAL * 0.74,
            max(1, round(0.16 * canvas.scale)),
        )
    return shade


def _fold_light(layer: Layer, shape: tuple[int, ...], canvas: _Canvas, corner: Points) -> Field:
    relief = np.zeros(shape[:2], np.uint8)
    lines = [(canvas.pixels(fold) - corner) / COARSE for fold in layer.folds]
    scale = canvas.scale / COARSE
    stroke(relief, lines, 255, max(1, round(layer.fold_cm * 0.7 * scale)))
    soft: Field = cv2.GaussianBlur(relief, (0, 0), max(0.7, layer.fold_cm * 0.4 * scale)).astype(np.float32) / 255
    return 0.30 * hillshade(soft, 0.5 * layer.fold_cm * scale)


def _fabric(
    canvas: _Canvas, layer: Layer, cloth: Cloth, rng: np.random.Generator, *, box: tuple[int, int, int, int]
) -> Pixels:
    """The layer's stretch of fabric, ``(h, w, 3) uint8``, turned along its grain."""
    x0, y0, x1, y1 = box
    fabric = canvas.fabrics.get(str(layer.tone))
    if fabric is None:
        side = int(np.hypot(canvas.alpha.shape[0], canvas.alpha.shape[1])) + 2
        repeats = side // TILE_PX + 1
        fabric = np.asarray(cv2.repeat(_swatch(str(layer.tone), cloth).tile(canvas.scale, rng), repeats, repeats))
        canvas.fabrics[str(layer.tone)] = fabric
    if not layer.grain:
        return fabric[y0:y1, x0:x1]
    centre = ((x1 - x0) / 2, (y1 - y0) / 2)
    turn: Field = cv2.getRotationMatrix2D(centre, layer.grain, 1.0)
    middle = fabric.shape[0] / 2
    turn[:, 2] += turn[:, :2] @ (np.array(centre) - middle)
    return cv2.warpAffine(fabric, turn, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REFLECT)


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
