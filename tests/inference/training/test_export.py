"""Only what the served graph can express is exported."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.export import export_embedder  # noqa: E402
from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402

pytestmark = pytest.mark.training


NO_SPACE: Any = None


@pytest.mark.parametrize("changes", [{"normalise": False}, {"bits": 128}])
def test_a_head_that_the_served_graph_cannot_express_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    Run(tmp_path / "one", dataclasses.replace(EmbedSettings(), **changes))

    said = r"one has normalise = \w+ and bits = \d+; what is served needs normalise = true and bits = 256"
    with pytest.raises(TrainingProblem, match=said):
        export_embedder(NO_SPACE, tmp_path / "one", tmp_path / "models")
