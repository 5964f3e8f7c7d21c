"""The network is the published one, and what is exported is what was trained."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from inference.training.errors import BadWeights  # noqa: E402
from inference.training.model import networks as model  # noqa: E402
from inference.training.model.onnx_export import pictures, same_as_torch, write_onnx  # noqa: E402
from inference.training.model.onnx_files import session  # noqa: E402
from inference.training.model.weights import backbone_weights  # noqa: E402
from inference.training.train.embed import folded, itq_rotation  # noqa: E402

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return backbone_weights(None, sha256=None, folder=tmp_path_factory.mktemp("weights"))


def noise(count, size_px):
    return np.random.default_rng(0).integers(0, 256, (count, size_px, size_px, 3), dtype=np.uint8)


def test_the_backbone_computes_what_the_package_does(weights):
    from efficientnet_lite_pytorch import EfficientNet

    theirs = EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(weights, weights_only=True))
    backbone = model.load_backbone(weights)
    images = torch.from_numpy(noise(2, 224))

    with torch.inference_mode():
        ours = backbone.run(images, "pixels", "pooled")
        expected = theirs.extract_features((images.permute(0, 3, 1, 2).float() - 127) / 128).mean((2, 3))

    assert torch.allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(("cut", "shape"), [("s8", (40, 28, 28)), ("s16", (112, 14, 14))])
def test_going_on_from_a_cut_is_the_whole_way(weights, cut, shape):
    backbone = model.load_backbone(weights)
    images = torch.from_numpy(noise(1, 224))

    with torch.inference_mode():
        maps = backbone.run(images, "pixels", cut)
        assert maps.shape[1:] == shape
        assert torch.equal(backbone.run(maps, cut, "pooled"), backbone.run(images, "pixels", "pooled"))


def test_nothing_before_the_cut_learns_and_everything_behind_it_does(weights):
    embedder = model.EmbedderNetwork(model.load_backbone(weights), model.EmbedHead(), cut="s16").train()

    embedder(torch.randn(1, model.S8, 28, 28), "s8").square().sum().backward()

    assert all(weight.grad is None for weight in embedder.backbone.to_s16.parameters())
    assert all(weight.grad is not None for weight in embedder.backbone.learning("s16"))


def test_training_never_moves_the_backbones_statistics(weights):
    backbone = model.load_backbone(weights).train()
    before = {name: value.clone() for name, value in backbone.state_dict().items() if "running" in name}

    backbone.run(torch.randn(2, model.S16, 14, 14), "s16", "pooled")

    assert all((backbone.state_dict()[name] == value).all() for name, value in before.items())


def test_exported_codes_are_those_of_torch_and_of_the_rotated_embedding(weights, tmp_path):
    torch.manual_seed(0)
    embedder = model.EmbedderNetwork(model.load_backbone(weights), model.EmbedHead(), cut="s16").eval()
    rotation = itq_rotation(np.random.default_rng(1).normal(size=(600, 256)), rounds=3)
    weight, bias = folded(embedder, rotation)
    graph = model.EmbedGraph(embedder.backbone, weight=weight, bias=bias)
    images = noise(5, 224)

    path = write_onnx(graph, tmp_path / "model.onnx", example=pictures(224), outputs=("codes",))

    assert same_as_torch(graph, path, images=images) == [0.0]
    with torch.inference_mode():
        floats = embedder(torch.from_numpy(images), "pixels").numpy() @ rotation
    codes = session(path).run(None, {"images": images})[0]
    assert (np.unpackbits(codes, axis=1) != (floats > 0)).mean() < 0.002
    assert (session(path).run(None, {"images": images[3:4]})[0] == codes[3:4]).all()


def test_the_exported_detector_is_torchs(weights, tmp_path):
    torch.manual_seed(0)
    detector = model.DetectorNetwork(model.load_backbone(weights), label_count=4)
    torch.nn.init.normal_(detector.where[-1].weight, std=0.05)
    graph = model.DetectGraph(detector)

    path = write_onnx(graph, tmp_path / "m.onnx", example=pictures(320), outputs=("boxes", "scores", "labels"))

    boxes, scores, labels = same_as_torch(graph, path, images=noise(2, 320))
    assert max(boxes, scores) < 1e-4
    assert labels == 0


def test_a_box_is_repeated_where_a_better_one_covers_the_same():
    best, same, beside, empty = [0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.45], [0.3, 0.1, 0.7, 0.5], [0.0, 0.0, 0.0, 0.0]
    one = torch.tensor([best, beside, same, empty, empty])
    other = torch.tensor([same, empty, empty, empty, best])

    found = model.repeated(torch.stack([one, other]))

    assert found.tolist() == [[False, False, True, False, False], [False, False, False, False, True]]


def test_only_the_highest_of_a_neighbourhood_is_a_peak():
    grid = torch.zeros(1, 5, 5)
    grid[0, 2, 2], grid[0, 2, 3], grid[0, 0, 0] = 0.9, 0.8, 0.3

    found = model.peaks(grid.reshape(1, 25)).reshape(5, 5)

    assert found[2, 2] == pytest.approx(0.9)
    assert found[2, 3] == 0
    assert found[0, 0] == pytest.approx(0.3)


def test_itq_brings_vectors_closer_to_their_signs():
    vectors = np.random.default_rng(0).normal(size=(500, 16)) * np.linspace(3, 0.1, 16)

    rotation = itq_rotation(vectors)

    def loss(v):
        v = v / np.linalg.norm(v, axis=1, keepdims=True)
        return np.square(np.sign(v) / 4 - v).sum()

    assert np.allclose(rotation @ rotation.T, np.eye(16), atol=1e-5)
    assert loss(vectors @ rotation) < 0.8 * loss(vectors)


def test_missing_and_altered_weights_are_named(tmp_path):
    with pytest.raises(BadWeights, match="no weights at"):
        backbone_weights(str(tmp_path / "none.pth"), sha256=None, folder=tmp_path)
    (tmp_path / "some.pth").write_bytes(b"abc")
    with pytest.raises(BadWeights, match="expected 0000"):
        backbone_weights(str(tmp_path / "some.pth"), sha256="0" * 64, folder=tmp_path)
    with pytest.raises(BadWeights, match="need their SHA-256"):
        backbone_weights("https://example.org/w.pth", sha256=None, folder=tmp_path)


def test_weights_of_another_network_are_named(tmp_path):
    torch.save({"a": torch.zeros(3)}, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match="holds 1 tensors"):
        model.load_backbone(tmp_path / "w.pth")
