"""What is kept of a folder of photos is used with nothing else: other weights, photos, another domain."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
import typer  # noqa: E402

from inference.training.commands import app  # noqa: E402
from inference.training.data.photos import read_photos  # noqa: E402
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.evaluate.runs import evaluate_elsewhere  # noqa: E402
from inference.training.evaluate.vectors import elsewhere_digest  # noqa: E402
from inference.training.manifest import add_elsewhere, write_manifest  # noqa: E402
from inference.training.model.backbone import POINTS  # noqa: E402
from inference.training.prepare import Preparation, prepare  # noqa: E402
from inference.training.settings import EmbedSettings, load  # noqa: E402
from inference.training.workspace import (  # noqa: E402
    Workspace,
    open_workspace,
)

pytestmark = pytest.mark.training


def photos_in(folder: Path, names: str) -> Path:
    (folder / "images").mkdir(parents=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), np.full((60, 60, 3), 40 * number, np.uint8))
    rows = [f"{name},{name},Hat" for name in names]
    (folder / "images.csv").write_text("\n".join(["image,sender_id,label", *rows]))
    return folder


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """Three photos and one cached picture of them and of another domain, as `prepare` leaves them."""
    (tmp_path / "a.pth").write_bytes(b"some weights")
    (tmp_path / "b.pth").write_bytes(b"other weights")
    space = open_workspace(photos_in(tmp_path / "photos", "abc"), tmp_path / "runs", tmp_path / "a.pth")
    space.cache.mkdir(parents=True)
    write_manifest(space.cache / "manifest.json", [], {"cut": "s16", "elsewhere": None, **space.origin()})
    for name in ("photos", "broad", "elsewhere"):
        np.save(space.cache / f"{name}.npy", np.zeros((1, 2), np.float16))
        np.save(space.cache / f"{name}-pooled.npy", np.zeros((1, 2), np.float16))
        np.save(space.cache / f"{name}-starts.npy", np.array([0, 1]))
    return space


def test_what_one_backbone_made_is_not_used_with_another(space: Workspace, tmp_path: Path) -> None:
    other = dataclasses.replace(space, weights=tmp_path / "b.pth")

    assert len(space.cached("photos").maps) == 1
    for use in (lambda: other.cached("photos"), lambda: prepare(other, Preparation(), workers=1)):
        with pytest.raises(TrainingProblem, match=r"prepared with other weights.*give --weights as `prepare` had it"):
            use()


def test_what_is_cached_of_some_photos_is_not_used_for_others(space: Workspace, tmp_path: Path) -> None:
    other = open_workspace(photos_in(tmp_path / "others", "abd"), space.folder, space.weights)

    with pytest.raises(TrainingProblem, match=r"prepared with other photos.*give --photos as `prepare` had it"):
        other.cached("photos")


def test_a_manifest_without_weights_is_not_trusted(space: Workspace) -> None:
    (space.cache / "manifest.json").write_text(json.dumps({"cut": "s16", "photos": space.photos.digest()}))

    with pytest.raises(TrainingProblem, match="other weights"):
        space.cached("photos")


def test_each_folder_of_photos_has_its_own_masks(space: Workspace, tmp_path: Path) -> None:
    other = open_workspace(photos_in(tmp_path / "others", "abcd"), space.folder, space.weights)

    assert [len(each.masks(workers=1).is_clear) for each in (space, other, space)] == [3, 4, 3]


def test_another_domain_is_added_once(space: Workspace) -> None:
    manifest = space.cache / "manifest.json"

    assert space.manifest()["elsewhere"] is None
    for _ in range(2):
        add_elsewhere(manifest, "some")
    assert space.elsewhere == "some"
    with pytest.raises(
        TrainingProblem, match=r"keeps pictures of SHA-256 some of another domain.*--elsewhere has more"
    ):
        add_elsewhere(manifest, "more")


def test_vectors_of_another_domain_are_evaluated_with_no_other_labels(space: Workspace, tmp_path: Path) -> None:
    cached, other = photos_in(tmp_path / "cached", "xyz"), photos_in(tmp_path / "other", "xyw")
    add_elsewhere(space.cache / "manifest.json", read_photos(cached).digest())

    with pytest.raises(TrainingProblem, match=r"cache keeps pictures of SHA-256"):
        evaluate_elsewhere(space, other, {})


@pytest.mark.parametrize("kept", [{}, {"elsewhere digest": np.array("of others")}])
def test_nor_are_those_that_a_run_kept(space: Workspace, tmp_path: Path, kept: dict[str, Any]) -> None:
    run = tmp_path / "one"
    run.mkdir()
    np.savez(run / "vectors.npz", elsewhere=np.zeros((3, 8), np.float16), **kept)
    (space.cache / "elsewhere-starts.npy").unlink()

    with pytest.raises(TrainingProblem, match=r"one keeps (nothing|pictures of SHA-256 of others) of another domain"):
        evaluate_elsewhere(space, photos_in(tmp_path / "other", "xyz"), {"one": run})
    assert elsewhere_digest(run) == (str(kept["elsewhere digest"]) if kept else None)


def default_of(command: str, option: str) -> Any:
    found: Any = typer.main.get_command(app)
    for name in command.split():
        found = found.commands[name]
    return next(parameter.default for parameter in found.params if parameter.name == option)


def test_defaults_fit_each_other() -> None:
    preset, cut = default_of("train embed", "preset"), default_of("prepare", "cut")

    assert POINTS.index(load(EmbedSettings, preset).cut) >= POINTS.index(cut)
    assert default_of("export", "embed") == f"{preset}-{default_of('train embed', 'seed')}"
