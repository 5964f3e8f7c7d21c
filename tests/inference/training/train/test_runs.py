"""A run's folder: settings, curve, checkpoints."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")

from inference.training.errors import TrainingProblem  # noqa: E402
from inference.training.evaluate.vectors import read_embed_settings  # noqa: E402
from inference.training.settings import EmbedSettings  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402

pytestmark = pytest.mark.training


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_settings_that_cannot_be_read_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "settings.json").write_text(content)

    with pytest.raises(TrainingProblem, match=r"one/settings\.json"):
        Run(tmp_path / "one", EmbedSettings())
    with pytest.raises(TrainingProblem, match=r"one/settings\.json"):
        read_embed_settings(tmp_path / "one")


def test_a_folder_of_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    Run(tmp_path / "one", EmbedSettings(cut="s8", bits=128))

    with pytest.raises(TrainingProblem) as raised:
        Run(tmp_path / "one", EmbedSettings(cut="s16", bits=128))

    assert "other settings: cut is 's8' there and 's16' here; remove it" in str(raised.value)


def test_a_setting_that_a_run_did_not_have_yet_counts_as_its_default(tmp_path: Path) -> None:
    Run(tmp_path / "one", EmbedSettings(cut="s8"))
    kept = json.loads((tmp_path / "one" / "settings.json").read_text())
    del kept["sharpness"], kept["held_out"]
    (tmp_path / "one" / "settings.json").write_text(json.dumps(kept))

    with pytest.raises(TrainingProblem, match=r"settings: sharpness is 0\.0 there and 0\.5 here;"):
        Run(tmp_path / "one", EmbedSettings(cut="s8", sharpness=0.5))
    Run(tmp_path / "one", EmbedSettings(cut="s8"))

    assert json.loads((tmp_path / "one" / "settings.json").read_text())["sharpness"] == 0


def curve_of(run: Run) -> list[str]:
    return [line.split(",")[0] for line in (run.folder / "curve.csv").read_text().splitlines()]


def test_no_step_is_twice_on_the_curve_of_a_run_that_was_stopped(tmp_path: Path) -> None:
    run = Run(tmp_path / "one", EmbedSettings(), checkpoint_every=2)
    part = torch.nn.Linear(1, 1)
    for step in range(4):
        run.log(step, {"loss": 1.0})
        if step < 3:
            run.save(step + 1, {"part": part})

    first = run.resume({"part": part})
    run.log(first, {"loss": 0.5})

    assert first == 2
    assert curve_of(run) == ["step", "0", "1", "2"]


def test_the_curve_begins_anew_where_nothing_was_kept(tmp_path: Path) -> None:
    run = Run(tmp_path / "one", EmbedSettings())
    run.log(0, {"loss": 1.0})

    assert run.resume({}) == 0
    assert curve_of(run) == ["step"]


def test_checkpoints_of_other_gpus_or_of_none_are_read(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path / "one", EmbedSettings(), checkpoint_every=1)
    run.save(1, {})
    kept = torch.load(run.checkpoint, weights_only=True)
    assert len(kept["gpu rng"]) == torch.cuda.device_count()

    for gpu in ({"gpu rng": [torch.zeros(16, dtype=torch.uint8)] * (torch.cuda.device_count() + 1)}, {}):
        torch.save({name: value for name, value in kept.items() if name != "gpu rng"} | gpu, run.checkpoint)
        assert run.resume({}) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpus_randomness_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path / "one", EmbedSettings(), checkpoint_every=1)
    run.save(1, {})
    expected = torch.rand(4, device="cuda")

    run.resume({})

    assert torch.equal(torch.rand(4, device="cuda"), expected)
