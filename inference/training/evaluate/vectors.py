"""A finished run's embedder, and the vectors of everything that it is evaluated on, kept in the run's folder."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from inference.training.arrays import Floats, Ints
from inference.training.errors import TrainingProblem
from inference.training.evaluate.embedding import VIEWS, Vectors
from inference.training.evaluate.retrieval import as_signs, normalise
from inference.training.model.embedder import EmbedderNetwork, EmbedHead
from inference.training.settings import EmbedSettings, parse
from inference.training.train.cache import CachedViews
from inference.training.train.rotation import itq_rotation
from inference.training.train.runs import read_settings
from inference.training.workspace import Workspace

PART: Final = "test"
KEPT_PARTS: Final = ("validation", "test")
FITTED: Final = 1500
"""The rotation is fitted on this many photos, in two domains each, and on this many broad pictures."""
ELSEWHERE_DIGEST: Final = "elsewhere digest"


def read_embed_settings(run: Path) -> EmbedSettings:
    """The settings of a run; raises TrainingProblem if there is no such run, or it is no embedding."""
    if not (run / "settings.json").is_file():
        there = sorted(path.parent.name for path in run.parent.glob("*/settings.json"))
        raise TrainingProblem(f"no run {run.name!r} in {run.parent}; there are {', '.join(there) or 'none'}")
    kept = read_settings(run)
    if set(kept) - {field.name for field in dataclasses.fields(EmbedSettings)}:
        _check_finished(run)  # probably a detector: say that before anything about its settings
    return parse(EmbedSettings, kept, run / "settings.json")


def _check_finished(run: Path) -> None:
    if not (run / "embedder.pt").is_file():
        raise TrainingProblem(f"no embedder.pt in {run}; its training did not end, or it is no embedding")


def open_embedder(space: Workspace, run: Path) -> EmbedderNetwork:
    """The embedder of a finished run; raises TrainingProblem if there is none."""
    settings = read_embed_settings(run)
    _check_finished(run)
    head = EmbedHead(settings.bits, normalise=settings.normalise)
    embedder = EmbedderNetwork(space.backbone(), head, cut=settings.cut).eval()
    embedder.load_state_dict(torch.load(run / "embedder.pt", map_location="cpu", weights_only=True))
    return embedder


def keep_vectors(space: Workspace, run: Path, embedder: EmbedderNetwork) -> None:
    """Writes ``rotation.npy`` and ``vectors.npz``, all that evaluation needs of a finished run.

    ``vectors.npz`` holds embeddings before the rotation, ``(n, bits) float16``: ``fit``, on which the rotation was
    fitted; one array for each kept part and domain; ``unseen``, if labels were held out; ``elsewhere``, pictures of
    another domain, with their digest.
    """
    settings, photos, broad = read_embed_settings(run), space.cached("photos"), space.cached("broad")

    def embed(views: CachedViews, rows: Ints) -> Floats:
        if settings.steps:
            return embed_maps(embedder, views.maps[rows], space.cut)
        on = next(embedder.parameters()).device
        with torch.inference_mode():  # only the head was trained, so the cached pooled features are still right
            vectors: Floats = embedder.head(torch.from_numpy(views.pooled[rows]).float().to(on)).cpu().numpy()
        return vectors

    rng = np.random.default_rng(settings.seed)
    chosen = np.sort(rng.permutation(space.training_views(settings).rows)[:FITTED])
    fit = [embed(photos, photos.rows_of(chosen, VIEWS[name])) for name in ("raw", "web")]
    fit.append(embed(broad, np.sort(rng.permutation(broad.starts[:-1])[:FITTED])))
    kept, facts = {"fit": np.concatenate(fit)}, {}
    for part in KEPT_PARTS:
        for name, view in VIEWS.items():
            kept[f"{part} {name}"] = embed(photos, photos.rows_of(space.parts[part], view))
    if settings.held_out:
        kept["unseen"] = embed(photos, photos.starts[held_out_rows(space, settings)])
    if space.has("elsewhere"):
        others = space.cached("elsewhere")
        kept["elsewhere"] = embed(others, others.starts[:-1])
        facts[ELSEWHERE_DIGEST] = np.array(space.elsewhere or "")
    np.save(run / "rotation.npy", itq_rotation(kept["fit"], seed=settings.seed))
    arrays: dict[str, Any] = {**{name: v.astype(np.float16) for name, v in kept.items()}, **facts}
    np.savez_compressed(run / "vectors.npz", **arrays)


@torch.inference_mode()
def embed_maps(embedder: EmbedderNetwork, maps: np.typing.NDArray[Any], at: str, *, batch: int = 64) -> Floats:
    """Embeddings of maps of the point ``at``, ``(n, bits) float32``."""
    on = next(embedder.parameters()).device
    found = []
    for i in range(0, len(maps), batch):
        some = torch.from_numpy(np.ascontiguousarray(maps[i : i + batch])).to(on)
        found.append(embedder.eval()(some if at == "pixels" else some.float(), at).float().cpu().numpy())
    return np.concatenate(found)


def held_out_rows(space: Workspace, settings: EmbedSettings) -> Ints:
    """The photos whose labels were held out of a run, and the labelled test photos, as indices."""
    labels = space.photos.label_indices()
    held_out = [space.photos.labels.index(name) for name in settings.held_out]
    is_test = np.zeros(len(labels), bool)
    is_test[space.parts[PART]] = True
    return np.flatnonzero((np.isin(labels, held_out) | is_test) & (labels >= 0))


def read_vectors(run: Path) -> dict[str, Floats]:
    """What `keep_vectors` kept, in float32."""
    if not (run / "vectors.npz").is_file():
        raise TrainingProblem(f"no vectors.npz in {run}; its training did not end")
    with np.load(run / "vectors.npz") as arrays:
        return {name: v.astype(np.float32) for name, v in arrays.items() if v.dtype.kind == "f"}


def read_rotation(run: Path) -> Floats:
    """``(bits, bits)``."""
    return np.asarray(np.load(run / "rotation.npy"))


def elsewhere_digest(run: Path) -> str | None:
    """The digest of the pictures of another domain whose vectors `keep_vectors` kept, None without any."""
    with np.load(run / "vectors.npz") as arrays:
        return str(arrays[ELSEWHERE_DIGEST]) if ELSEWHERE_DIGEST in arrays else None


def of_part(kept: Mapping[str, Floats], part: str) -> dict[str, Floats]:
    """The vectors of one part, by domain."""
    return {name: kept[f"{part} {name}"] for name in VIEWS}


def representations(vectors: Vectors, rotation: Floats) -> dict[str, dict[str, Floats]]:
    """The same vectors as floats, as signs, and as signs after the rotation."""
    return {
        "float": {name: normalise(v) for name, v in vectors.items()},
        "bits without rotation": {name: as_signs(v) for name, v in vectors.items()},
        "bits": {name: as_signs(v @ rotation) for name, v in vectors.items()},
    }
