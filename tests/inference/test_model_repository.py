import json
from pathlib import Path

import pytest

from inference import images, model_repository
from inference.errors import ModelMismatch
from inference.tensors import DETECT, EMBED, MODELS, ModelSpec


def with_card(root: Path, content: object) -> Path:
    folder = root / "detect" / "1"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(content))
    return root


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_every_model_of_this_checkout_has_a_graph_and_a_card_made_for_this_code(spec: ModelSpec) -> None:
    card = model_repository.model_card(spec)

    assert model_repository.graph_path(spec).stat().st_size > 1_000_000
    assert card["input_size_px"] == spec.image_size_px
    assert card["resize_kernel"] == images.RESIZE_KERNEL


def test_labels_are_the_names_on_the_detectors_card(tmp_path: Path) -> None:
    root = with_card(tmp_path, {"labels": ["Dress", "Hat"]})

    assert model_repository.labels(version=1, repository=root) == ("Dress", "Hat")


def test_labels_of_this_checkout_are_names() -> None:
    names = model_repository.labels()

    assert len(set(names)) == len(names) > 1


def test_a_card_without_labels_is_a_mismatch(tmp_path: Path) -> None:
    for number, content in enumerate(({}, {"labels": []}, {"labels": [1]}, {"labels": [""]}, {"labels": "Dress"}, [])):
        with pytest.raises(ModelMismatch):
            model_repository.labels(version=1, repository=with_card(tmp_path / str(number), content))


def test_a_version_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match="9"):
        model_repository.graph_path(EMBED, version=9)
    with pytest.raises(ModelMismatch, match="missing"):
        model_repository.model_card(DETECT, repository=tmp_path)
