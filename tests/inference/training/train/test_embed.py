"""Two minutes of the real thing, on a few real photos: prepare, train, evaluate, resume."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.evaluate.runs import evaluate_frozen, evaluate_run  # noqa: E402
from inference.training.evaluate.vectors import keep_vectors  # noqa: E402
from inference.training.model.embedder import EmbedderNetwork, EmbedHead  # noqa: E402
from inference.training.model.weights import backbone_weights  # noqa: E402
from inference.training.prepare import Preparation, prepare  # noqa: E402
from inference.training.settings import EmbedSettings, load  # noqa: E402
from inference.training.train.embed import train_embed  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402
from inference.training.workspace import Workspace, open_workspace  # noqa: E402

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def space(small_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of the small folder."""
    runs = tmp_path_factory.mktemp("runs")
    space = open_workspace(small_photos, runs, backbone_weights(None, sha256=None, folder=runs))
    prepare(space, Preparation(views=8, made=40), workers=2)
    return space


def train(space: Workspace, settings: EmbedSettings, name: str) -> EmbedderNetwork:
    torch.manual_seed(settings.seed)
    embedder = EmbedderNetwork(space.backbone(), EmbedHead(settings.bits, dropout=settings.dropout), cut=settings.cut)
    run = Run(space.folder / name, settings)
    train_embed(embedder, settings, views=space.training_views(settings), run=run)
    keep_vectors(space, run.folder, embedder)
    return embedder


def test_a_tiny_run_beats_the_frozen_backbone(space: Workspace) -> None:
    settings = load(EmbedSettings, "tiny")

    train(space, settings, "tiny")

    tuned, frozen = evaluate_run(space, space.folder / "tiny"), evaluate_frozen(space)
    assert tuned["bits"]["mean over tasks"][0] > frozen["bits"]["mean over tasks"][0] + 0.02
    assert (space.folder / "tiny" / "curve.png").is_file()


def test_a_stopped_run_goes_on_to_the_same_result(space: Workspace) -> None:
    settings = dataclasses.replace(
        load(EmbedSettings, "tiny"), head_steps=205, steps=4, photos_per_batch=4, broad_per_batch=2
    )
    whole = train(space, settings, "whole")
    shutil.copytree(space.folder / "whole", space.folder / "stopped")  # its checkpoint is of step 200

    resumed = train(space, settings, "stopped")

    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_cache_of_something_else_is_refused(space: Workspace) -> None:
    with pytest.raises(TrainingProblem, match="cut is 's16' there and 's8' here"):
        prepare(space, Preparation(cut="s8", views=8, made=40), workers=1)


def test_a_folder_of_another_run_is_refused(space: Workspace) -> None:
    Run(space.folder / "one", load(EmbedSettings, "tiny"))

    with pytest.raises(TrainingProblem, match="other settings"):
        Run(space.folder / "one", load(EmbedSettings, "unified"))


def test_no_photo_of_a_label_held_out_is_trained_on(space: Workspace) -> None:
    settings = dataclasses.replace(load(EmbedSettings, "tiny"), held_out=("Shoes",))

    labels = space.training_views(settings).labels

    assert space.photos.labels.index("Shoes") not in labels
    assert len(labels) < len(space.training_views(load(EmbedSettings, "tiny")).labels)


@pytest.mark.parametrize(("name", "said"), [("nothing", "there are .*unified"), ("BAD", "no setting colour")])
def test_a_wrong_preset_is_named(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "bad.toml").write_text('colour = "red"')

    with pytest.raises(TrainingProblem, match=said):
        load(EmbedSettings, str(tmp_path / "bad.toml") if name == "BAD" else name)


def test_parts_share_no_photographer(space: Workspace) -> None:
    who = space.photos.photographers()
    parts = [set(who[rows]) for rows in space.parts.values()]

    assert sum(map(len, parts)) == len(set(who))
    assert np.concatenate(list(space.parts.values())).size == len(who)
