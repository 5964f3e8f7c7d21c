"""The products over HTTP on the real parts: a new pin asks, answers, arrives on the stream, and is deleted."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.async_api import expect

from tests.integration.drive import fields, picture
from tests.integration.running_service import RunningService
from tests.integration.running_worker import RunningWorker, Site, eventually
from tests.page.browser import browser_or_skip

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack
    from pinstream.store.milvus import MilvusStore

pytestmark = pytest.mark.stack
DEADLINE_S = 90.0
EAGER = {"triton__min_score": "0.02", "triton__max_objects": "3"}
"""So that every drawn picture has objects, whatever the shipped models make of drawings."""


@pytest.fixture(scope="module")
def site(stack: "LocalStack", store: "MilvusStore") -> Site:
    return Site(stack.endpoints)


@pytest.fixture(scope="module")
def service(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service and a worker; the service first, so that it sees every event."""
    folder = tmp_path_factory.mktemp("products")
    with RunningService(site, folder, **EAGER) as running:
        eventually(lambda: httpx.get(f"{running.address}/readyz").json()["kafka"] == "ok", what="outcomes read")
        with RunningWorker(site, folder, probe__ratio="0", **EAGER):
            yield running


class Asking:
    """One client and one stream of fresh pins, opened before anything is published."""

    def __init__(self, client: httpx.AsyncClient, site: Site) -> None:
        self.client = client
        self.site = site
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._changed = asyncio.Condition()

    async def listen(self, answer: httpx.Response) -> None:
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                async with self._changed:
                    self._events.append((event, json.loads(line.removeprefix("data: "))))
                    self._changed.notify_all()

    async def await_event(self, event: str, pin_id: str) -> dict[str, Any]:
        """The event of that pin, once the stream brings it."""
        async with asyncio.timeout(DEADLINE_S), self._changed:
            while True:
                for kind, data in self._events:
                    if (kind, data["pin_id"]) == (event, pin_id):
                        return data
                await self._changed.wait()

    async def publish(self, pin_id: str, number: int, **more: Any) -> dict[str, Any]:
        """A pin with that picture; returns its event on the stream."""
        self.site.put(pin_id, fields(pin_id, 1, picture(number), **more))
        self.site.flush()
        return await self.await_event("pin", pin_id)

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The JSON of an answer that must be good."""
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
async def asking(service: RunningService, site: Site) -> AsyncIterator[Asking]:
    async with httpx.AsyncClient(base_url=service.address, timeout=30) as client:
        asking = Asking(client, site)
        async with client.stream("GET", "/v1/fresh", headers={"accept": "text/event-stream"}, timeout=None) as answer:
            listening = asyncio.create_task(asking.listen(answer))
            yield asking
            listening.cancel()
            await asyncio.wait([listening])


def pins(answer: dict[str, Any]) -> list[str]:
    return [hit["pin_id"] for hit in answer["hits"]]


async def test_a_pin_published_a_moment_ago_asks_and_answers_everywhere(asking: Asking, site: Site) -> None:
    twin, other, new = (f"{site.prefix[:-1]}-{name}" for name in ("twin", "other", "new"))
    await asking.publish(twin, 101)
    await asking.publish(other, 102)
    event = await asking.publish(new, 101, title="New", domain="catalog", price=9.5, currency="EUR")
    assert (event["title"], event["thumbnail"]) == ("New", f"/v1/pins/{new}/thumbnail?version=1")
    assert event["objects"], "the models find nothing on the drawing"

    fresh = await asking.get("/v1/fresh", limit=100)
    assert fresh["pins"][0]["pin_id"] == new
    asks = await asking.get(f"/v1/pins/{new}/related", limit=5)
    assert (asks["hits"][0]["image_sha256"], asks["hits"][0]["distance"]) == (event["image_sha256"], 0)
    answers = await asking.get(f"/v1/pins/{other}/related", limit=1000, domain="catalog")
    assert new in pins(answers)
    slot = event["objects"][0]["slot"]
    similar = await asking.get(f"/v1/pins/{new}/objects/{slot}/similar", limit=3)
    assert similar["hits"][0]["distance"] == 0
    assert similar["hits"][0]["label"] == event["objects"][0]["label"]


async def test_flashlight_and_lens_find_what_was_just_published(asking: Asking, site: Site) -> None:
    first, second = (f"{site.prefix[:-1]}-light-{each}" for each in (1, 2))
    event = await asking.publish(first, 103)
    await asking.publish(second, 103)
    box = event["objects"][0]["box"]

    answer = await asking.client.post("/v1/flashlight", json={"pin_id": first, "box": box, "limit": 10})
    assert answer.status_code == 200, answer.text
    light = answer.json()
    assert light["snap_to"]["slot"] == event["objects"][0]["slot"]
    near = light["hits"][0]
    assert (near["image_sha256"], near["slot"]) == (event["image_sha256"], light["snap_to"]["slot"])
    assert near["distance"] <= 8, "the crop is cut by the service as by the worker"

    headers = {"content-type": "image/jpeg"}
    answer = await asking.client.post("/v1/lens", params={"limit": 5}, content=picture(103), headers=headers)
    assert answer.status_code == 200, answer.text
    lens = answer.json()
    assert lens["understood"]["objects"]
    assert lens["hits"][0]["image_sha256"] == event["image_sha256"]
    assert lens["hits"][0]["relevance"] >= lens["hits"][-1]["relevance"]


async def test_pictures_are_shown_small_from_the_web_and_from_inside_events(
    asking: Asking, site: Site, stack: "LocalStack"
) -> None:
    folder = Path(next(part for part in stack.records if part.name == "pictures").argv[-2])
    inside, outside = (f"{site.prefix[:-1]}-pic-{each}" for each in ("inside", "outside"))
    (folder / f"{outside}.jpg").write_bytes(picture(104))
    await asking.publish(inside, 105)
    event = fields(outside, 1, b"x", image={"url": f"{stack.endpoints.pictures}/{outside}.jpg"})
    site.put(outside, event)
    site.flush()
    await asking.await_event("pin", outside)

    for pin_id in (inside, outside):
        small = await asking.client.get(f"/v1/pins/{pin_id}/thumbnail", params={"width_px": 160, "version": 1})
        assert small.headers["content-type"] == "image/webp", small.headers
        assert "x-pinstream-picture" not in small.headers, "the very picture that was indexed"


async def test_a_pin_that_goes_is_gone_and_one_that_cannot_be_says_why(asking: Asking, site: Site) -> None:
    going, broken = (f"{site.prefix[:-1]}-{each}" for each in ("going", "broken"))
    await asking.publish(going, 106)
    site.put(going, None, headers=(("version", b"2"),))
    site.put(broken, fields(broken, 1, b"no picture"))
    site.flush()

    assert await asking.await_event("gone", going) == {"pin_id": going, "version": 2}
    gone = await asking.client.get(f"/v1/pins/{going}")
    assert (gone.status_code, gone.json()["state"]) == (410, "deleted")

    async def state() -> str:
        return str((await asking.client.get(f"/v1/pins/{broken}")).json()["state"])

    async with asyncio.timeout(DEADLINE_S):
        while await state() == "not-indexed-yet":
            await asyncio.sleep(0.05)
    dead = (await asking.client.get(f"/v1/pins/{broken}")).json()
    assert (dead["state"], dead["status"]) == ("dead", 404)
    assert "not a picture" in dead["detail"]


async def test_the_page_hangs_a_pin_that_was_published_while_it_is_looked_at(
    asking: Asking, site: Site, service: RunningService
) -> None:
    pin_id = f"{site.prefix[:-1]}-page"
    async with browser_or_skip() as browser:
        page = await browser.new_page()
        await page.goto(service.address)
        await expect(page.locator(".live")).to_contain_text("Live", timeout=DEADLINE_S * 1000)

        event = await asking.publish(pin_id, 107, title="Hung on the wall")
        card = page.get_by_role("link", name="Hung on the wall")
        await expect(card).to_be_visible(timeout=DEADLINE_S * 1000)
        await card.click()
        await expect(page.locator(".dot")).to_have_count(len(event["objects"]), timeout=DEADLINE_S * 1000)

        await expect(page.locator(".frame img")).to_have_js_property("naturalHeight", 256)


async def test_kafka_may_die_and_come_back(asking: Asking, site: Site, stack: "LocalStack") -> None:
    before, after = (f"{site.prefix[:-1]}-{each}" for each in ("before", "after"))
    await asking.publish(before, 108)

    await asyncio.to_thread(stack.kill, "kafka")
    still = await asking.get(f"/v1/pins/{before}/related", limit=1)
    await asyncio.to_thread(stack.start, "kafka")

    assert len(still["hits"]) == 1
    assert (await asking.publish(after, 109))["pin_id"] == after
