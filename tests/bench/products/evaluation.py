"""Each product asked as its users ask it, and its answers compared with the labels that people gave the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from inference.images import Box, Pixels
from inference.training.data.backgrounds import background
from inference.training.data.masks import cut_out, garment_mask
from inference.training.data.photos import Photo
from inference.training.data.scenes import compose
from inference.training.data.views import camera_view
from pinstream.search.blend import PhotoPart, lens_queries
from pinstream.search.hits import Hit, SearchResult
from pinstream.search.index import VisualIndex
from pinstream.search.query import ANY_LABEL, CodeQuery, Filters
from pinstream.store.collection import Row
from tests.bench.products.gallery import (
    Exhibit,
    Models,
    Understood,
    by_photographer,
    index_of,
    precision,
    rows_of,
)

AT: Final = 10
SCENE_PX: Final = 448
GARMENTS_A_SCENE: Final = 3
SAME_BOX: Final = 0.5
"""From this intersection over union on, a found box is taken for the garment's."""


@dataclass(frozen=True, slots=True)
class Wall:
    """An index, and what people say of its pins."""

    index: VisualIndex
    exhibits: dict[str, Exhibit]

    @classmethod
    def of(cls, pins: Sequence[tuple[Exhibit, Understood]]) -> "Wall":
        """These pins, indexed as the worker indexes them."""
        rows: list[Row] = [row for one, understood in pins for row in rows_of(one, understood)]
        return cls(index_of(rows), {one.pin_id: one for one, _ in pins})

    def by(self, photographer: str) -> frozenset[str]:
        """The pins that show a photo of one person."""
        return frozenset(pin for pin, one in self.exhibits.items() if photographer in one.photographer.split("+"))

    def chance(self, wanted: frozenset[int], left_out: frozenset[str]) -> float:
        """What guessing would reach: the share of the other pins that show one of the labels."""
        rest = [one for pin, one in self.exhibits.items() if pin not in left_out]
        return sum(bool(one.labels & wanted) for one in rest) / max(len(rest), 1)


def evaluate_related(wall: Wall) -> dict[str, Any]:
    """Related Pins: how many of the first ten show the label of the pin that was asked about."""
    asked = list(wall.exhibits.values())
    found, chance = [], []
    for one in asked:
        left_out = wall.by(one.photographer)
        pins = _pins(wall.index.related(one.pin_id, limit=AT, filters=Filters(but=left_out)))
        found.append(precision(pins, one.labels, wall.exhibits))
        chance.append(wall.chance(one.labels, left_out))
    return {"precision_at_10": by_photographer(found, asked), "chance": round(float(np.mean(chance)), 4)}


def evaluate_similar(wall: Wall) -> dict[str, Any]:
    """Similar Looks for the surest object of each pin, its label gating or not."""
    asked = [one for one in wall.exhibits.values() if wall.index.get(one.pin_id).objects]
    gated: list[float] = []
    open_: list[float] = []
    for one in asked:
        slot = max(wall.index.get(one.pin_id).objects, key=lambda thing: thing.score).slot
        left_out = wall.by(one.photographer)
        for label, into in ((None, gated), (ANY_LABEL, open_)):
            answer = wall.index.similar(one.pin_id, slot, limit=AT, filters=Filters(but=left_out, label=label))
            into.append(precision(_pins(answer), one.labels, wall.exhibits))
    return {"gated": by_photographer(gated, asked), "any_label": by_photographer(open_, asked)}


@dataclass(frozen=True, slots=True)
class Composition:
    """A scene of garments from several photos: where each is, what it is, whose it is."""

    shown: Exhibit
    understood: Understood
    pixels: npt.NDArray[Any]
    boxes: npt.NDArray[Any]  # (k, 4) xyxy in 0..1
    labels: tuple[int, ...]
    photographers: tuple[str, ...]


def compositions(photos: Sequence[Photo], models: Models, *, count: int, seed: int = 0) -> list[Composition]:
    """Scenes of up to three garments cut out of ``photos``, understood by the models."""
    rng = np.random.default_rng(seed)
    masks = {i: mask for i, photo in enumerate(photos) if (mask := garment_mask(photo.pixels())) is not None}
    places, made = sorted(masks), []
    for number in range(count):
        chosen = [int(i) for i in rng.choice(places, GARMENTS_A_SCENE, replace=False)]
        behind = int(rng.choice(places))
        ground = background(photos[behind].pixels(), masks[behind], rng, size_px=SCENE_PX)
        garments = [cut_out(photos[i].pixels(), masks[i]) for i in chosen]
        scene = compose(ground, garments, np.array(chosen), rng)
        kept = [photos[int(i)] for i in scene.labels]
        labels = tuple(photo.label for photo in kept if photo.label is not None)
        people = tuple(photo.photographer for photo in kept)
        shown = Exhibit(f"scene-{number}", frozenset(labels), "+".join(people))
        made.append(Composition(shown, models.understand(scene.pixels), scene.pixels, scene.boxes, labels, people))
    return made


