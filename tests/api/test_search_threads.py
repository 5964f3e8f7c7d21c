"""Searches are asked in threads: who asked leaves in time, the search keeps its place until it ends."""

import asyncio
import threading

import pytest

from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import Bench, asked


async def test_whose_time_is_up_leaves_at_once_and_the_search_keeps_its_place(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(searches=1))
    may_end = threading.Event()

    async with asked(bench) as service, asyncio.timeout(20):
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await service.parts.searches.ask(lambda _index: may_end.wait(60))
            kept = service.parts.metrics.value("pinstream_api_gate_in_use", {"gate": "index"})
        finally:
            may_end.set()
        found = await service.parts.searches.ask(lambda _index: "next")
        left = service.parts.metrics.value("pinstream_api_gate_in_use", {"gate": "index"})

    assert (kept, found, left) == (1, "next", 0)
