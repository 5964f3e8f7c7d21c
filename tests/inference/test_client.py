import asyncio
import re
import socket
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import InferInput
from tritonclient.grpc._utils import _get_inference_request

from inference.client import TritonModels
from inference.errors import InferenceError, ModelBusy, ModelMismatch, ModelUnavailable, OtherModels
from inference.images import Pixels
from inference.runner import Priority
from inference.tensors import DETECT, EMBED, MODELS, ModelSpec
from inference.triton_protocol import messages, request_bytes, to_inference_error, varint
from pinstream.store.collection import EMBEDDING_VERSION
from tests.inference.fakes import Arrays, FakeTriton

Tensors = list[tuple[str, str, list[int]]]
RETRYABLE, BUSY, FATAL = ModelUnavailable, ModelBusy, ModelMismatch
MEANINGS = {
    "CANCELLED": RETRYABLE,
    "UNKNOWN": RETRYABLE,
    "INVALID_ARGUMENT": FATAL,
    "DEADLINE_EXCEEDED": BUSY,
    "NOT_FOUND": RETRYABLE,  # what Triton says while it shuts down
    "ALREADY_EXISTS": FATAL,
    "PERMISSION_DENIED": FATAL,
    "RESOURCE_EXHAUSTED": BUSY,
    "FAILED_PRECONDITION": FATAL,
    "ABORTED": RETRYABLE,
    "OUT_OF_RANGE": FATAL,
    "UNIMPLEMENTED": FATAL,
    "INTERNAL": RETRYABLE,  # what Triton says of a dead Python stub
    "UNAVAILABLE": RETRYABLE,
    "DATA_LOSS": RETRYABLE,
    "UNAUTHENTICATED": FATAL,
}


def pictures(spec: ModelSpec, count: int = 1, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 255, (count, *spec.images.dims), np.uint8)


async def test_every_status_of_the_protocol_has_a_meaning(triton: FakeTriton) -> None:
    failures = {}
    async with TritonModels(triton.address) as models:
        for code in set(grpc.StatusCode) - {grpc.StatusCode.OK}:

            async def fail(context: Any, code: grpc.StatusCode = code) -> None:
                await context.abort(code, "words of the server")

            triton.before = fail
            with pytest.raises(InferenceError) as caught:
                await models.infer(EMBED, pictures(EMBED))
            expected = f"Triton at {triton.address}: {code.name}: words of the server"
            if type(caught.value) is not MEANINGS[code.name] or str(caught.value) != expected:
                failures[code.name] = caught.value

    assert not failures


@pytest.mark.parametrize(
    "words",
    [
        "[request id: <id_unknown>] Exceeds maximum queue size",
        "[request id: <id_unknown>] Request timeout expired",
    ],
)
def test_a_full_queue_is_distinguished_from_a_server_that_is_away(words: str) -> None:
    assert type(to_inference_error(grpc.StatusCode.UNAVAILABLE, words, "here")) is ModelBusy
    assert type(to_inference_error(grpc.StatusCode.UNAVAILABLE, "failed to connect", "here")) is ModelUnavailable


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_a_request_is_what_the_client_library_would_send(spec: ModelSpec) -> None:
    images = pictures(spec, count=3)
    tensor = InferInput("images", list(images.shape), "UINT8")
    tensor.set_data_from_numpy(images)
    expected = _get_inference_request(
        model_name=spec.name,
        inputs=[tensor],
        model_version="7",
        request_id="",
        outputs=None,
        sequence_id=0,
        sequence_start=False,
        sequence_end=False,
        priority=2,
        timeout=1_500_000,
        parameters=None,
    )

    sent = request_bytes(spec, images, version=7, priority=2, timeout_s=1.5)

    assert messages.ModelInferRequest.FromString(sent) == expected


def test_pictures_that_lie_scattered_in_memory_are_sent_in_order() -> None:
    images = pictures(EMBED, count=4)

    sent = request_bytes(EMBED, images[::2], version=1, priority=1, timeout_s=1.0)

    content = messages.ModelInferRequest.FromString(sent).raw_input_contents[0]
    assert content == images[::2].tobytes()


@given(st.integers(min_value=0, max_value=2**40))
def test_lengths_are_written_as_protobuf_writes_them(number: int) -> None:
    assert varint(number) == _VarintBytes(number)


async def test_a_call_pins_the_version_and_gives_the_server_less_time_than_itself(triton: FakeTriton) -> None:
    async with TritonModels(triton.address, timeout_s=2.0) as models:
        await models.infer(DETECT, pictures(DETECT), priority=Priority.BACKFILL)

    (request,) = triton.requests
    assert request.model_version == str(EMBEDDING_VERSION)
    assert request.parameters["priority"].uint64_param == 2
    assert 0 < request.parameters["timeout"].int64_param < 2_000_000
    (remaining_s,) = triton.remaining_s
    assert remaining_s is not None
    assert 0 < remaining_s <= 2.1  # gRPC rounds a deadline up


