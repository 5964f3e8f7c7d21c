"""The figures, speed and size of the served ONNX files themselves."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from inference.images import Pixels, squash
from inference.onnx_models import open_session
from inference.tensors import DETECT, EMBED
from inference.training.arrays import Floats
from inference.training.data.photos import read_photos
from inference.training.data.scene_maker import SceneMaker, SceneShares
from inference.training.data.scenes import Scene
from inference.training.evaluate.boxes import predict, score_scenes
from inference.training.evaluate.detector import evaluate_detector, false_boxes
from inference.training.evaluate.embedding import VIEWS, evaluate_embedding
from inference.training.evaluate.figures import ELSEWHERE
from inference.training.evaluate.retrieval import Figure, unpack
from inference.training.evaluate.runs import evaluation_set, precision_of_folder
from inference.training.evaluate.vectors import PART
from inference.training.workspace import Workspace

SCENE_SEED: Final = 900


def evaluate_served_embedding(
    space: Workspace, graph: Path, *, elsewhere: Path | None, part: str = PART
) -> dict[str, Figure]:
    """From pictures to packed codes, on the photos of a part and on pictures of another domain."""
    rows, photos = evaluation_set(space, part)
    pool, session = space.pool(part), open_session(graph)

    def codes_of(pictures: Iterable[Pixels]) -> Floats:
        return unpack(np.concatenate([session.run(None, {"images": picture[None]})[0] for picture in pictures]))

    vectors = {name: codes_of(space.view(pool, int(i), view) for i in rows) for name, view in VIEWS.items()}
    found = evaluate_embedding(vectors, photos)
    if elsewhere is not None:
        others = read_photos(elsewhere)
        codes = codes_of(squash(photo.pixels(), EMBED.image_size_px) for photo in others.photos)
        found[ELSEWHERE] = precision_of_folder(codes, photos=others)
    return found


def evaluate_served_detector(
    space: Workspace, graph: Path, *, scenes: int, drawn: list[Scene], elsewhere: Path | None
) -> dict[str, Any]:
    """On scenes made from the test photographers' photos, on sample pins, and on pictures of another domain, none of
    which shows a garment.
    """
    session, pool = open_session(graph), space.pool(PART)
    names = [output.name for output in session.get_outputs()]

    def detect(images: Pixels) -> dict[str, npt.NDArray[Any]]:
        return dict(zip(names, session.run(names, {"images": images}), strict=True))

    maker = SceneMaker(pool, space.photos.label_indices(), SceneShares(), seed=SCENE_SEED)
    figures = evaluate_detector(detect, pool, maker, scenes=scenes)
    if drawn:
        found = predict(detect, [scene.pixels for scene in drawn])
        empty = [scene.pixels for scene in drawn if not len(scene.boxes)]
        figures["drawn sample pins"] = score_scenes(found, drawn) | false_boxes(detect, empty)
    if elsewhere is not None:
        others = [squash(photo.pixels(), DETECT.image_size_px) for photo in read_photos(elsewhere).photos]
        figures["another domain"] = false_boxes(detect, others)
    return figures


def measure_speed(detect: Path, embed: Path) -> dict[str, float]:
    """Milliseconds per picture on one thread of this machine, and megabytes of each file."""
    found: dict[str, float] = {}
    for spec, path in ((DETECT, detect), (EMBED, embed)):
        session, found[f"{spec.name} MB"] = open_session(path), path.stat().st_size / 1e6
        for batch in (1, spec.max_batch):
            images = np.zeros((batch, spec.image_size_px, spec.image_size_px, 3), np.uint8)
            session.run(None, {"images": images})
            took = []
            for _ in range(5):
                start = time.perf_counter()
                session.run(None, {"images": images})
                took.append(time.perf_counter() - start)
            found[f"{spec.name} ms a picture, batch {batch}"] = min(took) / batch * 1000
    return found
