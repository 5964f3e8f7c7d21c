"""Puts a trained graph where Triton serves it from, with a card of facts beside it."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnxruntime as ort

from inference.images import RESIZE_KERNEL
from inference.tensors import ModelSpec
from inference.training.export import sha256
from pinstream.codes import CODE_BITS

REPOSITORY: Final = Path(__file__).parents[1] / "triton_models"


def write_card(
    spec: ModelSpec, folder: Path, *, labels: Sequence[str], settings: dict[str, Any], scores: dict[str, Any]
) -> Path:
    """``model.json`` beside ``model.onnx``: what it was made for, from and by, and how good it is."""
    graph = folder / "model.onnx"
    facts = {
        "model": spec.name,
        "version": int(folder.name),
        "labels": list(labels),
        "input_size_px": spec.image_size_px,
        "resize_kernel": RESIZE_KERNEL,
        "bits": CODE_BITS if spec.name == "embed" else None,
        "precision": "fp32",
        "sha256": sha256(graph),
        "training_commit": commit(),
        "onnxruntime": ort.__version__,
        "settings": settings,
        "scores": scores,
    }
    path = folder / "model.json"
    path.write_text(json.dumps({k: v for k, v in facts.items() if v is not None}, indent=1) + "\n")
    return path


def commit() -> str:
    """The checkout's commit, with a plus sign if training code differs from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "."], cwd=here, capture_output=True, text=True, check=False
    )
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")
