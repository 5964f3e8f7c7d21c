"""Runs to figures: every embedding and detector under ``runs/``, its baselines, and what was never trained on."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tqdm import tqdm

from inference.images import squash
from inference.tensors import DETECT, EMBED
from inference.training.data.photos import Photos, read_photos
from inference.training.data.scenes import Scene
from inference.training.data.wardrobe import Mix, SceneMaker
from inference.training.errors import TrainingProblem
from inference.training.evaluate.boxes import find, judge_scenes
from inference.training.evaluate.embedding import (
    ELSEWHERE,
    FROZEN,
    VIEWS,
    Figure,
    Judged,
    false_boxes,
    judge_detector,
    judge_unseen,
    judge_vectors,
    kinds,
    paired_difference,
)
from inference.training.evaluate.retrieval import as_signs, unit, unpacked
from inference.training.model.networks import POOLED, EmbedderNetwork, EmbedHead
from inference.training.model.onnx_files import session
from inference.training.settings import EmbedSettings
from inference.training.train.cache import Cache, check_elsewhere
from inference.training.train.embed import embed_maps, itq_rotation
from inference.training.train.runs import kept_settings
from inference.training.workspace import Workspace

PART: Final = "test"
JUDGED_PARTS: Final = ("validation", "test")
SPECIALISTS: Final = ("category", "instance", "browse")
FITTED: Final = 1500
"""How many photos, in two domains, and how many broad pictures a rotation is fitted on."""
RANDOM_PROJECTIONS: Final = 5
SCENE_SEED: Final = 900
ELSEWHERE_DIGEST: Final = "elsewhere digest"


def settings_of(run: Path) -> EmbedSettings:
    """What a run was told; raises TrainingProblem if there is no such run, or it is no embedding."""
    if not (run / "settings.json").is_file():
        there = sorted(path.parent.name for path in run.parent.glob("*/settings.json"))
        raise TrainingProblem(f"no run {run.name!r} in {run.parent}; there are {', '.join(there) or 'none'}")
    kept = kept_settings(run)
    unknown = sorted(set(kept) - {field.name for field in fields(EmbedSettings)})
    if unknown:
        _check_ended(run)
        raise TrainingProblem(f"{run}/settings.json: an embedding has no setting {', '.join(unknown)}")
    return EmbedSettings(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()})


def _check_ended(run: Path) -> None:
    if not (run / "embedder.pt").is_file():
        raise TrainingProblem(f"no embedder.pt in {run}; its training did not end, or it is no embedding")


def open_embedder(space: Workspace, run: Path) -> EmbedderNetwork:
    """The embedder of a finished run; raises TrainingProblem if it is not."""
    settings = settings_of(run)
    _check_ended(run)
    head = EmbedHead(settings.bits, normalise=settings.normalise)
    embedder = EmbedderNetwork(space.backbone(), head, cut=settings.cut).eval()
    embedder.load_state_dict(torch.load(run / "embedder.pt", map_location="cpu", weights_only=True))
    return embedder


def keep_vectors(space: Workspace, run: Path, embedder: EmbedderNetwork) -> None:
    """Everything that judging wants of a finished run, beside it: ``rotation.npy`` and ``vectors.npz``.

    The latter holds embeddings, not rotated, ``(n, bits) float16``: ``fit`` is what the rotation was fitted on,
    one array a domain for each part that is judged, ``unseen`` the photos asked about labels held out,
    ``elsewhere`` another domain altogether, with the digest of its pictures.
    """
    settings, photos, broad = settings_of(run), space.cached("photos"), space.cached("broad")

    def embedded(cache: Cache, numbers: np.ndarray) -> np.ndarray:
        if settings.steps:
            return embed_maps(embedder, cache.maps[numbers], space.cut)
        on = next(embedder.parameters()).device
        with torch.inference_mode():  # only the head moved, so what the frozen backbone pooled will do
            return embedder.head(torch.from_numpy(cache.pooled[numbers]).float().to(on)).cpu().numpy()

    rng = np.random.default_rng(settings.seed)
    rows = np.sort(rng.permutation(space.views(settings).rows)[:FITTED])
    fit = [embedded(photos, photos.numbers(rows, VIEWS[name])) for name in ("raw", "web")]
    fit.append(embedded(broad, np.sort(rng.permutation(broad.starts[:-1])[:FITTED])))
    kept, told = {"fit": np.concatenate(fit)}, {}
    for part in JUDGED_PARTS:
        for name, view in VIEWS.items():
            kept[f"{part} {name}"] = embedded(photos, photos.numbers(space.parts[part], view))
    if settings.held_out:
        kept["unseen"] = embedded(photos, photos.starts[unseen_rows(space, settings)])
    if space.has("elsewhere"):
        others = space.cached("elsewhere")
        kept["elsewhere"] = embedded(others, others.starts[:-1])
        told[ELSEWHERE_DIGEST] = np.array(space.elsewhere or "")
    np.save(run / "rotation.npy", itq_rotation(kept["fit"], seed=settings.seed))
    np.savez_compressed(run / "vectors.npz", **{name: v.astype(np.float16) for name, v in kept.items()}, **told)


def vectors_of(run: Path) -> dict[str, np.ndarray]:
    """What `keep_vectors` kept, in float32."""
    if not (run / "vectors.npz").is_file():
        raise TrainingProblem(f"no vectors.npz in {run}; its training did not end")
    with np.load(run / "vectors.npz") as arrays:
        return {name: v.astype(np.float32) for name, v in arrays.items() if v.dtype.kind == "f"}


def elsewhere_of(run: Path) -> str | None:
    """The digest of the pictures of another domain whose vectors `keep_vectors` kept, None without any."""
    with np.load(run / "vectors.npz") as arrays:
        return str(arrays[ELSEWHERE_DIGEST]) if ELSEWHERE_DIGEST in arrays else None


def judged_on(space: Workspace, part: str) -> tuple[np.ndarray, Judged]:
    """The photos of a part, as indices and as what figures need to know of them."""
    rows = space.parts[part]
    clear = space.outlines().is_clear[rows]
    return rows, Judged(space.photos.label_indices()[rows], space.photos.photographers()[rows], clear)


def of_part(kept: Mapping[str, np.ndarray], part: str) -> dict[str, np.ndarray]:
    """The embeddings of one part, by domain."""
    return {name: kept[f"{part} {name}"] for name in VIEWS}


def three_ways(vectors: Mapping[str, np.ndarray], rotation: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The same vectors as floats, as signs, and as signs after the rotation."""
    return {
        "float": {name: unit(v) for name, v in vectors.items()},
        "bits without rotation": {name: as_signs(v) for name, v in vectors.items()},
        "bits": {name: as_signs(v @ rotation) for name, v in vectors.items()},
    }