def evaluate_flashlight(scenes: Sequence[Composition], models: Models, *, seed: int = 0) -> dict[str, Any]:
    """Flashlight: a box drawn around one garment of a scene, against asking with the whole scene."""
    wall = Wall.of([(scene.shown, scene.understood) for scene in scenes])
    by_id = {scene.shown.pin_id: scene for scene in scenes}
    rng = np.random.default_rng(seed)
    crop, whole, boxes, chance, asked = [], [], [], [], []
    for scene in scenes:
        place = int(rng.integers(len(scene.labels)))
        wanted, person = frozenset({scene.labels[place]}), scene.photographers[place]
        filters = Filters(but=wall.by(person) | {scene.shown.pin_id})
        code = models.codes(scene.pixels, [_drawn(scene.boxes[place], rng)])[0]
        answer = wall.index.by_code(code, limit=AT, filters=filters)
        crop.append(precision(_pins(answer), wanted, wall.exhibits))
        boxes.append(sum(_shows(hit, by_id[hit.pin_id], wanted) for hit in answer) / AT)
        whole.append(
            precision(_pins(wall.index.related(scene.shown.pin_id, limit=AT, filters=filters)), wanted, wall.exhibits)
        )
        chance.append(wall.chance(wanted, wall.by(person)))
        asked.append(Exhibit(scene.shown.pin_id, wanted, person))
    return {
        "scenes": len(scenes),
        "crop_precision_at_10": by_photographer(crop, asked),
        "whole_precision_at_10": by_photographer(whole, asked),
        "crop_precision_at_10_by_box": by_photographer(boxes, asked),
        "chance": round(float(np.mean(chance)), 4),
    }


def evaluate_lens(
    wall: Wall, pictures: Sequence[tuple[Exhibit, Pixels]], models: Models, *, seed: int = 0
) -> dict[str, Any]:
    """Lens: pictures as another phone might have taken them; the blend against either source alone."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"blend": [], "picture": [], "objects": []}
    for one, pixels in pictures:
        filters = Filters(but=frozenset[str]().union(*map(wall.by, one.photographer.split("+"))))
        for kind, queries in _sources(models.understand(camera_view(pixels, rng, size_px=SCENE_PX))).items():
            answer = _pins(wall.index.blended(queries, limit=AT, filters=filters)) if queries else []
            found[kind].append(precision(answer, one.labels, wall.exhibits))
    asked = [one for one, _ in pictures]
    return {kind: by_photographer(values, asked) for kind, values in found.items()}


def _sources(understood: Understood) -> dict[str, list[CodeQuery]]:
    queries = lens_queries(*seen(understood))
    return {"blend": queries, "picture": queries[:1], "objects": queries[1:]}


def seen(understood: Understood) -> tuple[bytes, list[PhotoPart]]:
    """A photo as ``lens_queries`` takes it."""
    things = [
        PhotoPart(
            code=code,
            label=found.label,
            score=found.score,
            box=(found.box.x0, found.box.y0, found.box.x1, found.box.y1),
        )
        for found, code in understood.objects
    ]
    return understood.whole, things


def _pins(answer: SearchResult) -> list[str]:
    return [hit.pin_id for hit in answer]


def _drawn(box: npt.NDArray[Any], rng: np.random.Generator) -> Box:
    """The box as a person draws it: a little off."""
    sides = box[2:] - box[:2]
    x0, y0, x1, y1 = np.clip(box + rng.normal(0, 0.035, 4) * np.tile(sides, 2), 0, 1)
    return Box(float(x0), float(y0), float(x1), float(y1))


def _shows(hit: Hit, scene: Composition, wanted: frozenset[int]) -> bool:
    """Whether the box that was found is around a garment of the label."""
    pairs = zip(scene.boxes, scene.labels, strict=True)
    return any(label in wanted and _overlap(np.array(hit.box), box) >= SAME_BOX for box, label in pairs)


def _overlap(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    both = float(np.prod(sides))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return both / max(areas - both, 1e-9)
