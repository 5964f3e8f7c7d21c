import json
from pathlib import Path

import pytest

from inference import images, repository
from inference.errors import ModelMismatch
from inference.tensors import DETECT, EMBED, MODELS


def with_card(root: Path, content: object) -> Path:
    folder = root / "detect" / "1"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(content))
    return root


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_every_model_of_this_checkout_has_a_graph_and_a_card_made_for_this_code(spec):
    card = repository.card(spec)

    assert repository.graph(spec).stat().st_size > 1_000_000
    assert card["input_size_px"] == spec.image_size_px
    assert card["resize_kernel"] == images.RESIZE_KERNEL


def test_labels_are_the_names_on_the_detectors_card(tmp_path):
    root = with_card(tmp_path, {"labels": ["Dress", "Hat"]})

    assert repository.labels(version=1, repository=root) == ("Dress", "Hat")


def test_labels_of_this_checkout_are_names():
    names = repository.labels()

    assert len(set(names)) == len(names) > 1


@pytest.mark.parametrize("content", [{}, {"labels": []}, {"labels": [1]}, {"labels": [""]}, {"labels": "Dress"}, []])
def test_a_card_without_labels_is_a_mismatch(tmp_path, content):
    with pytest.raises(ModelMismatch):
        repository.labels(version=1, repository=with_card(tmp_path, content))


def test_a_version_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelMismatch, match="9"):
        repository.graph(EMBED, version=9)
    with pytest.raises(ModelMismatch, match="missing"):
        repository.card(DETECT, repository=tmp_path)
