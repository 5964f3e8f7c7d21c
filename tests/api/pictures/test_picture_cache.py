"""Pictures are fetched once for all callers, and an address that failed is not tried again at once."""

import asyncio
import gc
import weakref

import pytest

from api.settings import ApiSettings, CacheSettings
from fetch.errors import FetchFailed, FetchRefused
from pinstream.events import ImageRef
from pinstream.search.hits import IndexedPin
from tests.api.fakes import Bench, InProcessService, start_service


async def pin_of(service: InProcessService, pin_id: str) -> IndexedPin:
    return await service.deps.searches.run(lambda index: index.get(pin_id))


async def test_concurrent_calls_share_one_fetch(bench: Bench) -> None:
    bench.pin("a")
    bench.web.answers.clear()

    async with start_service(bench) as service:
        pin = await pin_of(service, "a")
        callers = [asyncio.create_task(service.deps.pictures.get(pin)) for _ in range(5)]
        await asyncio.sleep(0)
        callers[0].cancel()
        bench.web.answers.set()
        pictures = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(pictures[0], asyncio.CancelledError), "one caller's cancellation does not cancel the others"
    assert {picture.sha256 for picture in pictures[1:]}  # type: ignore[union-attr]
    assert bench.web.requested == ["https://pictures/a.png"]


@pytest.mark.parametrize(("error", "for_s"), [(FetchRefused("HTTP 404"), 60), (FetchFailed("HTTP 503"), 5)])
async def test_a_failure_is_cached_for_seconds_and_a_refusal_for_a_minute(
    bench: Bench, error: Exception, for_s: float
) -> None:
    bench.pin("a")
    good = bench.web.pictures["https://pictures/a.png"]
    bench.web.pictures["https://pictures/a.png"] = error
    now_s = 0.0

    async with start_service(bench) as service:
        pictures = service.deps.pictures
        pictures.clock = lambda: now_s
        pin = await pin_of(service, "a")
        for at_s in (0.0, for_s - 0.1):
            now_s = at_s
            with pytest.raises(type(error)):
                await pictures.get(pin)
        bench.web.pictures["https://pictures/a.png"] = good
        now_s = for_s
        picture = await pictures.get(pin)

    assert picture.encoded == good
    assert len(bench.web.requested) == 2


async def test_a_remembered_failure_keeps_nothing_that_was_read(bench: Bench) -> None:
    class Body(bytearray):
        """Can be referred to weakly."""

    bodies: list[weakref.ref[Body]] = []

    class TooLarge:
        async def fetch(self, image: ImageRef) -> bytes:
            body = Body(100)
            bodies.append(weakref.ref(body))
            raise FetchRefused(f"{image.url}: {len(body)} bytes or more")

    bench.pin("a")
    bench.web = TooLarge()  # type: ignore[assignment]

    async with start_service(bench) as service:
        pin = await pin_of(service, "a")
        for _ in range(3):
            with pytest.raises(FetchRefused) as refused:
                await service.deps.pictures.get(pin)
        depth = len(refused.traceback)
        with pytest.raises(FetchRefused) as again:
            await service.deps.pictures.get(pin)
        same = len(again.traceback) == depth
        del refused, again
        await asyncio.sleep(0)  # the loop itself holds what it threw in
        gc.collect()

    assert [body() for body in bodies] == [None]
    assert same, "each answer has a traceback of its own"


async def test_what_is_larger_than_its_cache_is_served_and_not_kept(bench: Bench) -> None:
    bench.pin("a")
    bench.settings = ApiSettings(cache=CacheSettings(pictures_bytes=1, thumbnails_bytes=1, crops=0))

    async with start_service(bench) as service:
        pin = await pin_of(service, "a")
        pictures = [await service.deps.pictures.get(pin) for _ in range(2)]
        thumbnails = [await service.deps.thumbnails.get(each, 64, "webp") for each in pictures]
        codes = [await service.deps.box_codes.get(pin, (0.0, 0.0, 1.0, 1.0)) for _ in range(2)]

    assert pictures[0] == pictures[1]
    assert thumbnails[0] == thumbnails[1]
    assert codes[0] == codes[1]
    assert bench.web.requested == ["https://pictures/a.png"] * 4
