"""Runs that are not finished, or no embeddings."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")

from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.evaluate.vectors import open_embedder, read_embed_settings  # noqa: E402
from inference.training.settings import DetectSettings  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402

pytestmark = pytest.mark.training


NO_SPACE: Any = None
"""For what fails before it looks at the workspace."""


def test_a_run_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "settings.json").write_text("{}")

    with pytest.raises(TrainingProblem, match=r"no run 'gone' in .*; there are begun"):
        open_embedder(NO_SPACE, tmp_path / "gone")
    with pytest.raises(TrainingProblem, match=r"no embedder\.pt in .*begun; its training did not end"):
        open_embedder(NO_SPACE, tmp_path / "begun")


def test_a_detectors_run_is_no_embedding(tmp_path: Path) -> None:
    Run(tmp_path / "detect-0", DetectSettings())

    with pytest.raises(TrainingProblem, match=r"no embedder\.pt in .*detect-0; .* or it is no embedding"):
        open_embedder(NO_SPACE, tmp_path / "detect-0")
    with pytest.raises(TrainingProblem, match=r"no embedder\.pt in .*detect-0; .* or it is no embedding"):
        read_embed_settings(tmp_path / "detect-0")
