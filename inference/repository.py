"""The model repository as files: where each graph lies, and the card beside it that says what it was made for."""

import json
from pathlib import Path
from typing import Any, Final

from inference.errors import ModelMismatch
from inference.tensors import DETECT, EMBED, ModelSpec
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION

REPOSITORY: Final = Path(__file__).parent / "triton_models"


def graph(spec: ModelSpec, *, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> Path:
    """The ONNX file of one version of a model; raises ModelMismatch where there is none."""
    return _present(repository / spec.name / str(version) / "model.onnx")


def card(spec: ModelSpec, *, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> dict[str, Any]:
    """What ``model.json`` beside the graph says: labels, input size, resize kernel, scores, origin."""
    path = _present(repository / spec.name / str(version) / "model.json")
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ModelMismatch(f"{path} is not a JSON object")
    return content


def labels(*, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> tuple[str, ...]:
    """The detector's classes, in the order of the numbers it answers with."""
    names = card(DETECT, version=version, repository=repository).get("labels")
    if not (isinstance(names, list) and names and all(isinstance(name, str) and name for name in names)):
        raise ModelMismatch(f"{DETECT.name} version {version}: 'labels' is {names!r}; expected a list of names")
    return tuple(names)


def canary_code(*, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> Code | None:
    """The whole picture's code that this version gives `inference.model_check.drawn`; None for an older card."""
    promised = card(EMBED, version=version, repository=repository).get("canary")
    return None if promised is None else bytes.fromhex(promised)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ModelMismatch(f"{path} is missing: this checkout has no such model version")
    return path