def judge_run(space: Workspace, run: Path, *, part: str = PART) -> dict[str, Any]:
    """Every figure of one run."""
    _, judged = judged_on(space, part)
    kinds = three_ways(of_part(vectors_of(run), part), np.load(run / "rotation.npy"))
    figures: dict[str, Any] = {kind: judge_vectors(v, judged) for kind, v in kinds.items()}
    return {
        "settings": json.loads((run / "settings.json").read_text()),
        **figures,
    }


def judge_frozen(space: Workspace, *, part: str = PART) -> dict[str, Any]:
    """The backbone as ImageNet made it: its floats, and signs of random orthogonal projections to 256."""
    rows, judged = judged_on(space, part)
    photos = space.cached("photos")
    pooled = {name: normalised(photos.pooled[photos.numbers(rows, view)]) for name, view in VIEWS.items()}
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


def unseen_rows(space: Workspace, settings: EmbedSettings) -> np.ndarray:
    """Photos of labels that a run never saw, and the test photos, as indices."""
    labels = space.photos.label_indices()
    unseen = [space.photos.labels.index(name) for name in settings.held_out]
    is_test = np.zeros(len(labels), bool)
    is_test[space.parts[PART]] = True
    return np.flatnonzero((np.isin(labels, unseen) | is_test) & (labels >= 0))


def judge_held_out(space: Workspace, run: Path) -> dict[str, Any]:
    """P@1 on labels that a run never saw, all their photos asking, over them and the test photos."""
    settings, photos = settings_of(run), space.cached("photos")
    rows = unseen_rows(space, settings)
    labels, who = space.photos.label_indices()[rows], space.photos.photographers()[rows]
    unseen = np.array([space.photos.labels.index(name) for name in settings.held_out])

    def judge(vectors: np.ndarray) -> Figure:
        return judge_unseen(vectors, labels, who, unseen)

    facts = {"labels": list(settings.held_out), "queries": int(np.isin(labels, unseen).sum())}
    return facts | _bits_and_floats(run, "unseen", judge) | _frozen(photos.pooled[photos.starts[rows]], judge)


def judge_elsewhere(space: Workspace, folder: Path, runs: Mapping[str, Path]) -> dict[str, Any]:
    """P@1 on another folder of labelled pictures, nothing of which was ever trained on."""
    photos = read_photos(folder)
    judge = partial(judge_every, photos=photos)
    names = list(photos.labels)
    found: dict[str, Any] = {"pictures": len(photos.photos), "labels": len(names), "names": names}
    if space.has("elsewhere"):
        check_elsewhere(space.cache, space.elsewhere, photos.digest())
        cache = space.cached("elsewhere")
        found |= _frozen(cache.pooled[cache.starts[:-1]], judge)
    for name, run in runs.items():
        check_elsewhere(run, elsewhere_of(run), photos.digest())
        found[name] = _bits_and_floats(run, "elsewhere", judge)
    return found


