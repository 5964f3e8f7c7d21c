"""The limit: the same two ONNX models over the same decoded pictures, in a bare onnxruntime loop on the same cores."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path

import numpy as np
import onnxruntime

from inference.images import WHOLE, Box, Pixels, squash
from inference.tensors import DETECT, EMBED


@dataclass(frozen=True, slots=True)
class Prepared:
    """One picture as the two models take it: one frame ``(1, 320, 320, 3)``, and its crops ``(n, 224, 224, 3)``."""

    frame: Pixels
    crops: Pixels


def prepare(pixels: Pixels, boxes: Sequence[Box]) -> Prepared:
    """The whole picture and each box on it, resized; outside the timed loop, as the limit is the models alone."""
    return Prepared(
        frame=squash(pixels, DETECT.image_size_px)[None],
        crops=np.stack([squash(pixels, EMBED.image_size_px, box) for box in (WHOLE, *boxes)]),
    )


def session(model: Path) -> onnxruntime.InferenceSession:
    """One single-threaded session that does not spin, as the CPU configuration runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def pictures_per_s(models: Path, pictures: Sequence[Prepared], *, seconds: float) -> float:
    """Pictures both models get through in a second with one session pair per core and nothing else."""
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(cores) as pool:
        loops = [
            pool.submit(_loop, models, list(islice(cycle(pictures), core, core + len(pictures))), seconds)
            for core in range(cores)
        ]
        return sum(loop.result() for loop in loops)


def _loop(models: Path, pictures: Sequence[Prepared], seconds: float) -> float:
    detect = session(models / DETECT.name / "1" / "model.onnx")
    embed = session(models / EMBED.name / "1" / "model.onnx")
    for warm in pictures[:3]:
        detect.run(None, {"images": warm.frame})
        embed.run(None, {"images": warm.crops})
    start = time.perf_counter()
    for done in count(1):
        picture = pictures[done % len(pictures)]
        detect.run(None, {"images": picture.frame})
        embed.run(None, {"images": picture.crops})
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done / elapsed
    raise AssertionError("unreachable")
