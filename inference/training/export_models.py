"""Puts trained graphs where Triton serves them from, each with a card of facts beside it."""

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
from inference.tensors import DETECT, EMBED, ModelSpec
from inference.training.errors import TrainingProblem
from inference.training.evaluate.everything import open_embedder, settings_of
from inference.training.model.networks import DetectGraph, DetectorNetwork, EmbedGraph
from inference.training.model.onnx_export import pictures, same_as_torch, write_onnx
from inference.training.model.onnx_files import sha256
from inference.training.train.embed import folded
from inference.training.workspace import Workspace
from pinstream.store.codes import CODE_BITS
from pinstream.store.collection import EMBEDDING_VERSION

REPOSITORY: Final = Path(__file__).parents[1] / "triton_models"
CHECKED: Final = 24
"""How many photos must come out of the file as they come out of torch."""


def graph(spec: ModelSpec, repository: Path = REPOSITORY) -> Path:
    """Where the served file of a model lies."""
    return repository / spec.name / str(EMBEDDING_VERSION) / "model.onnx"


def ship_embed(space: Workspace, run: Path, repository: Path) -> None:
    """The embedding of a finished run, its rotation folded in; raises TrainingProblem if no graph can express it."""
    told = settings_of(run)
    if not told.normalise or told.bits != CODE_BITS:
        raise TrainingProblem(
            f"{run} has normalise = {str(told.normalise).lower()} and bits = {told.bits}; "
            f"what is served needs normalise = true and bits = {CODE_BITS}"
        )
    embedder = open_embedder(space, run)
    weight, bias = folded(embedder, np.load(run / "rotation.npy"))
    module = EmbedGraph(embedder.backbone, weight=weight, bias=bias)
    _ship(EMBED, module, space, graph(EMBED, repository), labels=(), settings=_settings(run))


def ship_detect(space: Workspace, run: Path, repository: Path) -> None:
    """The detector of a finished run; raises TrainingProblem if it is not."""
    if not (run / "detector.pt").is_file():
        raise TrainingProblem(
            f"no detector.pt in {run}; there is no such run, its training did not end, or no detector"
        )
    detector = DetectorNetwork(space.backbone(), label_count=len(space.photos.labels))
    detector.load_state_dict(torch.load(run / "detector.pt", map_location="cpu", weights_only=True))
    module, path = DetectGraph(detector.eval()), graph(DETECT, repository)
    _ship(DETECT, module, space, path, labels=space.photos.labels, settings=_settings(run))


def _ship(
    spec: ModelSpec, module: nn.Module, space: Workspace, path: Path, *, labels: Sequence[str], settings: dict[str, Any]
) -> None:
    fresh = write_onnx(
        module,
        path.with_suffix(".new.onnx"),
        example=pictures(spec.image_size_px),
        outputs=tuple(tensor.name for tensor in spec.outputs),
    )
    wardrobe = space.wardrobe("validation")
    images = np.stack([wardrobe.picture(int(i), size_px=spec.image_size_px) for i in wardrobe.members[:CHECKED]])
    differences = same_as_torch(module, fresh, images=images)
    if max(differences) > 1e-4:
        raise TrainingProblem(f"{fresh} differs from torch by {differences} in {[t.name for t in spec.outputs]}")
    fresh.rename(path)
    write_card(spec, path, labels=labels, settings=settings)


def write_card(spec: ModelSpec, path: Path, *, labels: Sequence[str], settings: dict[str, Any]) -> None:
    """``model.json`` beside the graph at ``path``: what it was made for, from and by; scores come with the report."""
    facts: dict[str, Any] = {
        "model": spec.name,
        "version": EMBEDDING_VERSION,
        "input_size_px": spec.image_size_px,
        "resize_kernel": RESIZE_KERNEL,
        "precision": "fp32",
        "sha256": sha256(path),
        "training_commit": commit(),
        "onnxruntime": ort.__version__,
        "settings": settings,
    }
    facts |= {"bits": CODE_BITS, "canary": _canary(path)} if spec is EMBED else {"labels": list(labels)}
    card(path).write_text(json.dumps(facts, indent=1) + "\n")


def card(path: Path) -> Path:
    """Where the facts of a graph lie."""
    return path.with_name("model.json")


def write_scores(figures: dict[str, Any], repository: Path) -> None:
    """The evaluation's figures of the served files, into their cards of facts."""
    for spec, key in ((EMBED, "served embedding"), (DETECT, "detector")):
        path = card(graph(spec, repository))
        facts = json.loads(path.read_text())
        path.write_text(json.dumps(facts | {"scores": figures[key]}, indent=1) + "\n")


def commit() -> str:
    """The checkout's commit, with a plus sign if training code differs from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "."], cwd=here, capture_output=True, text=True, check=False
    )
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def _canary(path: Path) -> str:
    """The code by which a running server is recognised, in hex."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (codes,) = session.run(None, {EMBED.images.name: squash(check_picture(), EMBED.image_size_px)[None]})
    return bytes(codes[0]).hex()


def _settings(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "settings.json").read_text()))
