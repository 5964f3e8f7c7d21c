"""The watch's status page in a browser: readable in light and dark, on a desktop and a phone, and alive."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect

from pinstream.events import STAGES
from streams.watch.consume.progress import ReadProgress
from streams.watch.http.server import WatchServer
from streams.watch.settings import WatchHttpSettings, WatchSettings
from tests.page.conftest import TIMEOUT_MS, NewPage
from tests.page.looks import axe_violations
from tests.streams.watch.records import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PROGRESS_KEPT = ("pins.events", 0)


class OnlyInstance:
    """Watches the one partition there is."""

    running = True
    partitions = frozenset({0})

    def __init__(self, bench: Bench) -> None:
        self.instances: dict[str, list[int]] = {}
        self.state = bench.known


@dataclass(frozen=True)
class WatchPage:
    """The page of a watch that has seen an hour."""

    url: str
    bench: Bench


@pytest_asyncio.fixture(loop_scope="session")
async def watch_page() -> AsyncIterator[WatchPage]:
    """An hour of pins and deletions, some dead, three overdue."""
    bench = fill_with_an_hour(Bench())
    progress = ReadProgress(lambda: bench.now_ms)
    progress.assign({_PROGRESS_KEPT: 0})
    progress.compare({_PROGRESS_KEPT: 0})
    async with AsyncExitStack() as stack:
        site = WatchServer(WatchSettings(http=WatchHttpSettings(port=0)), bench.watcher, progress, partitions=1)
        site.attach(OnlyInstance(bench))
        yield WatchPage(await site.start(stack), bench)


def fill_with_an_hour(bench: Bench) -> Bench:
    dice = random.Random(7)
    for number in range(700):
        bench.wait(5)
        pin, slow = f"pin-{number}", dice.lognormvariate(0, 0.5)
        offset = bench.publish(pin)
        if number >= 697:
            continue
        stages_ms = {stage: slow * base for stage, base in zip(STAGES, (4, 3, 2, 20, 21, 9, 12), strict=True)}
        seen_ms = bench.now_ms + round(slow * 70)
        dead = dice.random() < 0.03
        first = {stage: spent for stage, spent in stages_ms.items() if stage != "visible"}
        reason = dice.choice(["fetch: FetchFailed: 404", "picture: PictureRefused: no picture"])
        if dead:
            bench.report(pin, outcome="dead", reason=reason, offset=offset)
            continue
        bench.report(pin, offset=offset, stages_ms=first)
        bench.report(pin, offset=offset, stages_ms=stages_ms, visible_at_ms=seen_ms)
        if dice.random() < 0.2:
            gone = bench.delete(pin, 2)
            bench.report(pin, 2, "deleted", offset=gone, stages_ms={"queue": 3.0, "write": 9.0})
            bench.report(pin, 2, "deleted", offset=gone, stages_ms={"visible": 8.0}, visible_at_ms=bench.now_ms + 40)
    bench.wait(20)
    return bench


async def test_axe_finds_nothing(watch_page: WatchPage, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(watch_page.url)
    await expect(page.locator("#verdict")).to_contain_text("3 pins overdue, in the queue")

    assert await axe_violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_it_refreshes_itself(watch_page: WatchPage, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(watch_page.url)
    await expect(page.locator("#verdict")).to_contain_text("3 pins overdue")

    watch_page.bench.report("pin-699")

    await expect(page.locator("#verdict")).to_contain_text("2 pins overdue", timeout=TIMEOUT_MS)
