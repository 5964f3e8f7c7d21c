"""The path of a pin: how fast against the bare models, how fresh at a low and at half of the saturated rate."""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.demo.sources import PictureFolder, PinSource, SamplePins
from deploy.local.process import CHECKOUT
from inference.detect import Detector
from inference.images import decode
from inference.model_repository import labels
from inference.onnx_models import OnnxModels
from pinstream.events import PinOutcome
from tests.bench import limit, machine
from tests.bench.figures import percentiles, stage_medians, steady_rate
from tests.bench.site import Site, opened

PHOTOS = CHECKOUT.parent / "shared" / "data" / "clothing" / "images"
MODELS = CHECKOUT / "inference" / "triton_models"
EVERY_PIN_PROBED = {"PINSTREAM_PROBE__RATIO": "1", "PINSTREAM_PROBE__MAX_OPEN": "64"}
DEFAULT_PROBES = {"PINSTREAM_PROBE__RATIO": "0.05", "PINSTREAM_PROBE__MAX_OPEN": "16"}
WARM_PINS = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each phase is."""

    limit_s: float = 15.0
    saturated_pins: int = 900
    low_rate: float = 5.0
    low_pins: int = 200
    half_s: float = 40.0


def run(plan: Plan, *, images: Path | None, console: Console) -> dict[str, Any]:
    """The report of one run, as ``--json`` writes it."""
    source, kind = _source(images)
    prepared = asyncio.run(_prepared(source, 200))
    with tempfile.TemporaryDirectory(prefix="pinstream-bench-") as root, opened(Path(root), source) as site:
        limit_before = limit.pictures_per_s(MODELS, prepared, seconds=plan.limit_s)
        console.print(f"limit, both models bare on all cores: [b]{limit_before:.1f}[/] pictures/s")
        saturated, cpu = _saturated(site, plan)
        console.print(f"saturated: [b]{saturated:.1f}[/] pins/s")
        limit_after = limit.pictures_per_s(MODELS, prepared, seconds=plan.limit_s)
        limit_pins = (limit_before + limit_after) / 2
        console.print(f"limit again: {limit_after:.1f}; ratio [b]{saturated / limit_pins:.2f}[/]")
        low = _paced(site, plan.low_pins, plan.low_rate)
        console.print(f"fresh at {plan.low_rate:g} pins/s: {_freshness(low)} ms")
        half = _paced(site, int(plan.half_s * saturated / 2), saturated / 2)
        console.print(f"fresh at {saturated / 2:.1f} pins/s: {_freshness(half)} ms")
    return {
        "limit_pins_per_s": round(limit_pins, 2),
        "limit_runs_pins_per_s": [round(limit_before, 2), round(limit_after, 2)],
        "saturated_pins_per_s": round(saturated, 2),
        "ratio": round(saturated / limit_pins, 3),
        "freshness_ms": {"low": _freshness(low), "half": _freshness(half)},
        "stages_ms": {"low": _stages(low), "half": _stages(half)},
        "outside_models_and_visibility_ms": {"low": _outside(low), "half": _outside(half)},
        "cpu_ms_per_pin": cpu,
        "objects_per_pin": round(sum(each.objects for each in low + half) / len(low + half), 2),
        "rates_pins_per_s": {"low": plan.low_rate, "half": round(saturated / 2, 2)},
        "pins": {"saturated": plan.saturated_pins, "low": len(low), "half": len(half)},
        "pictures": kind,
        "machine": machine.description(),
    }


def write(report: dict[str, Any], file: Path) -> None:
    """Store a report as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report, indent=2) + "\n")


def _source(images: Path | None) -> tuple[PinSource, str]:
    folder = images or (PHOTOS if PHOTOS.is_dir() else None)
    if folder is None:
        return SamplePins(seed=0), "drawn sample pins"
    return PictureFolder(folder, seed=0), "the folder given" if images else "real photos of garments, 256 px"


async def _prepared(source: PinSource, pictures: int) -> list[limit.Prepared]:
    """What both models are fed with, cut out as the worker would."""
    async with OnnxModels(repository=MODELS) as models:
        detector = Detector(models, labels(repository=MODELS))
        prepared = []
        for number in range(pictures):
            pixels = decode(source.pin(number, base_url="").file.read_bytes())
            prepared.append(limit.prepare(pixels, [found.box for found in await detector.detect(pixels)]))
        return prepared


def _saturated(site: Site, plan: Plan) -> tuple[float, dict[str, float]]:
    """Pins per second with a backlog, everything at its defaults, and CPU ms per pin of every process."""
    with site.worker(DEFAULT_PROBES) as worker:
        site.outcomes.await_pins(site.publish(WARM_PINS, rate=None), visible=False)
        meter = machine.CpuMeter(site.pids(worker))
        pins = site.publish(plan.saturated_pins, rate=None)
        outcomes = site.outcomes.await_pins(pins, visible=False)
        cpu = {name: round(used * 1000 / len(pins), 2) for name, used in meter.used_s().items()}
    return steady_rate([outcome.finished_at_ms for outcome in outcomes]), cpu


def _paced(site: Site, pins: int, rate: float) -> list[PinOutcome]:
    """Outcomes at a steady rate, every pin searched for; the first pins are warm-up and left out."""
    with site.worker(EVERY_PIN_PROBED):
        site.outcomes.await_pins(site.publish(WARM_PINS, rate=rate), visible=True)
        return site.outcomes.await_pins(site.publish(pins, rate=rate), visible=True)


def _freshness(outcomes: list[PinOutcome]) -> dict[str, float]:
    return percentiles([each.freshness_ms for each in outcomes if each.freshness_ms is not None])


def _stages(outcomes: list[PinOutcome]) -> dict[str, float]:
    return stage_medians([{str(stage): ms for stage, ms in each.stages_ms.items()} for each in outcomes])


def _outside(outcomes: list[PinOutcome]) -> float:
    """The median of what a pin spends outside the two model calls and the index's own visibility delay, ms."""
    costs = [
        each.freshness_ms - sum(each.stages_ms.get(stage, 0.0) for stage in ("detect", "embed", "visible"))
        for each in outcomes
        if each.freshness_ms is not None
    ]
    return percentiles(costs)["p50"]
