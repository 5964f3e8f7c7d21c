"""Finished runs: their mean, their losses' weights, and runs that are not finished."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from inference.training.commands import app  # noqa: E402
from inference.training.data.photos import Photo, Photos  # noqa: E402
from inference.training.errors import BadPhotos, BadWeights, TrainingProblem  # noqa: E402
from inference.training.evaluate.vectors import open_embedder, read_embed_settings  # noqa: E402
from inference.training.manifest import write_manifest  # noqa: E402
from inference.training.model.backbone import load_backbone  # noqa: E402
from inference.training.settings import DetectSettings, EmbedSettings  # noqa: E402
from inference.training.train.averaging import (  # noqa: E402
    mean_backbone,
    running_mean,
    take_mean,
)
from inference.training.train.embed import weigh  # noqa: E402
from inference.training.train.runs import Run  # noqa: E402
from inference.training.workspace import Workspace, read_drawn  # noqa: E402

pytestmark = pytest.mark.training


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As `open_workspace` sees to: a process forked beside OpenCV's threads waits for them for ever."""
    cv2.setNumThreads(1)


NO_SPACE: Any = None
"""For what fails before it looks at the workspace."""


def finished(folder: Path, value: float) -> Path:
    folder.mkdir()
    state = {
        "backbone.a": torch.full((2,), float(value)),
        "backbone.b.num_batches_tracked": torch.tensor(7),
        "head.project.weight": torch.ones(3),
    }
    torch.save(state, folder / "embedder.pt")
    return folder


def test_the_mean_is_weighed_and_of_backbones_alone(tmp_path: Path) -> None:
    one, other = finished(tmp_path / "one", 1), finished(tmp_path / "other", 5)

    mean = mean_backbone({one: 3.0, other: 1.0})

    assert set(mean) == {"a"}
    assert mean["a"].tolist() == [2.0, 2.0]


def test_average_takes_weights_from_the_command_line(tmp_path: Path) -> None:
    finished(tmp_path / "one", 1), finished(tmp_path / "other", 5)

    result = CliRunner().invoke(
        app, ["average", "--run", "one=3", "--run", "other", "--out", f"{tmp_path}/mean.pth", "--runs", f"{tmp_path}"]
    )

    assert result.exit_code == 0, result.output
    assert torch.load(tmp_path / "mean.pth", weights_only=True)["a"].tolist() == [2.0, 2.0]


def test_an_invalid_weight_is_named(tmp_path: Path) -> None:
    finished(tmp_path / "one", 1)

    for weight in ("much", "0", "-1", "nan", "inf"):
        result = CliRunner().invoke(
            app, ["average", "--run", f"one={weight}", "--out", f"{tmp_path}/mean.pth", "--runs", f"{tmp_path}"]
        )

        assert isinstance(result.exception, TrainingProblem), weight
        assert f"weight '{weight}'; expected NAME=WEIGHT with a number above 0" in str(result.exception)
        assert not (tmp_path / "mean.pth").exists()


def test_a_run_that_did_not_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()

    with pytest.raises(TrainingProblem, match=r"no .*begun/embedder\.pt; train that run first"):
        mean_backbone({tmp_path / "begun": 1.0})


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


def test_a_cache_of_something_else_is_refused_with_what_differs(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 9})
    write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 9})

    with pytest.raises(TrainingProblem, match="something else: views is 9 there and 8 here; remove it"):
        write_manifest(tmp_path / "manifest.json", ["a"], {"cut": "s16", "views": 8})
    with pytest.raises(TrainingProblem, match=r"something else: pictures is \w{12}\.\.\. there and \w{12}\.\.\. here"):
        write_manifest(tmp_path / "manifest.json", ["b"], {"cut": "s16", "views": 9})


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


def test_categories_weigh_what_the_settings_say_and_other_tasks_one() -> None:
    losses = {task: torch.tensor(value) for task, value in (("category", 2.0), ("instance", 5.0))}

    weighed = weigh(losses, EmbedSettings(category_weight=3.0), embeddings=torch.zeros(2, 4), pooled=torch.zeros(2, 8))

    assert {task: float(loss) for task, loss in weighed.items()} == {"category": 6.0, "instance": 5.0}


