"""What needs prepare, and what does not."""

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from PIL import Image  # noqa: E402

from inference.training.data.photos import Photo, Photos  # noqa: E402
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.manifest import write_manifest  # noqa: E402
from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.workspace import Workspace  # noqa: E402

pytestmark = pytest.mark.training


def test_a_cache_of_something_else_is_refused_with_what_differs(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 9})
    write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 9})

    with pytest.raises(TrainingProblem, match="something else: views is 9 there and 8 here; remove it"):
        write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 8})
    with pytest.raises(TrainingProblem, match=r"something else: pictures is \w{12}\.\.\. there and \w{12}\.\.\. here"):
        write_manifest(tmp_path / "manifest.json", ["b"], {"cut": "s16", "views": 9})


def test_training_on_what_was_never_prepared_is_refused_and_so_is_a_cut_before_the_prepared_one(tmp_path: Path) -> None:
    photos = Photos((Photo(tmp_path / "a.jpg", "1", 0),), ("Hat",))
    space = Workspace(tmp_path, photos, {"train": np.array([0]), "validation": np.array([], int)}, tmp_path / "w.pth")

    with pytest.raises(TrainingProblem, match=r"no .*manifest\.json; run .*prepare"):
        space.training_views(EmbedSettings())
    space.cache.mkdir()
    (space.cache / "manifest.json").write_text('{"cut": "s16"}')
    with pytest.raises(TrainingProblem, match=r"cut is 's8', but .* was prepared with --cut s16"):
        space.training_views(EmbedSettings(cut="s8"))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As `open_workspace` sees to: a process forked while it has OpenCV's threads waits for them for ever."""
    cv2.setNumThreads(1)


def test_masks_need_no_prepare(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (128, 128, 128)).save(tmp_path / "a.png")
    space = Workspace(tmp_path / "runs", Photos((Photo(tmp_path / "a.png", "1", 0),), ("Hat",)), {}, tmp_path / "w.pth")

    assert space.masks(workers=1).is_clear.tolist() == [False]
