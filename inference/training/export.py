"""Exports trained networks into Triton's model repository, each with a ``model.json`` of facts."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
import torch
from torch import nn

from inference.images import RESIZE_KERNEL, squash
from inference.model_check import check_picture
from inference.model_repository import version_folder
from inference.onnx_models import open_session
from inference.tensors import DETECT, EMBED, ModelSpec
from inference.training.errors import TrainingProblem
from inference.training.evaluate.vectors import open_embedder, read_embed_settings, read_rotation
from inference.training.model.detector import DetectorNetwork
from inference.training.model.onnx_export import differences_from_torch, example_pictures, write_onnx
from inference.training.model.served_graphs import DetectGraph, EmbedGraph
from inference.training.model.weights import file_sha256
from inference.training.train.rotation import fold
from inference.training.train.runs import read_settings
from inference.training.workspace import Workspace
from pinstream.store.codes import CODE_BITS
from pinstream.store.collection import EMBEDDING_VERSION

CHECKED: Final = 24
"""Photos that are run through the file and through torch; both must give the same."""
MAX_DIFFERENCE: Final = 1e-4


def export_embedder(space: Workspace, run: Path, repository: Path) -> None:
    """The embedding of a finished run with its rotation; raises TrainingProblem if the graph cannot express it."""
    settings = read_embed_settings(run)
    if not settings.normalise or settings.bits != CODE_BITS:
        raise TrainingProblem(
            f"{run} has normalise = {str(settings.normalise).lower()} and bits = {settings.bits}; "
            f"what is served needs normalise = true and bits = {CODE_BITS}"
        )
    embedder = open_embedder(space, run)
    weight, bias = fold(embedder, read_rotation(run))
    module = EmbedGraph(embedder.backbone, weight=weight, bias=bias)
    folder = version_folder(EMBED, repository=repository)
    _export(EMBED, module, space, folder)
    _write_facts(EMBED, folder, settings=read_settings(run), labels=())


def export_detector(space: Workspace, run: Path, repository: Path) -> None:
    """The detector of a finished run; raises TrainingProblem if there is none."""
    if not (run / "detector.pt").is_file():
        raise TrainingProblem(
            f"no detector.pt in {run}; there is no such run, its training did not end, or it is no detector"
        )
    detector = DetectorNetwork(space.backbone(), label_count=len(space.photos.labels))
    detector.load_state_dict(torch.load(run / "detector.pt", map_location="cpu", weights_only=True))
    folder = version_folder(DETECT, repository=repository)
    _export(DETECT, DetectGraph(detector.eval()), space, folder)
    _write_facts(DETECT, folder, settings=read_settings(run), labels=space.photos.labels)


def _export(spec: ModelSpec, module: nn.Module, space: Workspace, folder: Path) -> None:
    """Writes the file, and replaces the served one only if it computes what torch does."""
    fresh = write_onnx(
        module,
        folder / "model.new.onnx",
        example=example_pictures(spec.image_size_px),
        outputs=tuple(tensor.name for tensor in spec.outputs),
    )
    pool = space.pool("validation")
    images = np.stack([pool.picture(int(i), size_px=spec.image_size_px) for i in pool.members[:CHECKED]])
    differences = differences_from_torch(module, fresh, images=images)
    if max(differences) > MAX_DIFFERENCE:
        raise TrainingProblem(f"{fresh} differs from torch by {differences} in {[t.name for t in spec.outputs]}")
    fresh.rename(folder / "model.onnx")


def _write_facts(spec: ModelSpec, folder: Path, *, settings: dict[str, Any], labels: Sequence[str]) -> None:
    graph = folder / "model.onnx"
    facts: dict[str, Any] = {
        "model": spec.name,
        "version": EMBEDDING_VERSION,
        "input_size_px": spec.image_size_px,
        "resize_kernel": RESIZE_KERNEL,
        "precision": "fp32",
        "sha256": file_sha256(graph),
        "training_commit": _commit(),
        "onnxruntime": ort.__version__,
        "settings": settings,
    }
    facts |= {"bits": CODE_BITS, "canary": _check_code(graph)} if spec is EMBED else {"labels": list(labels)}
    (folder / "model.json").write_text(json.dumps(facts, indent=1) + "\n")


def write_scores(figures: dict[str, Any], repository: Path) -> None:
    """The figures of the served files, into their ``model.json``."""
    for spec, key in ((EMBED, "served embedding"), (DETECT, "detector")):
        path = version_folder(spec, repository=repository) / "model.json"
        facts = json.loads(path.read_text())
        path.write_text(json.dumps(facts | {"scores": figures[key]}, indent=1) + "\n")


def _commit() -> str:
    """The checkout's commit, with a plus sign if training code differs from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "."], cwd=here, capture_output=True, text=True, check=False
    )
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def _check_code(graph: Path) -> str:
    """The code of the check picture in hex, by which a running server is recognised."""
    images = squash(check_picture(), EMBED.image_size_px)[None]
    (codes,) = open_session(graph).run(None, {EMBED.images.name: images})
    return bytes(codes[0]).hex()
