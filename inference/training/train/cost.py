"""What proxies cost: memory and time of a training step of the head, at several numbers of proxies.

Each case runs in a process of its own, so that its memory is its own.
"""

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from inference.training.errors import TrainingProblem
from inference.training.model.backbone import POOLED, Backbone
from inference.training.model.embedder import EmbedderNetwork, EmbedHead
from inference.training.settings import EmbedSettings, load
from inference.training.train.embed import head_optimiser, take_step
from inference.training.train.embed_losses import TaskProxies

PRESET: Final = "head-unified"
WARM_UP: Final = 3
COPIES: Final = 4
"""Of each proxy in memory, as 32-bit floats: itself, its gradient, and the two moments of AdamW."""


@dataclass(frozen=True, slots=True)
class CostCase:
    """The number of proxies, and how many besides the batch's own take part in a step; 0: all."""

    proxies: int
    sampled: int


def measure(cases: Sequence[CostCase], *, steps: int) -> dict[str, Any]:
    """The cost of each case; raises TrainingProblem if proxies do not outnumber the sampled ones."""
    for case in cases:
        if not case.sampled < case.proxies:
            raise TrainingProblem(f"{case.sampled} sampled of {case.proxies} proxies; expected fewer than there are")
    found = []
    for case in cases:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found.append(pool.submit(_measure_case, case, steps).result())
    return {"rows": rows(), "steps": steps, "cases": found}


def rows() -> int:
    """Embeddings in a step: every photo in two domains."""
    return 2 * load(EmbedSettings, PRESET).photos_per_batch


def state_bytes(case: CostCase, *, bits: int) -> int:
    """Memory of the proxies and the optimiser's state; sampling proxies for a step saves none of it."""
    return COPIES * case.proxies * bits * torch.float32.itemsize


def _measure_case(case: CostCase, steps: int) -> dict[str, float]:
    torch.set_num_threads(1)
    _step_times(CostCase(2, 0), 1)  # torch loads code at its first step: that is not the cost of proxies
    before = _resident("VmRSS")
    took = _step_times(case, WARM_UP + steps)[WARM_UP:]
    return {
        **asdict(case),
        "state MB": state_bytes(case, bits=load(EmbedSettings, PRESET).bits) / 1e6,
        "peak MB": (_resident("VmHWM") - before) / 1e6,
        "ms a step": statistics.median(took) * 1000,
    }


def _step_times(case: CostCase, steps: int) -> list[float]:
    """CPU seconds of each step on random features and targets; not wall time, since other programs run too."""
    settings, generator = load(EmbedSettings, PRESET), torch.Generator().manual_seed(0)
    head = EmbedHead(settings.bits, dropout=settings.dropout)
    embedder = EmbedderNetwork(Backbone(), head, cut=settings.cut).train()
    pooled = torch.randn(rows(), POOLED, generator=generator)
    proxies = TaskProxies(
        {"instance": case.proxies}, settings.bits, temperature=settings.temperature, sampled=case.sampled
    )
    optimiser = head_optimiser(embedder, proxies, settings)
    took: list[float] = []
    for _ in range(steps):
        targets = {"instance": torch.randint(case.proxies, (rows(),), generator=generator)}
        start = time.process_time()
        take_step(proxies(head(pooled), targets, generator), optimiser, factor=1.0, clip=settings.clip)
        took.append(time.process_time() - start)
    return took


def _resident(field: str) -> int:
    """Bytes of this process in memory, now (``VmRSS``) or at most so far (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024