def test_neighbours_are_kept_only_where_they_weigh_something() -> None:
    vectors, pooled, losses = torch.randn(5, 4), torch.randn(5, 8), {"instance": torch.tensor(1.0)}

    plain, once, twice = (
        weigh(losses, EmbedSettings(neighbours=weight), embeddings=vectors, pooled=pooled) for weight in (0.0, 1.0, 2.0)
    )

    assert set(plain) == {"instance"}
    assert float(twice["neighbours"]) == pytest.approx(2 * float(once["neighbours"])) != 0


def test_a_file_that_holds_no_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"\x89PNG no weights")

    with pytest.raises(BadWeights, match=r"w\.pth is no file of weights that torch saved"):
        load_backbone(tmp_path / "w.pth")


@pytest.mark.parametrize("saved", [[torch.zeros(3)], {"a": 3}, torch.zeros(3)])
def test_a_file_that_torch_saved_but_that_holds_no_weights_is_named(tmp_path: Path, saved: object) -> None:
    torch.save(saved, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match=rf"w\.pth holds a {type(saved).__name__}; expected a state dict"):
        load_backbone(tmp_path / "w.pth")


def test_training_on_what_was_never_prepared_is_refused_and_so_is_a_cut_before_the_prepared_one(tmp_path: Path) -> None:
    photos = Photos((Photo(tmp_path / "a.jpg", "1", 0),), ("Hat",))
    space = Workspace(tmp_path, photos, {"train": np.array([0]), "validation": np.array([], int)}, tmp_path / "w.pth")

    with pytest.raises(TrainingProblem, match=r"no .*manifest\.json; run .*prepare"):
        space.training_views(EmbedSettings())
    space.cache.mkdir()
    (space.cache / "manifest.json").write_text('{"cut": "s16"}')
    with pytest.raises(TrainingProblem, match=r"cut is 's8', but .* was prepared with --cut s16"):
        space.training_views(EmbedSettings(cut="s8"))


def drawn_folder(folder: Path, table: str) -> Path:
    Image.new("RGB", (40, 40), (128, 128, 128)).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "objects.json").write_text(table)
    return folder


def test_drawn_pictures_come_with_their_boxes_and_a_label_that_the_photos_lack_is_unknown(tmp_path: Path) -> None:
    table = '{"a.png": [{"label": "Hat", "box": [0, 0, 0.5, 1]}, {"label": "Kite", "box": [0.5, 0.5, 1, 1]}]}'

    (scene,) = read_drawn(drawn_folder(tmp_path, table), ("Hat",))

    assert scene.pixels.shape == (320, 320, 3)
    assert scene.boxes.tolist() == [[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]]
    assert scene.labels.tolist() == [0, -1]


UNREADABLE = (
    ("{", r"objects\.json: JSONDecodeError"),
    ("[]", r"objects\.json: AttributeError"),
    ('{"a.png": {}}', r"objects\.json: .*no list"),
    ('{"a.png": [{"box": [0, 0, 1, 1]}]}', r"objects\.json: KeyError\('label'\)"),
    ('{"a.png": [{"label": "Hat", "box": [0, 0, 200, 300]}]}', r"objects\.json: .*all 0 to 1"),
    ('{"a.png": [{"label": "Hat", "box": [0, 0, 1]}]}', r"objects\.json: ValueError"),
    ('{"gone.png": []}', r"gone\.png cannot be read: No such file"),
    ('{"b.png": []}', r"b\.png: not a picture"),
)


def test_drawn_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for table, said in UNREADABLE:
        with pytest.raises(BadPhotos, match=said):
            read_drawn(drawn_folder(tmp_path, table), ("Hat",))


def test_masks_need_no_prepare(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (128, 128, 128)).save(tmp_path / "a.png")
    space = Workspace(tmp_path / "runs", Photos((Photo(tmp_path / "a.png", "1", 0),), ("Hat",)), {}, tmp_path / "w.pth")

    assert space.masks(workers=1).is_clear.tolist() == [False]


def filled(value: float) -> nn.Linear:
    module = nn.Linear(2, 2)
    nn.init.constant_(module.weight, value)
    return module


def test_a_mean_of_nothing_leaves_a_module_as_it_is() -> None:
    averaged, module = running_mean(filled(1.0)), filled(7.0)

    take_mean(module, averaged)
    assert module.weight.unique().tolist() == [7.0]
    averaged.update_parameters(filled(3.0))
    take_mean(module, averaged)
    assert module.weight.unique().tolist() == [3.0]


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
