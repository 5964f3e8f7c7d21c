"""The detector's training on pictures that cost nothing: what it keeps, and that it can be stopped."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from torch import Tensor  # noqa: E402

from inference.training.data.scenes import Scene  # noqa: E402
from inference.training.model.backbone import Backbone  # noqa: E402
from inference.training.model.detector import DetectorNetwork  # noqa: E402
from inference.training.settings import DetectSettings  # noqa: E402
from inference.training.train.detect import train_detect  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402

pytestmark = pytest.mark.training
SHORT = DetectSettings(steps=3, batch=2, averaged_steps=2)


class Squares:
    """Scenes with one square each; a number's scene is always the same."""

    def scene(self, number: int) -> Scene:
        pixels = np.full((320, 320, 3), 40 * (number % 6), np.uint8)
        left = 20 * (number % 8)
        pixels[100:200, left : left + 100] = 250 - 30 * (number % 3)
        box = np.array([[left / 320, 100 / 320, (left + 100) / 320, 200 / 320]], np.float32)
        return Scene(pixels, box, np.array([number % 2]))


def train(folder: Path, settings: DetectSettings) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(settings.seed)
    detector = DetectorNetwork(Backbone(), label_count=2)
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    train_detect(detector, settings, scenes=Squares(), run=Run(folder, settings, checkpoint_every=2))
    return before, torch.load(folder / "detector.pt", weights_only=True)


def test_after_one_step_the_trained_weights_are_kept(tmp_path: Path) -> None:
    before, after = train(tmp_path / "run", dataclasses.replace(SHORT, steps=1, averaged_steps=1))

    assert not torch.equal(after["what.2.weight"], before["what.2.weight"])


def test_a_stopped_detector_goes_on_to_the_same_result(tmp_path: Path) -> None:
    _, whole = train(tmp_path / "whole", SHORT)
    shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    (tmp_path / "stopped" / "detector.pt").unlink()  # its checkpoint is of step 2
    assert torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)["step"] == 2

    _, resumed = train(tmp_path / "stopped", SHORT)

    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
