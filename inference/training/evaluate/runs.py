"""The figures of every finished embedding, of the backbone that all began with, and of what none was trained on."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from inference.training.arrays import Floats, Ints
from inference.training.data.photos import Photos, read_photos
from inference.training.evaluate.embedding import (
    VIEWS,
    EvaluationSet,
    evaluate_embedding,
    paired_difference,
    precision_of_labels,
)
from inference.training.evaluate.figures import FROZEN, FROZEN_FLOAT, group_seeds
from inference.training.evaluate.retrieval import Figure, as_signs, normalise
from inference.training.evaluate.vectors import (
    PART,
    elsewhere_digest,
    held_out_rows,
    of_part,
    read_embed_settings,
    read_rotation,
    read_vectors,
    representations,
)
from inference.training.manifest import check_elsewhere
from inference.training.model.backbone import POOLED
from inference.training.workspace import Workspace

SPECIALISTS: Final = ("category", "instance", "browse")
RANDOM_PROJECTIONS: Final = 5


def evaluate_all_runs(space: Workspace, *, elsewhere: Path | None, also: Sequence[Path] = ()) -> dict[str, Any]:
    """Every finished embedding in the workspace and in the folders ``also``."""
    folders = (space.folder, *also)
    runs = {path.parent.name: path.parent for folder in folders for path in sorted(folder.glob("*/vectors.npz"))}
    rows, photos = evaluation_set(space, PART)
    found: dict[str, Any] = {
        "part": PART,
        "photos": len(rows),
        "photographers": len(set(photos.photographers)),
        "photos with a clear outline": int(photos.is_clear.sum()),
        "runs": {name: evaluate_run(space, run) for name, run in tqdm(runs.items(), "runs")},
    }
    if space.has("photos"):
        found["frozen"] = evaluate_frozen(space)
    found["against specialists"] = compare_with_specialists(runs, photos)
    held_out = {name: run for name, run in runs.items() if read_embed_settings(run).held_out}
    found["unseen labels"] = {name: evaluate_held_out(space, run) for name, run in held_out.items()}
    if elsewhere is not None:
        found["elsewhere"] = evaluate_elsewhere(space, elsewhere, runs)
    return found


def evaluation_set(space: Workspace, part: str) -> tuple[Ints, EvaluationSet]:
    """The photos of a part: their indices, and what figures need to know of them."""
    rows = space.parts[part]
    is_clear = space.masks().is_clear[rows]
    return rows, EvaluationSet(space.photos.label_indices()[rows], space.photos.photographers()[rows], is_clear)


def evaluate_run(space: Workspace, run: Path, *, part: str = PART) -> dict[str, Any]:
    """Every figure of one run, as floats and as bits, and its settings."""
    _, photos = evaluation_set(space, part)
    vectors = representations(of_part(read_vectors(run), part), read_rotation(run))
    figures = {kind: evaluate_embedding(v, photos) for kind, v in vectors.items()}
    return {"settings": json.loads((run / "settings.json").read_text()), **figures}


def evaluate_frozen(space: Workspace, *, part: str = PART) -> dict[str, Any]:
    """The backbone without training: its floats, and the signs of random orthogonal projections to 256."""
    rows, photos = evaluation_set(space, part)
    views = space.cached("photos")
    pooled = {name: layer_norm(views.pooled[views.rows_of(rows, view)]) for name, view in VIEWS.items()}
    bits = [
        evaluate_embedding({name: as_signs(v @ random_projection(seed)) for name, v in pooled.items()}, photos)
        for seed in range(RANDOM_PROJECTIONS)
    ]
    means = {key: tuple(np.mean([figures[key] for figures in bits], axis=0)) for key in bits[0]}
    return {"float": evaluate_embedding({name: normalise(v) for name, v in pooled.items()}, photos), "bits": means}


def layer_norm(pooled: Floats) -> Floats:
    """Without affine, ``(n, 1280)``."""
    x = pooled.astype(np.float32)
    normed: Floats = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    return normed


def random_projection(seed: int) -> Floats:
    """Orthogonal columns, ``(1280, 256)``."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(POOLED, 256)))[0].astype(np.float32)


