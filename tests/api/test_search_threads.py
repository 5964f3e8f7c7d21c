"""Searches run in threads: a caller may leave early, its search keeps the permit until it ends."""

import asyncio
import threading

import pytest

from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import Bench, start_service


async def test_a_caller_that_times_out_leaves_at_once_and_its_search_keeps_the_permit(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(searches=1))
    may_end = threading.Event()

    async with start_service(bench) as service, asyncio.timeout(20):
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await service.deps.searches.run(lambda _index: may_end.wait(60))
            kept = service.deps.metrics.value("pinstream_api_limit_in_use", {"limit": "index"})
        finally:
            may_end.set()
        found = await service.deps.searches.run(lambda _index: "next")
        left = service.deps.metrics.value("pinstream_api_limit_in_use", {"limit": "index"})

    assert (kept, found, left) == (1, "next", 0)
