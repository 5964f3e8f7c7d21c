"""What is served can be trained on: graphs become modules that compute the same and learn."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from inference.tensors import DETECT, EMBED  # noqa: E402
from inference.training.errors import BadWeights, TrainingProblem  # noqa: E402
from inference.training.export_models import card, graph  # noqa: E402
from inference.training.model.networks import Backbone, DetectGraph, DetectorNetwork, EmbedGraph  # noqa: E402
from inference.training.model.onnx_export import same_as_torch  # noqa: E402
from inference.training.model.onnx_import import backbone_from, begin_with, take_over  # noqa: E402
from tests.inference.golden import golden_codes, golden_pictures  # noqa: E402

pytestmark = pytest.mark.training
LABELS = len(json.loads(card(graph(DETECT)).read_text())["labels"])


def noise(count, size_px):
    coarse = np.random.default_rng(3).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((1, size_px // 8, size_px // 8, 1), np.uint8))


def the_detector():
    detector = DetectorNetwork(Backbone(), label_count=LABELS)
    take_over(detector, graph(DETECT), pictures=noise(8, 320))
    return detector


def test_a_detector_computes_what_the_served_file_does():
    detector = the_detector()

    assert max(same_as_torch(DetectGraph(detector), graph(DETECT), images=noise(4, 320))) < 1e-4


def test_a_detector_that_was_taken_over_sees_its_own_statistics_and_learns():
    detector = the_detector()
    images = torch.from_numpy(noise(8, 320))
    with torch.inference_mode():
        still = detector.eval()(images)
        moving = detector.train()(images)

    assert all(torch.allclose(a, b, atol=1e-2) for a, b in zip(still, moving, strict=True))
    detector(images)[0].square().sum().backward()
    assert all(p.grad is not None for name, p in detector.named_parameters() if "what" in name)


def test_a_backbone_computes_what_the_served_file_does():
    backbone = backbone_from(graph(EMBED))
    kept = [numpy_helper.to_array(w).copy() for w in onnx.load(graph(EMBED)).graph.initializer]
    weight = next(torch.from_numpy(w) for w in kept if w.shape == (256, 1280))
    bias = next(torch.from_numpy(w) for w in kept if w.shape == (256,))

    module = EmbedGraph(backbone, weight=weight, bias=bias).eval()
    with torch.inference_mode():
        codes = module(torch.from_numpy(golden_pictures(224))).numpy()

    assert (codes == golden_codes()).all()
    assert same_as_torch(module, graph(EMBED), images=noise(4, 224)) == [0]


def test_the_graph_of_another_network_is_refused_by_the_first_weight_it_lacks():
    with pytest.raises(BadWeights, match=r"detect.*has no to_s8.*it is not the graph of this network"):
        backbone_from(graph(DETECT))


@pytest.mark.parametrize("content", [b"no graph", b"\x08\x07\x3a\xff"])
def test_a_file_that_is_no_graph_is_named(tmp_path, content):
    (tmp_path / "w.onnx").write_bytes(content)

    with pytest.raises(BadWeights, match=r"w\.onnx is no ONNX file"):
        backbone_from(tmp_path / "w.onnx")
    with pytest.raises(BadWeights, match=r"w\.onnx is no ONNX file"):
        take_over(DetectorNetwork(Backbone(), label_count=LABELS), tmp_path / "w.onnx", pictures=noise(1, 320))


def test_a_start_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingProblem, match=r"start: no .*other-0/detector.pt"):
        begin_with(DetectorNetwork(Backbone(), label_count=LABELS), "other-0", runs=tmp_path, scenes=None)
