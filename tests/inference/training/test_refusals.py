"""What commands refuse before they begin."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from typer.testing import CliRunner  # noqa: E402

from inference.training.commands import app  # noqa: E402
from inference.training.errors import TrainingProblem  # noqa: E402

pytestmark = pytest.mark.training


@pytest.mark.parametrize("command", ["evaluate", "cost"])
def test_figures_that_cannot_be_kept_are_refused_before_they_are_made(tmp_path: Path, command: str) -> None:
    options = (
        ["--photos", f"{tmp_path}/none", "--runs", f"{tmp_path}/runs"] if command == "evaluate" else ["--sampled", "9"]
    )

    result = CliRunner().invoke(app, [command, "--figures", f"{tmp_path}/gone/f.json", *options])

    assert isinstance(result.exception, TrainingProblem)
    assert f"there is no folder {tmp_path}/gone" in str(result.exception)


def test_a_report_on_figures_that_only_cost_wrote_says_what_makes_the_others(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"cost": {}}')

    result = CliRunner().invoke(app, ["report", "--figures", f"{tmp_path}/f.json", "--out", f"{tmp_path}/f.md"])

    assert isinstance(result.exception, TrainingProblem)
    assert "has no photos, photographers, served embedding" in str(result.exception)
    assert "evaluate" in str(result.exception)
    assert not (tmp_path / "f.md").exists()
