"""What is shipped can be expressed by the served graph."""

import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.export_models import ship_embed  # noqa: E402
from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402

pytestmark = pytest.mark.training


@pytest.mark.parametrize("told", [{"normalise": False}, {"bits": 128}])
def test_a_head_that_the_served_graph_cannot_express_is_refused(tmp_path, told):
    Run(tmp_path / "one", dataclasses.replace(EmbedSettings(), **told))

    said = r"one has normalise = \w+ and bits = \d+; what is served needs normalise = true and bits = 256"
    with pytest.raises(TrainingProblem, match=said):
        ship_embed(None, tmp_path / "one", tmp_path / "models")
