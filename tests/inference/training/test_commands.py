"""Every command, one after the other as docs/models.md prints them, on a small folder and for a few steps."""

import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from typer.testing import CliRunner  # noqa: E402

from inference.tensors import DETECT, EMBED  # noqa: E402
from inference.training import export_models as ship  # noqa: E402
from inference.training.commands import app  # noqa: E402
from inference.training.model.onnx_files import session, sha256  # noqa: E402

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]
EMBED_TOML = "head_steps = 6\nsteps = {steps}\nphotos_per_batch = 4\nbroad_per_batch = 2\naveraged_steps = 2\n"
DETECT_TOML = "steps = 12\nbatch = 2\nhead_rate = 0.05\naveraged_steps = 1\n"  # until no two scores are the same


def coloured(path, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((120, 120, 3), (shade, 90, 200 - shade), np.uint8))


def pictures_of_anything(folder):
    """A few as ``broad`` gathers them, and as it gathers those of another domain."""
    for number in range(3):
        coloured(folder / "broad" / f"drawing-fruit-{number:05d}.webp", 60 * number)
        coloured(folder / "elsewhere" / "images" / f"{number}.jpg", 50 * number)
    rows = [f"{number},{number},{('food', 'tools')[number % 2]}" for number in range(3)]
    (folder / "elsewhere" / "images.csv").write_text("\n".join(["image,sender_id,label", *rows]))


def served_here():
    graphs = [ship.graph(spec) for spec in (EMBED, DETECT)]
    return [sha256(path) for graph in graphs for path in (graph, ship.card(graph))]


@pytest.fixture(scope="module")
def made(small_photos, tmp_path_factory):
    """A folder in which all commands have run."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "before.json").write_text(json.dumps(served_here()))
    for name, text in (("tuned", EMBED_TOML.format(steps=2)), ("head", EMBED_TOML.format(steps=0))):
        (folder / f"{name}.toml").write_text(text)
    (folder / "boxes.toml").write_text(DETECT_TOML)
    pictures_of_anything(folder)

    def run(*words, runs="runs"):
        told = ["--photos", small_photos, "--runs", folder / runs] if words[0] not in ("average", "report") else []
        found = CliRunner().invoke(app, [str(word) for word in (*words, *told)], catch_exceptions=False)
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
    judged = ("--scenes", 2, "--figures", folder / "models.json")
    run("evaluate", "--also", folder / "soup", *judged, *elsewhere, *served)
    run("report", "--figures", folder / "models.json", "--out", folder / "models.md", *served)
    return folder


def test_both_graphs_answer_and_their_cards_say_what_they_are(made):
    for spec in (EMBED, DETECT):
        path = ship.graph(spec, made / "models")
        card = json.loads(ship.card(path).read_text())
        pictures = np.zeros((3, spec.image_size_px, spec.image_size_px, 3), np.uint8)

        found = session(path).run(None, {"images": pictures})

        assert [a.shape for a in found] == [(3, *tensor.dims) for tensor in spec.outputs]
        assert card["sha256"] == sha256(path)
        assert card["scores"]


def test_the_page_tells_of_every_run(made):
    page = (made / "models.md").read_text()

    assert all(name in page for name in ("unified-0", "unified-1", "served-0"))


def test_figures_are_of_the_graphs_that_were_exported(made):
    figures = json.loads((made / "models.json").read_text())

    assert figures["sha256"] == {spec.name: sha256(ship.graph(spec, made / "models")) for spec in (EMBED, DETECT)}
    assert set(figures["runs"]) == {"unified-0", "unified-1", "served-0"}
    assert figures["elsewhere"]["pictures"] == figures["detector"]["another domain"]["pictures"] == 3
    assert "3 pictures of another domain" in (made / "models.md").read_text()


def test_what_is_served_here_was_left_alone(made):
    assert served_here() == json.loads((made / "before.json").read_text())
