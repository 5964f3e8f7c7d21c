"""A pin published now: when it asks, and when it answers others."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deploy.demo.sources import PictureFolder
from pinstream.errors import PinUnknown
from pinstream.search.index import VisualIndex
from pinstream.search.query import MAX_HITS
from tests.bench.figures import percentiles
from tests.bench.site import PhaseFailed, Site, opened

FIRST_PINS: Final = 30
_DEADLINE_S: Final = 60.0
_LOOK_S: Final = 0.005


def measure(root: Path, images: Path, *, pins: int) -> dict[str, Any]:
    """Milliseconds from publishing a pin until it has related pins, and until it is among another pin's."""
    with (
        opened(root, PictureFolder(images, seed=1)) as site,
        VisualIndex(site.endpoints.milvus) as index,
        site.worker({}),
    ):
        first = site.publish(FIRST_PINS, rate=None)
        site.outcomes.await_pins(first, visible=False)
        times = [_published(site, index, first[0].pin_id) for _ in range(pins)]
    return {
        "pins": pins,
        "asks_after_ms": percentiles([asks for asks, _ in times]),
        "answers_after_ms": percentiles([answers for _, answers in times]),
    }


def _published(site: Site, index: VisualIndex, other: str) -> tuple[float, float]:
    begun_s = time.perf_counter()
    (pin,) = site.publish(1, rate=None)
    asks_s = _when(lambda: _has_related(index, pin.pin_id)) - begun_s
    answers_s = _when(lambda: any(hit.pin_id == pin.pin_id for hit in index.related(other, limit=MAX_HITS))) - begun_s
    return asks_s * 1000, answers_s * 1000


def _has_related(index: VisualIndex, pin_id: str) -> bool:
    try:
        return bool(index.related(pin_id).hits)
    except PinUnknown:
        return False


def _when(holds: Callable[[], bool]) -> float:
    """The moment at which it first holds; raises PhaseFailed after a minute."""
    deadline_s = time.perf_counter() + _DEADLINE_S
    while not holds():
        if time.perf_counter() > deadline_s:
            raise PhaseFailed(f"a published pin is not found after {_DEADLINE_S:.0f} s")
        time.sleep(_LOOK_S)
    return time.perf_counter()
