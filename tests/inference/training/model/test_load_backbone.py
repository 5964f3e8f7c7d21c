"""Files that hold no weights are named."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")

from inference.training.errors import BadWeights  # noqa: E402
from inference.training.model.backbone import load_backbone  # noqa: E402

pytestmark = pytest.mark.training


def test_a_file_that_holds_no_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"\x89PNG no weights")

    with pytest.raises(BadWeights, match=r"w\.pth is no file of weights that torch saved"):
        load_backbone(tmp_path / "w.pth")


@pytest.mark.parametrize("saved", [[torch.zeros(3)], {"a": 3}, torch.zeros(3)])
def test_a_file_that_torch_saved_but_that_holds_no_weights_is_named(tmp_path: Path, saved: object) -> None:
    torch.save(saved, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match=rf"w\.pth holds a {type(saved).__name__}; expected a state dict"):
        load_backbone(tmp_path / "w.pth")
