"""The deployed models: configurations, graphs and cards agree with the one table of tensors."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from inference.images import RESIZE_KERNEL, squash
from inference.model_check import check_picture
from inference.model_repository import promised_code
from inference.onnx_models import open_session
from inference.tensors import EMBED, MODELS, ModelSpec, Tensor
from pinstream.store.codes import CODE_BITS
from tests.inference.golden import golden_codes, golden_pictures

REPOSITORY = Path(__file__).parents[2] / "inference" / "triton_models"
ORT_TYPES = {"UINT8": "tensor(uint8)", "INT32": "tensor(int32)", "FP32": "tensor(float)"}
CONFIGS = ("config.pbtxt", "configs/cpu.pbtxt")
BOTH = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)


def versions(spec: ModelSpec) -> list[Path]:
    return sorted(p for p in (REPOSITORY / spec.name).iterdir() if p.name.isdigit())


def tensors_in(config: str, field: str) -> list[Tensor]:
    """The tensors of one repeated field of a configuration."""
    block = re.search(rf"^{field} \[(.*)\]$", config, re.MULTILINE)  # on one line, or one tensor a line
    block = block or re.search(rf"^{field} \[\n(.*?)^\]$", config, re.MULTILINE | re.DOTALL)
    assert block, f"no {field}"
    found = re.findall(r'name: "(\w+)" data_type: TYPE_(\w+) dims: \[ ([\d, ]+) \]', block.group(1))
    return [Tensor(name, dtype, tuple(int(d) for d in dims.split(","))) for name, dtype, dims in found]


@BOTH
@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_say_what_the_table_says(spec: ModelSpec, name: str) -> None:
    config = (REPOSITORY / spec.name / name).read_text()

    assert f'name: "{spec.name}"' in config
    assert f"max_batch_size: {spec.max_batch}\n" in config
    assert tensors_in(config, "input") == [spec.images]
    assert tensors_in(config, "output") == list(spec.outputs)


@BOTH
@pytest.mark.parametrize("name", CONFIGS)
def test_both_variants_know_two_priorities_and_refuse_what_is_too_late(spec: ModelSpec, name: str) -> None:
    config = (REPOSITORY / spec.name / name).read_text()

    assert "priority_levels: 2" in config
    assert config.count("timeout_action: REJECT") == 2
    assert all(int(size) > 0 for size in re.findall(r"max_queue_size: (\d+)", config))


@BOTH
def test_graphs_have_the_tensors_of_the_table_and_a_free_batch(spec: ModelSpec) -> None:
    for version in versions(spec):
        session = open_session(version / "model.onnx")

        found = [(t.name, t.type, t.shape[1:], isinstance(t.shape[0], str)) for t in session.get_inputs()]
        assert found == [(spec.images.name, ORT_TYPES[spec.images.dtype], list(spec.images.dims), True)]
        outputs = {t.name: (t.type, t.shape[1:]) for t in session.get_outputs()}
        assert outputs == {t.name: (ORT_TYPES[t.dtype], list(t.dims)) for t in spec.outputs}


@BOTH
def test_there_is_a_version_and_its_card_describes_this_very_file(spec: ModelSpec) -> None:
    assert versions(spec)
    for version in versions(spec):
        card = json.loads((version / "model.json").read_text())

        assert card["version"] == int(version.name)
        assert card["input_size_px"] == spec.image_size_px
        assert card["resize_kernel"] == RESIZE_KERNEL
        assert card["sha256"] == hashlib.sha256((version / "model.onnx").read_bytes()).hexdigest()
        assert all(value for value in card["scores"].values())
        assert re.fullmatch("[0-9a-f]{40}", card["training_commit"])
        assert card["bits"] == CODE_BITS if spec is EMBED else len(set(card["labels"])) == len(card["labels"]) > 0


def test_both_models_are_run_by_the_same_program_where_there_is_no_onnxruntime_backend() -> None:
    programs = {version.joinpath("model.py").read_bytes() for spec in MODELS for version in versions(spec)}

    assert len(programs) == 1


@BOTH
def test_a_gpu_runs_tensorrt_in_fp16_and_keeps_its_engines(spec: ModelSpec) -> None:
    config = (REPOSITORY / spec.name / "config.pbtxt").read_text()
    said = dict(re.findall(r'parameters { key: "(\w+)" value: "([^"]+)" }', config))
    largest, _, shape = said["trt_profile_max_shapes"].partition("x")

    assert 'backend: "onnxruntime"' in config
    assert "kind: KIND_GPU" in config
    assert 'name: "tensorrt"' in config
    assert said["precision_mode"] == "FP16"
    assert said["trt_engine_cache_enable"] == "true"
    assert said["trt_engine_cache_path"].endswith(f"/{spec.name}")
    assert largest == f"{spec.images.name}:{spec.max_batch}"
    assert shape == "x".join(str(side) for side in spec.images.dims)
    assert {said[f"trt_profile_{bound}_shapes"].partition("x")[2] for bound in ("min", "opt")} == {shape}
    preferred = re.search(r"preferred_batch_size: \[ ([\d, ]+) \]", config)
    assert preferred
    assert max(int(size) for size in preferred.group(1).split(",")) == spec.max_batch


@BOTH
def test_every_model_has_a_card_for_people(spec: ModelSpec) -> None:
    text = (REPOSITORY / spec.name / "MODEL_CARD.md").read_text()

    for heading in ("## Intended use", "## Data and licences", "## Figures", "## Limits"):
        assert heading in text


def test_golden_pictures_have_their_codes_at_any_batch_size() -> None:
    pictures, session = golden_pictures(EMBED.image_size_px), open_session(versions(EMBED)[0] / "model.onnx")

    for batch in (1, 2, 3, 8):
        codes = [session.run(None, {"images": pictures[i : i + batch]})[0] for i in range(0, len(pictures), batch)]

        assert (np.concatenate(codes) == golden_codes()).all(), f"batches of {batch}"


def test_golden_codes_are_not_all_alike() -> None:
    codes = np.unpackbits(golden_codes(), axis=1)

    distances = (codes[:, None] != codes[None]).sum(-1)[np.triu_indices(len(codes), 1)]
    assert distances.min() > 0
    assert 0.2 < codes.mean() < 0.8


def test_the_card_of_the_embedding_promises_what_the_graph_says_of_the_canary() -> None:
    session = open_session(versions(EMBED)[0] / "model.onnx")

    (codes,) = session.run(None, {"images": squash(check_picture(), EMBED.image_size_px)[None]})

    assert bytes(codes[0]) == promised_code()