def judge_every(vectors: np.ndarray, *, photos: Photos) -> Figure:
    """P@1 of a whole folder, every picture of which has a vector."""
    every = np.arange(len(photos.labels))
    return judge_unseen(vectors, photos.label_indices(), photos.photographers(), every)


def _bits_and_floats(run: Path, what: str, judge: Callable[[np.ndarray], Figure]) -> dict[str, Figure]:
    vectors, rotation = vectors_of(run)[what], np.load(run / "rotation.npy")
    return {"bits": judge(as_signs(vectors @ rotation)), "float": judge(unit(vectors))}


def _frozen(pooled: np.ndarray, judge: Callable[[np.ndarray], Figure]) -> dict[str, Figure]:
    """The backbone as ImageNet made it, as floats and in the mean over random projections."""
    plain = normalised(pooled)
    drawn = [judge(as_signs(plain @ random_projection(seed))) for seed in range(RANDOM_PROJECTIONS)]
    return {FROZEN: tuple(np.mean(drawn, axis=0)), "frozen, float": judge(unit(plain))}


# --- what is served -------------------------------------------------------------------------------


def judge_served_embedding(
    space: Workspace, graph: Path, *, elsewhere: Path | None, part: str = PART
) -> dict[str, Figure]:
    """The figures of the ONNX file itself, from pictures to packed codes."""
    rows, judged = judged_on(space, part)
    wardrobe, run = space.wardrobe(part), session(graph)

    def coded(pictures: Iterable[np.ndarray]) -> np.ndarray:
        return unpacked(np.concatenate([run.run(None, {"images": picture[None]})[0] for picture in pictures]))

    found = judge_vectors(
        {name: coded(space.drawn_view(wardrobe, int(i), view) for i in rows) for name, view in VIEWS.items()}, judged
    )
    if elsewhere is not None:
        others = read_photos(elsewhere)
        codes = coded(squash(photo.pixels(), EMBED.image_size_px) for photo in others.photos)
        found[ELSEWHERE] = judge_every(codes, photos=others)
    return found


def judge_served_detector(
    space: Workspace, graph: Path, *, scenes: int, drawn: list[Scene], elsewhere: Path | None
) -> dict[str, Any]:
    """The figures of the detector's ONNX file, on scenes made of the test photographers' photos, on drawn pins, and
    on a folder of pictures of another domain, none of which shows a garment.
    """
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
    if elsewhere is not None:
        others = [squash(photo.pixels(), DETECT.image_size_px) for photo in read_photos(elsewhere).photos]
        figures["another domain"] = false_boxes(detect, others)
    return figures


def judge_everything(space: Workspace, *, elsewhere: Path | None, also: Sequence[Path] = ()) -> dict[str, Any]:
    """Every finished embedding under the workspace and other folders, the frozen baseline, and what none was
    trained on.
    """
    folders = (space.folder, *also)
    runs = {path.parent.name: path.parent for folder in folders for path in sorted(folder.glob("*/vectors.npz"))}
    rows, judged = judged_on(space, PART)
    found: dict[str, Any] = {
        "part": PART,
        "photos": len(rows),
        "photographers": len(set(judged.photographers)),
        "photos with a clear outline": int(judged.is_clear.sum()),
        "runs": {name: judge_run(space, run) for name, run in tqdm(runs.items(), "runs")},
    }
    if space.has("photos"):
        found["frozen"] = judge_frozen(space)
    found["against specialists"] = against_specialists(runs, judged)
    held_out = {name: run for name, run in runs.items() if settings_of(run).held_out}
    found["unseen labels"] = {name: judge_held_out(space, run) for name, run in held_out.items()}
    if elsewhere is not None:
        found["elsewhere"] = judge_elsewhere(space, elsewhere, runs)
    return found


def against_specialists(runs: Mapping[str, Path], judged: Judged) -> dict[str, Any]:
    """Each unified kind of run less each specialist kind of the same budget, over all their seeds."""
    by_kind = kinds(runs)
    pairs = [
        (unified, before + task)
        for before, unifieds in (("", ("unified",)), ("head-", ("head-unified", "served")))
        for unified in unifieds
        for task in SPECIALISTS
        if unified in by_kind and before + task in by_kind
    ]
    signs = {kind: [_signs_of(run) for run in by_kind[kind]] for kind in {kind for pair in pairs for kind in pair}}
    return {
        f"{one} less {other}": paired_difference(signs[one], signs[other], judged)
        | {"seeds": [len(signs[one]), len(signs[other])]}
        for one, other in pairs
    }


def _signs_of(run: Path) -> dict[str, np.ndarray]:
    rotation = np.load(run / "rotation.npy")
    return {name: as_signs(v @ rotation) for name, v in of_part(vectors_of(run), PART).items()}


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
