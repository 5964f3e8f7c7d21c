"""All products on labelled photos, one report: ``docs/benchmarks/products.json``."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from inference.training.data.photos import Photo
from inference.training.data.views import camera_view
from pinstream.search.hits import NEAR_DUPLICATE_BITS
from pinstream.store.collection import EMBEDDING_VERSION
from tests.bench.products import calibration, evaluation, freshness, near_duplicates
from tests.bench.products.gallery import Models, exhibit, photos


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pictures each product is evaluated on."""

    photos: int = 2_000
    copied: int = 200
    scenes: int = 300
    lens: int = 300
    fresh: int = 20

    @classmethod
    def quick(cls) -> "Plan":
        """Enough to see that it works."""
        return cls(photos=60, copied=6, scenes=12, lens=12, fresh=3)


def run(plan: Plan, *, folder: Path, console: Console) -> dict[str, Any]:
    """The report of one run."""
    models = Models()
    test = photos("test", folder)[: plan.photos]
    console.print(f"{len(test):,} photos that no model has seen; understanding them")
    wall = evaluation.Wall.of([(exhibit(photo), models.understand(photo.pixels())) for photo in test])
    scenes = evaluation.compositions(test, models, count=plan.scenes)
    lens = _spread(test, plan.lens)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "near_duplicates": lambda: near_duplicates.report(
            near_duplicates.measure(_spread(test, plan.copied), test, models), set_bits=NEAR_DUPLICATE_BITS
        ),
        "related": lambda: evaluation.evaluate_related(wall),
        "similar": lambda: evaluation.evaluate_similar(wall),
        "flashlight": lambda: evaluation.evaluate_flashlight(scenes, models),
        "lens_one_garment": lambda: evaluation.evaluate_lens(
            wall, [(exhibit(photo), photo.pixels()) for photo in lens], models
        ),
        "lens_several": lambda: evaluation.evaluate_lens(wall, [(one.shown, one.pixels) for one in scenes], models),
        "relevance": lambda: {"fitted": _curves(test, models), "carried": calibration.carried()},
        "freshness": lambda: _freshness(folder, plan.fresh),
    }
    report: dict[str, Any] = {"embedding_version": EMBEDDING_VERSION, "photos": len(test)}
    for name, part in parts.items():
        report[name] = part()
        console.print(name, report[name])
    return report


def _spread(of: list[Photo], count: int) -> list[Photo]:
    """``count`` photos, spread evenly over the list."""
    return of[:: max(len(of) // count, 1)][:count]


def _curves(test: list[Photo], models: Models) -> dict[str, dict[str, float]]:
    """Fitted on photos that trained no model, asked for as a phone would take them: two numbers for each source.

    Lens is evaluated on the same photos; all others have trained a model, and would make distances look worth more.
    """
    rng = np.random.default_rng(0)
    gallery = [(exhibit(photo), models.understand(photo.pixels())) for photo in test]
    views = [camera_view(photo.pixels(), rng, size_px=evaluation.SCENE_PX) for photo in test]
    asked = [(exhibit(photo), models.understand(view)) for photo, view in zip(test, views, strict=True)]
    return calibration.curves(asked, gallery)


def _freshness(folder: Path, pins: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pinstream-products-") as root:
        return freshness.measure(Path(root), folder / "images", pins=pins)
