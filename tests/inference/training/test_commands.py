"""Every command, one after the other as docs/models.md prints them, on a small folder and for a few steps."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from typer.testing import CliRunner  # noqa: E402

from inference.model_repository import graph_path, model_card, version_folder  # noqa: E402
from inference.onnx_models import open_session  # noqa: E402
from inference.tensors import DETECT, EMBED  # noqa: E402
from inference.training.commands import app  # noqa: E402
from inference.training.model.weights import file_sha256  # noqa: E402

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]
EMBED_TOML = "head_steps = 6\nsteps = {steps}\nphotos_per_batch = 4\nbroad_per_batch = 2\naveraged_steps = 2\n"
DETECT_TOML = "steps = 12\nbatch = 2\nhead_rate = 0.05\naveraged_steps = 1\n"  # until no two scores are the same


def coloured(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((120, 120, 3), (shade, 90, 200 - shade), np.uint8))


def pictures_of_anything(folder: Path) -> None:
    """A few as ``broad`` gathers them, and as it gathers those of another domain."""
    for number in range(3):
        coloured(folder / "broad" / f"drawing-fruit-{number:05d}.webp", 60 * number)
        coloured(folder / "elsewhere" / "images" / f"{number}.jpg", 50 * number)
    rows = [f"{number},{number},{('food', 'tools')[number % 2]}" for number in range(3)]
    (folder / "elsewhere" / "images.csv").write_text("\n".join(["image,sender_id,label", *rows]))


def served_here() -> list[str]:
    folders = [version_folder(spec) for spec in (EMBED, DETECT)]
    return [file_sha256(folder / name) for folder in folders for name in ("model.onnx", "model.json")]


@pytest.fixture(scope="module")
def made(small_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all commands have run."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "before.json").write_text(json.dumps(served_here()))
    for name, text in (("tuned", EMBED_TOML.format(steps=2)), ("head", EMBED_TOML.format(steps=0))):
        (folder / f"{name}.toml").write_text(text)
    (folder / "boxes.toml").write_text(DETECT_TOML)
    pictures_of_anything(folder)

    def run(*words: object, runs: str = "runs") -> None:
        folders = ["--photos", small_photos, "--runs", folder / runs] if words[0] not in ("average", "report") else []
        found = CliRunner().invoke(app, [str(word) for word in (*words, *folders)], catch_exceptions=False)
        assert found.exit_code == 0, found.output

    mean, served = folder / "mean.pth", ("--repository", folder / "models")
    anything, elsewhere = ("--broad", folder / "broad"), ("--elsewhere", folder / "elsewhere")
    run("prepare", "--views", 4, *anything, *elsewhere)
    for seed in (0, 1):
        run("train", "embed", "--preset", folder / "tuned.toml", "--name", f"unified-{seed}", "--seed", seed)
    run("average", "--run", "unified-0=3", "--run", "unified-1", "--out", mean, "--runs", folder / "runs")
    run("prepare", "--views", 4, "--weights", mean, *elsewhere, runs="soup")
    run("train", "embed", "--preset", folder / "head.toml", "--name", "served-0", "--weights", mean, runs="soup")
    run("train", "detect", "--preset", folder / "boxes.toml", "--name", "detect-0", "--others", folder / "broad")
    run("export", "--embed", "served-0", "--detect", "", "--weights", mean, *served, runs="soup")
    run("export", "--embed", "", "--detect", "detect-0", *served)
    evaluated = ("--scenes", 2, "--figures", folder / "models.json")
    run("evaluate", "--also", folder / "soup", *evaluated, *elsewhere, *served)
    run("report", "--figures", folder / "models.json", "--out", folder / "models.md", *served)
    return folder


def test_both_graphs_answer_and_their_cards_say_what_they_are(made: Path) -> None:
    for spec in (EMBED, DETECT):
        path = graph_path(spec, repository=made / "models")
        card = model_card(spec, repository=made / "models")
        pictures = np.zeros((3, spec.image_size_px, spec.image_size_px, 3), np.uint8)

        found = open_session(path).run(None, {"images": pictures})

        assert [a.shape for a in found] == [(3, *tensor.dims) for tensor in spec.outputs]
        assert card["sha256"] == file_sha256(path)
        assert card["scores"]


def test_every_run_is_in_the_page(made: Path) -> None:
    page = (made / "models.md").read_text()

    assert all(f"| {name} |" in page for name in ("unified-0", "unified-1", "served-0"))


def test_figures_are_of_the_graphs_that_were_exported(made: Path) -> None:
    figures = json.loads((made / "models.json").read_text())

    assert figures["sha256"] == {
        spec.name: file_sha256(graph_path(spec, repository=made / "models")) for spec in (EMBED, DETECT)
    }
    assert set(figures["runs"]) == {"unified-0", "unified-1", "served-0"}
    assert figures["elsewhere"]["pictures"] == figures["detector"]["another domain"]["pictures"] == 3
    assert "3 pictures of another domain" in (made / "models.md").read_text()


def test_what_is_served_here_was_left_alone(made: Path) -> None:
    assert served_here() == json.loads((made / "before.json").read_text())