def evaluate_held_out(space: Workspace, run: Path) -> dict[str, Any]:
    """P@1 of all photos of the labels that were held out of a run, over them and the test photos."""
    settings, views = read_embed_settings(run), space.cached("photos")
    rows = held_out_rows(space, settings)
    labels, who = space.photos.label_indices()[rows], space.photos.photographers()[rows]
    held_out = np.array([space.photos.labels.index(name) for name in settings.held_out])

    def precision(vectors: Floats) -> Figure:
        return precision_of_labels(vectors, labels, who, held_out)

    facts = {"labels": list(settings.held_out), "queries": int(np.isin(labels, held_out).sum())}
    of_run = _bits_and_floats(run, "unseen", precision)
    return facts | of_run | _frozen_figures(views.pooled[views.starts[rows]], precision)


def evaluate_elsewhere(space: Workspace, folder: Path, runs: Mapping[str, Path]) -> dict[str, Any]:
    """P@1 on labelled pictures of another domain, on which nothing was trained."""
    photos = read_photos(folder)
    precision = partial(precision_of_folder, photos=photos)
    names = list(photos.labels)
    found: dict[str, Any] = {"pictures": len(photos.photos), "labels": len(names), "names": names}
    if space.has("elsewhere"):
        check_elsewhere(space.cache, space.elsewhere, photos.digest())
        views = space.cached("elsewhere")
        found |= _frozen_figures(views.pooled[views.starts[:-1]], precision)
    for name, run in runs.items():
        check_elsewhere(run, elsewhere_digest(run), photos.digest())
        found[name] = _bits_and_floats(run, "elsewhere", precision)
    return found


def precision_of_folder(vectors: Floats, *, photos: Photos) -> Figure:
    """P@1 of a whole folder; every picture has a vector."""
    every = np.arange(len(photos.labels))
    return precision_of_labels(vectors, photos.label_indices(), photos.photographers(), every)


def _bits_and_floats(run: Path, name: str, precision: Callable[[Floats], Figure]) -> dict[str, Figure]:
    vectors = read_vectors(run)[name]
    return {"bits": precision(as_signs(vectors @ read_rotation(run))), "float": precision(normalise(vectors))}


def _frozen_figures(pooled: Floats, precision: Callable[[Floats], Figure]) -> dict[str, Any]:
    """The backbone without training, as floats and in the mean over random projections."""
    normed = layer_norm(pooled)
    bits = [precision(as_signs(normed @ random_projection(seed))) for seed in range(RANDOM_PROJECTIONS)]
    return {FROZEN: tuple(np.mean(bits, axis=0)), FROZEN_FLOAT: precision(normalise(normed))}


def compare_with_specialists(runs: Mapping[str, Path], photos: EvaluationSet) -> dict[str, Any]:
    """Each kind of unified run minus each kind of specialist of the same budget, over all their seeds."""
    by_kind = group_seeds(runs)
    pairs = [
        (unified, before + task)
        for before, unifieds in (("", ("unified",)), ("head-", ("head-unified", "served")))
        for unified in unifieds
        for task in SPECIALISTS
        if unified in by_kind and before + task in by_kind
    ]
    signs = {kind: [_signs_of(run) for run in by_kind[kind]] for kind in {kind for pair in pairs for kind in pair}}
    return {
        f"{one} less {other}": paired_difference(signs[one], signs[other], photos)
        | {"seeds": [len(signs[one]), len(signs[other])]}
        for one, other in pairs
    }


def _signs_of(run: Path) -> dict[str, Floats]:
    rotation = read_rotation(run)
    return {name: as_signs(v @ rotation) for name, v in of_part(read_vectors(run), PART).items()}
