"""``python -m inference``: codes and objects of pictures as the worker computes them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Final, TypeVar

import numpy as np
import numpy.typing as npt
import orjson
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from inference.client import TritonModels
from inference.defaults import DEFAULT_MAX_OBJECTS, DEFAULT_MIN_SCORE
from inference.detect import Detection, Detector
from inference.embed import Embedder
from inference.errors import InferenceError
from inference.images import Pixels
from inference.model_check import ModelCheck
from inference.model_repository import labels, promised_code
from inference.onnx_models import OnnxModels
from inference.picture_files import SUFFIXES, PictureFile, find, read_batches
from inference.runner import ModelRunner
from inference.tensors import DETECT, EMBED
from pinstream.store.codes import CODE_BYTES, Code
from pinstream.store.collection import EMBEDDING_VERSION

_Result = TypeVar("_Result")
_console = Console(stderr=True)

app = typer.Typer(
    help="Codes and objects of pictures, as the worker computes them.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
)

INCOMPLETE: Final = 1
"""Exit status if pictures were skipped."""
UNUSABLE: Final = 2
"""Exit status if nothing could be computed."""
BULK_TIMEOUT_S: Final = 60.0

Images = Annotated[list[Path], typer.Option("--images", help="a picture or a folder; may be repeated")]
Out = Annotated[Path, typer.Option("--out", help="the file to write")]
Triton = Annotated[
    str | None,
    typer.Option("--triton", metavar="HOST:PORT", help="Triton's gRPC address; without it onnxruntime runs here"),
]
BatchSize = Annotated[int, typer.Option("--batch", min=1, max=256, help="pictures per call")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="threads of onnxruntime, without --triton")]


@app.command()
def embed(images: Images, out: Out, triton: Triton = None, batch: BatchSize = 8, threads: Threads = 1) -> None:
    """Write the codes of whole pictures: an .npz with ids (n,) and codes (n, 32) uint8, packed as by numpy.packbits."""
    pictures = _find(images, out)

    async def compute(runner: ModelRunner) -> dict[str, Code]:
        return await _run_batches(pictures, Embedder(runner).embed_squashed, size_px=EMBED.image_size_px, batch=batch)

    codes = _run(compute, triton, threads)
    with out.open("wb") as file:
        np.savez(file, ids=np.array(list(codes), dtype=np.str_), codes=_to_array(codes.values()))
    _report(len(codes), len(pictures), out)


@app.command()
def detect(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    images: Images,
    out: Out,
    triton: Triton = None,
    batch: BatchSize = 4,
    threads: Threads = 1,
    min_score: Annotated[float, typer.Option(min=0.0, max=1.0)] = DEFAULT_MIN_SCORE,
    max_objects: Annotated[int, typer.Option(min=1, max=100)] = DEFAULT_MAX_OBJECTS,
) -> None:
    """Write the objects on pictures as JSON, best first: label, score and box (left, top, right, bottom; 0..1)."""
    pictures = _find(images, out)

    async def compute(runner: ModelRunner) -> dict[str, tuple[Detection, ...]]:
        detector = Detector(runner, labels(), min_score=min_score, max_objects=max_objects)
        return await _run_batches(pictures, detector.detect_squashed, size_px=DETECT.image_size_px, batch=batch)

    found = _run(compute, triton, threads)
    report = {
        "model_version": EMBEDDING_VERSION,
        "min_score": min_score,
        "pictures": [{"id": name, "objects": [_to_json(each) for each in objects]} for name, objects in found.items()],
    }
    out.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    _report(len(found), len(pictures), out)


@app.command()
def check(triton: Annotated[str, typer.Option("--triton", metavar="HOST:PORT", help="gRPC")]) -> None:
    """Check that a server runs the models of this checkout and answers; exits with 2 and the reason if not."""

    async def compute(runner: ModelRunner) -> Code:
        return await ModelCheck(Detector(runner, labels()), Embedder(runner), promised=promised_code()).run()

    code = _run(compute, triton, threads=1)
    answer = f"{triton} serves embedding version {EMBEDDING_VERSION}; the check picture's code is {code.hex()}"
    _console.print(answer, markup=False, highlight=False, soft_wrap=True)


def _find(images: Sequence[Path], out: Path) -> list[PictureFile]:
    """The pictures to read; ends the program if there are none, or ``out`` cannot be written."""
    if out.is_dir():
        raise _failure(f"{out} is a folder; expected the file to write")
    if not out.absolute().parent.is_dir():
        raise _failure(f"{out}: there is no folder {out.absolute().parent}")
    try:
        pictures = find(images)
    except FileNotFoundError as exc:
        raise _failure(str(exc)) from exc
    if not pictures:
        raise _failure(f"no pictures in {', '.join(map(str, images))}; expected {', '.join(sorted(SUFFIXES))}")
    return pictures


def _run(compute: Callable[[ModelRunner], Awaitable[_Result]], triton: str | None, threads: int) -> _Result:
    """The result of ``compute`` on a Triton server or on onnxruntime here; an InferenceError ends the program."""

    async def run() -> _Result:
        if triton is None:
            return await compute(OnnxModels(threads=threads))
        async with TritonModels(triton, timeout_s=BULK_TIMEOUT_S) as models:
            await models.check()
            return await compute(models)

    try:
        return asyncio.run(run())
    except InferenceError as exc:
        raise _failure(str(exc)) from exc


async def _run_batches(
    pictures: Sequence[PictureFile],
    call: Callable[[Pixels], Awaitable[Sequence[_Result]]],
    *,
    size_px: int,
    batch: int,
) -> dict[str, _Result]:
    """The result of every readable picture by its id; the others are reported on the error stream."""
    results: dict[str, _Result] = {}
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=_console) as progress:
        task = progress.add_task("pictures", total=len(pictures))
        async for part in read_batches(pictures, size_px=size_px, batch=batch):
            for picture, reason in part.refused:
                _console.print(f"skipped {picture.path}: {reason}", style="red", markup=False, soft_wrap=True)
            if part.pictures:
                found = await call(part.images)
                results.update(zip((picture.picture_id for picture in part.pictures), found, strict=True))
            progress.advance(task, len(part.pictures) + len(part.refused))
    return results


def _to_array(codes: Iterable[Code]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(codes), np.uint8).reshape(-1, CODE_BYTES)


def _to_json(found: Detection) -> dict[str, object]:
    return {"label": found.label, "score": found.score, "box": list(astuple(found.box))}


def _report(written: int, given: int, out: Path) -> None:
    _console.print(f"{written} of {given} pictures written to {out}", markup=False, highlight=False, soft_wrap=True)
    if written < given:
        raise typer.Exit(INCOMPLETE)


def _failure(message: str) -> typer.Exit:
    _console.print(message, style="red", markup=False, soft_wrap=True)
    return typer.Exit(UNUSABLE)