async def test_outputs_come_back_whole_and_belong_to_the_caller(triton: FakeTriton) -> None:
    def answer(spec: ModelSpec, images: Pixels) -> Arrays:
        return {
            "boxes": np.arange(800, dtype=np.float32).reshape(2, 100, 4),
            "labels": np.full((2, 100), 7, np.int32),
            "scores": np.full((2, 100), 0.5, np.float32),
        }

    triton.answer = answer

    async with TritonModels(triton.address) as models:
        outputs = await models.infer(DETECT, pictures(DETECT, count=2))
        outputs["scores"][0, 0] = 1.0

    assert outputs["boxes"][1, 99].tolist() == [796.0, 797.0, 798.0, 799.0]
    assert outputs["labels"].dtype == np.int32


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({}, r"no output 'codes'; there are \[\]"),
        ({"codes": np.zeros((1, 16), np.uint8)}, r"'codes' is uint8 \(1, 16\), expected UINT8 \(1, 32\)"),
        ({"codes": np.zeros((2, 32), np.uint8)}, r"'codes' is uint8 \(2, 32\)"),
        ({"codes": np.zeros((1, 32), np.float32)}, r"'codes' is float32"),
        ({"codes": np.zeros((1, 32), np.float64)}, r"no output 'codes'"),
    ],
)
async def test_an_answer_of_another_shape_is_a_mismatch(triton: FakeTriton, outputs: Arrays, said: str) -> None:
    triton.answer = lambda spec, images: outputs

    async with TritonModels(triton.address) as models:
        with pytest.raises(ModelMismatch, match=said):
            await models.infer(EMBED, pictures(EMBED))


async def test_a_server_that_never_answers_is_busy_at_the_deadline(triton: FakeTriton) -> None:
    triton.before = lambda context: asyncio.Event().wait()

    async with TritonModels(triton.address, timeout_s=0.2) as models:
        with pytest.raises(ModelBusy, match="DEADLINE_EXCEEDED"):
            await models.infer(EMBED, pictures(EMBED))


async def test_a_server_that_is_not_there_is_away() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with TritonModels(f"127.0.0.1:{unused.getsockname()[1]}", timeout_s=2.0) as models:
            with pytest.raises(ModelUnavailable, match="UNAVAILABLE"):
                await models.infer(EMBED, pictures(EMBED))


async def test_a_server_that_comes_back_is_found_again(triton: FakeTriton) -> None:
    async def fail(context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses")

    async with TritonModels(triton.address) as models:
        triton.before = fail
        with pytest.raises(ModelUnavailable):
            await models.infer(EMBED, pictures(EMBED))
        triton.before = None

        await models.infer(EMBED, pictures(EMBED))

    assert len(triton.requests) == 2  # one each: nothing was repeated behind the caller's back


async def test_cancelling_a_call_cancels_it_on_the_server(triton: FakeTriton) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(context: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    triton.before = hang

    async with TritonModels(triton.address) as models:
        call = asyncio.create_task(models.infer(EMBED, pictures(EMBED)))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(ended.wait(), timeout=10)


async def test_many_calls_at_once_keep_their_answers_apart(triton: FakeTriton) -> None:
    triton.answer = lambda spec, images: {"codes": np.repeat(images[:, 0, 0, :1], 32, axis=1)}
    batches = [np.full((1, *EMBED.images.dims), number, np.uint8) for number in range(40)]

    async with TritonModels(triton.address) as models:
        outputs = await asyncio.gather(*(models.infer(EMBED, batch) for batch in batches))

    assert [int(each["codes"][0, 0]) for each in outputs] == list(range(40))


async def test_a_server_as_declared_passes_the_check(triton: FakeTriton) -> None:
    async with TritonModels(triton.address) as models:
        await models.check()


async def test_another_version_is_a_mismatch_that_names_both(triton: FakeTriton) -> None:
    triton.versions = ("2", "3")

    async with TritonModels(triton.address) as models:
        with pytest.raises(OtherModels, match=r"embed has versions 2, 3; this program needs 1"):
            await models.check()


@pytest.mark.parametrize(
    ("role", "served"),
    [
        ("inputs", [("pictures", "UINT8", [-1, 224, 224, 3])]),
        ("inputs", [("images", "FP32", [-1, 224, 224, 3])]),
        ("inputs", [("images", "UINT8", [-1, 3, 224, 224])]),
        ("outputs", [("codes", "UINT8", [-1, 64])]),
        ("outputs", []),
    ],
)
async def test_other_tensors_are_a_mismatch_that_names_them(
    triton: FakeTriton, role: str, served: list[tuple[str, str, list[int]]]
) -> None:
    triton.metadata = {role: served}

    async with TritonModels(triton.address) as models:
        with pytest.raises(OtherModels, match=re.escape("expected ('UINT8', (-1, ")):
            await models.check()


async def test_smaller_batches_than_needed_are_a_mismatch(triton: FakeTriton) -> None:
    triton.max_batch = 4

    async with TritonModels(triton.address) as models:
        with pytest.raises(OtherModels, match="embed takes 4 pictures a call, not 32"):
            await models.check()


async def test_a_model_still_loading_is_away_not_a_mismatch(triton: FakeTriton) -> None:
    async def unknown(context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "Request for unknown model: 'detect' is not found")

    triton.before = unknown

    async with TritonModels(triton.address) as models:
        with pytest.raises(ModelUnavailable):
            await models.check()


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await TritonModels("127.0.0.1:1").infer(EMBED, pictures(EMBED))
