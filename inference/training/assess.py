"""Runs to figures: every embedding and detector under ``runs/``, its baselines, and what was never trained on."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tqdm import tqdm

from inference.images import squash
from inference.tensors import DETECT, EMBED
from inference.training.data import DOMAINS, Mix, SceneMaker
from inference.training.detection import find, judge_scenes
from inference.training.evaluate import (
    VIEWS,
    Figure,
    Judged,
    false_boxes,
    judge_detector,
    judge_unseen,
    judge_vectors,
    paired_difference,
)
from inference.training.graphs import session
from inference.training.model import POOLED, Embedder, EmbedHead
from inference.training.photos import read_photos
from inference.training.retrieval import as_signs, unit, unpacked
from inference.training.scenes import Scene
from inference.training.settings import EmbedSettings
from inference.training.train import embed_maps, itq_rotation
from inference.training.workspace import Workspace

PART: Final = "test"
FITTED: Final = 1500
"""How many photos, in two domains, and how many broad pictures a rotation is fitted on."""
RANDOM_PROJECTIONS: Final = 5
SCENE_SEED: Final = 900


@dataclass(frozen=True, slots=True)
class Trained:
    """One finished run: its settings, the embedder, and the rotation fitted after training."""

    folder: Path
    settings: EmbedSettings
    embedder: Embedder
    rotation: np.ndarray

    def floats(self, space: Workspace, numbers: np.ndarray) -> np.ndarray:
        """Embeddings of cached views, not rotated, ``(n, bits)``."""
        return _floats(self.embedder, self.settings, space, "views", numbers)


def settings_of(run: Path) -> EmbedSettings:
    """What a run was told."""
    kept = json.loads((run / "settings.json").read_text())
    return EmbedSettings(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()})


def open_run(space: Workspace, run: Path) -> Trained:
    """A finished embedding with its rotation, which is fitted on the first call and kept."""
    settings = settings_of(run)
    embedder = Embedder(space.backbone()[1], EmbedHead(settings.bits, normalise=settings.normalise)).eval()
    embedder.load_state_dict(torch.load(run / "embedder.pt", map_location="cpu", weights_only=True))
    kept = run / "rotation.npy"
    if not kept.is_file():
        np.save(kept, fit_rotation(space, embedder, settings))
    return Trained(run, settings, embedder, np.load(kept))


def fit_rotation(space: Workspace, embedder: Embedder, settings: EmbedSettings) -> np.ndarray:
    """ITQ on the photos that trained, raw and in the web's domain, and as many broad pictures."""
    rng = np.random.default_rng(settings.seed)
    rows = space.views(settings).rows
    rows = rng.permutation(rows)[:FITTED]
    numbers = np.concatenate([rows * len(DOMAINS) + VIEWS[domain] for domain in ("raw", "web")])
    mine = _floats(embedder, settings, space, "views", np.sort(numbers))
    broad = _floats(embedder, settings, space, "broad", np.arange(min(FITTED, len(space.maps("broad")))))
    return itq_rotation(np.concatenate([mine, broad]), seed=settings.seed)


def _floats(
    embedder: Embedder, settings: EmbedSettings, space: Workspace, name: str, numbers: np.ndarray
) -> np.ndarray:
    if settings.steps:
        return embed_maps(embedder, space.maps(name)[numbers])
    with torch.inference_mode():  # only the head moved, so the frozen tail's pooled vectors will do
        return embedder.head(torch.from_numpy(space.maps(f"{name}-pooled")[numbers]).float()).numpy()


def judged_on(space: Workspace, part: str) -> tuple[np.ndarray, Judged]:
    """The photos of a part, as indices and as what figures need to know of them."""
    rows = space.parts[part]
    clear = space.outlines().is_clear[rows]
    return rows, Judged(space.photos.label_indices()[rows], space.photos.photographers()[rows], clear)


