"""Triton's model repository as files: the path of each graph, and what the card next to it says."""

import json
from pathlib import Path
from typing import Any, Final

from inference.errors import ModelMismatch
from inference.tensors import DETECT, EMBED, ModelSpec
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION

REPOSITORY: Final = Path(__file__).parent / "triton_models"


def version_folder(spec: ModelSpec, *, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> Path:
    """Where the files of one version of a model are."""
    return repository / spec.name / str(version)


def graph_path(spec: ModelSpec, *, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> Path:
    """The ONNX file of one version of a model; raises ModelMismatch where there is none."""
    return _check_exists(version_folder(spec, version=version, repository=repository) / "model.onnx")


def model_card(spec: ModelSpec, *, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> dict[str, Any]:
    """``model.json`` next to the graph: labels, input size, resize kernel, scores, origin."""
    path = _check_exists(version_folder(spec, version=version, repository=repository) / "model.json")
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ModelMismatch(f"{path} is not a JSON object")
    return content


def labels(*, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> tuple[str, ...]:
    """The names of the detector's classes, in the order of its class numbers."""
    names = model_card(DETECT, version=version, repository=repository).get("labels")
    if not (isinstance(names, list) and names and all(isinstance(name, str) and name for name in names)):
        raise ModelMismatch(f"{DETECT.name} version {version}: 'labels' is {names!r}; expected a list of names")
    return tuple(names)


def promised_code(*, version: int = EMBEDDING_VERSION, repository: Path = REPOSITORY) -> Code | None:
    """The code of `inference.model_check.check_picture` in this version; None if the card does not say."""
    promised = model_card(EMBED, version=version, repository=repository).get("canary")
    return None if promised is None else bytes.fromhex(promised)


def _check_exists(path: Path) -> Path:
    if not path.is_file():
        raise ModelMismatch(f"{path} is missing: this checkout has no such model version")
    return path
