"""What is served can be trained on: graphs become modules that compute the same and learn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from inference.images import Pixels  # noqa: E402
from inference.model_repository import (  # noqa: E402
    graph_path,
    labels,
)
from inference.tensors import DETECT, EMBED  # noqa: E402
from inference.training.errors import BadWeights, TrainingProblem  # noqa: E402
from inference.training.model.backbone import Backbone  # noqa: E402
from inference.training.model.detector import DetectorNetwork  # noqa: E402
from inference.training.model.onnx_export import differences_from_torch  # noqa: E402
from inference.training.model.onnx_import import import_backbone, import_detector  # noqa: E402
from inference.training.model.served_graphs import DetectGraph, EmbedGraph  # noqa: E402
from inference.training.train.detect import load_start  # noqa: E402
from tests.inference.golden import golden_codes, golden_pictures  # noqa: E402

pytestmark = pytest.mark.training
LABELS = len(labels())
NO_SCENES: Any = None


def noise(count: int, size_px: int) -> Pixels:
    coarse = np.random.default_rng(3).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((1, size_px // 8, size_px // 8, 1), np.uint8))


def imported_detector() -> DetectorNetwork:
    detector = DetectorNetwork(Backbone(), label_count=LABELS)
    import_detector(detector, graph_path(DETECT), pictures=noise(8, 320))
    return detector


def test_a_detector_computes_what_the_served_file_does() -> None:
    detector = imported_detector()

    assert max(differences_from_torch(DetectGraph(detector), graph_path(DETECT), images=noise(4, 320))) < 1e-4


def test_a_detector_that_was_taken_over_sees_its_own_statistics_and_learns() -> None:
    detector = imported_detector()
    images = torch.from_numpy(noise(8, 320))
    with torch.inference_mode():
        still = detector.eval()(images)
        moving = detector.train()(images)

    assert all(torch.allclose(a, b, atol=1e-2) for a, b in zip(still, moving, strict=True))
    detector(images)[0].square().sum().backward()
    assert all(p.grad is not None for name, p in detector.named_parameters() if "what" in name)


def test_a_backbone_computes_what_the_served_file_does() -> None:
    backbone = import_backbone(graph_path(EMBED))
    kept = [numpy_helper.to_array(w).copy() for w in onnx.load(graph_path(EMBED)).graph.initializer]
    weight = next(torch.from_numpy(w) for w in kept if w.shape == (256, 1280))
    bias = next(torch.from_numpy(w) for w in kept if w.shape == (256,))

    module = EmbedGraph(backbone, weight=weight, bias=bias).eval()
    with torch.inference_mode():
        codes = module(torch.from_numpy(golden_pictures(224))).numpy()

    assert (codes == golden_codes()).all()
    assert differences_from_torch(module, graph_path(EMBED), images=noise(4, 224)) == [0]


def test_the_graph_of_another_network_is_refused_by_the_first_weight_it_lacks() -> None:
    with pytest.raises(BadWeights, match=r"detect.*has no to_s8.*it is not the graph of this network"):
        import_backbone(graph_path(DETECT))


@pytest.mark.parametrize("content", [b"no graph", b"\x08\x07\x3a\xff"])
def test_a_file_that_is_no_graph_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.onnx").write_bytes(content)

    with pytest.raises(BadWeights, match=r"w\.onnx is no ONNX file"):
        import_backbone(tmp_path / "w.onnx")
    with pytest.raises(BadWeights, match=r"w\.onnx is no ONNX file"):
        import_detector(DetectorNetwork(Backbone(), label_count=LABELS), tmp_path / "w.onnx", pictures=noise(1, 320))


def test_a_start_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingProblem, match=r"start: no .*other-0/detector.pt"):
        load_start(DetectorNetwork(Backbone(), label_count=LABELS), "other-0", runs=tmp_path, scenes=NO_SCENES)
