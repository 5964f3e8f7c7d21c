"""The network is the published one, and what is exported is what was trained."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.images import Pixels  # noqa: E402
from inference.onnx_models import open_session  # noqa: E402
from inference.training.arrays import Floats  # noqa: E402
from inference.training.errors import BadWeights  # noqa: E402
from inference.training.model.backbone import S8, S16, load_backbone  # noqa: E402
from inference.training.model.detector import DetectorNetwork  # noqa: E402
from inference.training.model.embedder import EmbedderNetwork, EmbedHead  # noqa: E402
from inference.training.model.onnx_export import differences_from_torch, example_pictures, write_onnx  # noqa: E402
from inference.training.model.served_graphs import DetectGraph, EmbedGraph, is_duplicate, keep_peaks  # noqa: E402
from inference.training.model.weights import backbone_weights  # noqa: E402
from inference.training.train.rotation import fold, itq_rotation  # noqa: E402

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backbone_weights(None, sha256=None, folder=tmp_path_factory.mktemp("weights"))


def noise(count: int, size_px: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, size_px, size_px, 3), dtype=np.uint8)


def test_the_backbone_computes_what_the_package_does(weights: Path) -> None:
    from efficientnet_lite_pytorch.model import EfficientNet

    theirs = EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(weights, weights_only=True))
    backbone = load_backbone(weights)
    images = torch.from_numpy(noise(2, 224))

    with torch.inference_mode():
        ours = backbone.run(images, "pixels", "pooled")
        expected = theirs.extract_features((images.permute(0, 3, 1, 2).float() - 127) / 128).mean((2, 3))

    assert torch.allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(("cut", "shape"), [("s8", (40, 28, 28)), ("s16", (112, 14, 14))])
def test_going_on_from_a_cut_is_the_whole_way(weights: Path, cut: str, shape: tuple[int, ...]) -> None:
    backbone = load_backbone(weights)
    images = torch.from_numpy(noise(1, 224))

    with torch.inference_mode():
        maps = backbone.run(images, "pixels", cut)
        assert maps.shape[1:] == shape
        assert torch.equal(backbone.run(maps, cut, "pooled"), backbone.run(images, "pixels", "pooled"))


def test_nothing_before_the_cut_is_trained_and_everything_after_it_is(weights: Path) -> None:
    embedder = EmbedderNetwork(load_backbone(weights), EmbedHead(), cut="s16").train()

    embedder(torch.randn(1, S8, 28, 28), "s8").square().sum().backward()

    assert all(weight.grad is None for weight in embedder.backbone.to_s16.parameters())
    assert all(weight.grad is not None for weight in embedder.backbone.parameters_after("s16"))


def test_training_never_moves_the_backbones_statistics(weights: Path) -> None:
    backbone = load_backbone(weights).train()
    before = {name: value.clone() for name, value in backbone.state_dict().items() if "running" in name}

    backbone.run(torch.randn(2, S16, 14, 14), "s16", "pooled")

    assert all((backbone.state_dict()[name] == value).all() for name, value in before.items())


def test_exported_codes_are_those_of_torch_and_of_the_rotated_embedding(weights: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    embedder = EmbedderNetwork(load_backbone(weights), EmbedHead(), cut="s16").eval()
    rotation = itq_rotation(np.random.default_rng(1).normal(size=(600, 256)), rounds=3)
    weight, bias = fold(embedder, rotation)
    graph = EmbedGraph(embedder.backbone, weight=weight, bias=bias)
    images = noise(5, 224)

    path = write_onnx(graph, tmp_path / "model.onnx", example=example_pictures(224), outputs=("codes",))

    assert differences_from_torch(graph, path, images=images) == [0.0]
    with torch.inference_mode():
        floats = embedder(torch.from_numpy(images), "pixels").numpy() @ rotation
    codes = open_session(path).run(None, {"images": images})[0]
    assert (np.unpackbits(codes, axis=1) != (floats > 0)).mean() < 0.002
    assert (open_session(path).run(None, {"images": images[3:4]})[0] == codes[3:4]).all()


def test_the_exported_detector_is_torchs(weights: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = DetectorNetwork(load_backbone(weights), label_count=4)
    torch.nn.init.normal_(next(reversed(detector.where)).weight, std=0.05)
    graph = DetectGraph(detector)

    path = write_onnx(graph, tmp_path / "m.onnx", example=example_pictures(320), outputs=("boxes", "scores", "labels"))

    boxes, scores, labels = differences_from_torch(graph, path, images=noise(2, 320))
    assert max(boxes, scores) < 1e-4
    assert labels == 0


def test_a_box_is_a_duplicate_if_a_better_one_covers_the_same() -> None:
    best, same, apart, empty = [0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.45], [0.3, 0.1, 0.7, 0.5], [0.0, 0.0, 0.0, 0.0]
    one = torch.tensor([best, apart, same, empty, empty])
    other = torch.tensor([same, empty, empty, empty, best])

    found = is_duplicate(torch.stack([one, other]))

    assert found.tolist() == [[False, False, True, False, False], [False, False, False, False, True]]


def test_only_the_highest_of_a_neighbourhood_is_a_peak() -> None:
    grid = torch.zeros(1, 5, 5)
    grid[0, 2, 2], grid[0, 2, 3], grid[0, 0, 0] = 0.9, 0.8, 0.3

    found = keep_peaks(grid.reshape(1, 25)).reshape(5, 5)

    assert found[2, 2] == pytest.approx(0.9)
    assert found[2, 3] == 0
    assert found[0, 0] == pytest.approx(0.3)


def test_itq_brings_vectors_closer_to_their_signs() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 16)) * np.linspace(3, 0.1, 16)

    rotation = itq_rotation(vectors)

    def loss(v: Floats) -> float:
        v = v / np.linalg.norm(v, axis=1, keepdims=True)
        return float(np.square(np.sign(v) / 4 - v).sum())

    assert np.allclose(rotation @ rotation.T, np.eye(16), atol=1e-5)
    assert loss(vectors @ rotation) < 0.8 * loss(vectors)


def test_missing_and_altered_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="no weights at"):
        backbone_weights(str(tmp_path / "none.pth"), sha256=None, folder=tmp_path)
    (tmp_path / "some.pth").write_bytes(b"abc")
    with pytest.raises(BadWeights, match="expected 0000"):
        backbone_weights(str(tmp_path / "some.pth"), sha256="0" * 64, folder=tmp_path)
    with pytest.raises(BadWeights, match="need their SHA-256"):
        backbone_weights("https://example.org/w.pth", sha256=None, folder=tmp_path)


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match="holds 1 tensors"):
        load_backbone(tmp_path / "w.pth")