def vectors_of(space: Workspace, trained: Trained, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Embeddings of photos in the four domains, not rotated, ``(n, bits)`` each; kept beside the run."""
    kept = trained.folder / f"vectors-{len(rows)}-{int(rows.sum())}.npz"
    if not kept.is_file():
        found = {name: trained.floats(space, rows * len(DOMAINS) + view) for name, view in VIEWS.items()}
        np.savez(kept, **found)
    with np.load(kept) as arrays:
        return dict(arrays)


def three_ways(vectors: Mapping[str, np.ndarray], rotation: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The same vectors as floats, as signs, and as signs after the rotation."""
    return {
        "float": {name: unit(v) for name, v in vectors.items()},
        "bits without rotation": {name: as_signs(v) for name, v in vectors.items()},
        "bits": {name: as_signs(v @ rotation) for name, v in vectors.items()},
    }


def judge_run(space: Workspace, run: Path, *, part: str = PART) -> dict[str, Any]:
    """Every figure of one run."""
    rows, judged = judged_on(space, part)
    trained = open_run(space, run)
    kinds = three_ways(vectors_of(space, trained, rows), trained.rotation)
    figures: dict[str, Any] = {kind: judge_vectors(v, judged) for kind, v in kinds.items()}
    return {"settings": json.loads((run / "settings.json").read_text()), **figures}


def judge_frozen(space: Workspace, *, part: str = PART) -> dict[str, Any]:
    """The backbone as ImageNet made it: its floats, and signs of random orthogonal projections to 256."""
    rows, judged = judged_on(space, part)
    pooled = {name: normalised(space.maps("views-pooled")[rows * len(DOMAINS) + view]) for name, view in VIEWS.items()}
    drawn = [
        judge_vectors({name: as_signs(v @ random_projection(seed)) for name, v in pooled.items()}, judged)
        for seed in range(RANDOM_PROJECTIONS)
    ]
    means = {key: tuple(np.mean([d[key] for d in drawn], axis=0)) for key in drawn[0]}
    return {"float": judge_vectors({name: unit(v) for name, v in pooled.items()}, judged), "bits": means}


def normalised(pooled: np.ndarray) -> np.ndarray:
    """LayerNorm without affine, ``(n, 1280)``."""
    x = pooled.astype(np.float32)
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def random_projection(seed: int) -> np.ndarray:
    """Orthogonal columns, ``(1280, 256)``."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(POOLED, 256)))[0].astype(np.float32)


# --- what was never trained on --------------------------------------------------------------------


def judge_held_out(space: Workspace, run: Path) -> dict[str, Any]:
    """P@1 on labels that a run never saw, all their photos asking, over them and the test photos."""
    trained = open_run(space, run)
    labels, who = space.photos.label_indices(), space.photos.photographers()
    unseen = np.array([space.photos.labels.index(name) for name in trained.settings.held_out])
    is_test = np.zeros(len(labels), bool)
    is_test[space.parts[PART]] = True
    rows = np.flatnonzero((np.isin(labels, unseen) | is_test) & (labels >= 0))
    vectors = trained.floats(space, rows * len(DOMAINS) + VIEWS["raw"])
    pooled = normalised(space.maps("views-pooled")[rows * len(DOMAINS) + VIEWS["raw"]])

    def judge(v: np.ndarray) -> Figure:
        return judge_unseen(v, labels[rows], who[rows], unseen)

    frozen = [judge(as_signs(pooled @ random_projection(seed))) for seed in range(RANDOM_PROJECTIONS)]
    return {
        "labels": list(trained.settings.held_out),
        "queries": int(np.isin(labels[rows], unseen).sum()),
        "bits": judge(as_signs(vectors @ trained.rotation)),
        "float": judge(unit(vectors)),
        "frozen, random projection": tuple(np.mean(frozen, axis=0)),
        "frozen, float": judge(unit(pooled)),
    }


def judge_elsewhere(space: Workspace, folder: Path, runs: Mapping[str, Path]) -> dict[str, Any]:
    """P@1 on another folder of labelled pictures, nothing of which was ever trained on."""
    photos = read_photos(folder)
    pictures = np.stack([squash(photo.pixels(), EMBED.image_size_px) for photo in photos.photos])
    stem = session(space.stem(EMBED.image_size_px))
    maps = np.concatenate([stem.run(["s16"], {"images": pictures[i : i + 8]})[0] for i in range(0, len(pictures), 8)])
    labels, who = photos.label_indices(), photos.photographers()

    def judge(v: np.ndarray) -> Figure:
        return judge_unseen(v, labels, who, np.arange(len(photos.labels)))

    tail = space.backbone()[1]
    with torch.inference_mode():
        pooled = normalised(np.concatenate([tail(torch.from_numpy(m)[None]).numpy() for m in maps]))
    frozen = [judge(as_signs(pooled @ random_projection(seed))) for seed in range(RANDOM_PROJECTIONS)]
    found: dict[str, Any] = {
        "pictures": len(labels),
        "labels": len(photos.labels),
        "frozen, float": judge(unit(pooled)),
        "frozen, random projection": tuple(np.mean(frozen, axis=0)),
    }
    for name, run in runs.items():
        trained = open_run(space, run)
        vectors = embed_maps(trained.embedder, maps)
        found[name] = {"float": judge(unit(vectors)), "bits": judge(as_signs(vectors @ trained.rotation))}
    return found


# --- what is served -------------------------------------------------------------------------------


def judge_served_embedding(space: Workspace, graph: Path, *, part: str = PART) -> dict[str, Figure]:
    """The figures of the ONNX file itself, from pictures to packed codes."""
    rows, judged = judged_on(space, part)
    wardrobe, run = space.wardrobe(part), session(graph)
    vectors = {}
    for name, view in VIEWS.items():
        codes = [run.run(None, {"images": space.cached_view(wardrobe, int(i), view)[None]})[0] for i in rows]
        vectors[name] = unpacked(np.concatenate(codes))
    return judge_vectors(vectors, judged)


def judge_served_detector(space: Workspace, graph: Path, *, scenes: int, drawn: list[Scene]) -> dict[str, Any]:
    """The figures of the detector's ONNX file, on scenes made of the test photographers' photos."""
    run, wardrobe = session(graph), space.wardrobe(PART)
    names = [output.name for output in run.get_outputs()]

    def detect(images: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, run.run(names, {"images": images}), strict=True))

    maker = SceneMaker(wardrobe, space.photos.label_indices(), Mix(), seed=SCENE_SEED)
    figures = judge_detector(detect, wardrobe, maker, scenes=scenes)
    if drawn:
        found = find(detect, [scene.pixels for scene in drawn])
        empty = [scene.pixels for scene in drawn if not len(scene.boxes)]
        figures["drawn sample pins"] = judge_scenes(found, drawn) | false_boxes(detect, empty)
    return figures


def judge_everything(space: Workspace, *, elsewhere: Path | None) -> dict[str, Any]:
    """Every finished embedding under the workspace, the frozen baseline, and what none was trained on."""
    runs = {path.parent.name: path.parent for path in sorted(space.folder.glob("*/embedder.pt"))}
    rows, judged = judged_on(space, PART)
    found: dict[str, Any] = {
        "part": PART,
        "photos": len(rows),
        "photographers": len(set(judged.photographers)),
        "photos with a clear outline": int(judged.is_clear.sum()),
        "frozen": judge_frozen(space),
        "runs": {name: judge_run(space, run) for name, run in tqdm(runs.items(), "runs")},
    }
    found["against specialists"] = against_specialists(space, runs)
    held_out = {name: run for name, run in runs.items() if settings_of(run).held_out}
    found["unseen labels"] = {name: judge_held_out(space, run) for name, run in held_out.items()}
    if elsewhere is not None:
        tuned = {name: run for name, run in runs.items() if settings_of(run).steps}
        found["elsewhere"] = judge_elsewhere(space, elsewhere, tuned)
    return found


def against_specialists(space: Workspace, runs: Mapping[str, Path]) -> dict[str, Any]:
    """The unified code less each specialist of the same seed and budget, on the same queries."""
    rows, judged = judged_on(space, PART)
    gaps: dict[str, Any] = {}
    for name, run in runs.items():
        stem, _, seed = name.rpartition("-")
        unified = "head-unified" if stem.startswith("head-") else "unified"
        if stem.removeprefix("head-") not in ("category", "instance") or f"{unified}-{seed}" not in runs:
            continue
        both = [open_run(space, r) for r in (runs[f"{unified}-{seed}"], run)]
        signs = [three_ways(vectors_of(space, t, rows), t.rotation)["bits"] for t in both]
        gaps[f"{unified}-{seed} less {name}"] = paired_difference(signs[0], signs[1], judged)
    return gaps


def speed(detect: Path, embed: Path) -> dict[str, float]:
    """Milliseconds a picture on one thread and megabytes of each served file; the machine's own."""
    found: dict[str, float] = {}
    for spec, path in ((DETECT, detect), (EMBED, embed)):
        run, found[f"{spec.name} MB"] = session(path), path.stat().st_size / 1e6
        for batch in (1, spec.max_batch):
            images = np.zeros((batch, spec.image_size_px, spec.image_size_px, 3), np.uint8)
            run.run(None, {"images": images})
            took = []
            for _ in range(5):
                start = time.perf_counter()
                run.run(None, {"images": images})
                took.append(time.perf_counter() - start)
            found[f"{spec.name} ms a picture, batch {batch}"] = min(took) / batch * 1000
    return found
