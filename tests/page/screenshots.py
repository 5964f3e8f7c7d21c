"""The page's pictures in the docs: ``python -m tests.page.screenshots`` looks at the real stack with drawn pins.

Kafka, Triton, Milvus, a worker and the service are started; what the pictures show is what the models found.
"""

import asyncio
import base64
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect

from deploy.local.stack import LocalStack, StackOptions
from index import bootstrap
from pinstream.store.milvus import MilvusStore
from samples import draw, jpeg
from tests.integration.running_service import RunningService
from tests.integration.running_worker import RunningWorker, Site, eventually
from tests.page.browser import SCREENS, launch_browser
from tests.page.looks import wait_for_lens, wait_for_results

DOCS = Path(__file__).parents[2] / "docs"
PINS = range(80, 130)
OUTFIT = 98
"""A drawn pin on which the shipped detector finds all that is there."""
PHOTO = 131
QUALITY = 84


@dataclass(frozen=True, slots=True)
class Shot:
    """One look at the page: on which screen, in which colours, saved under which name."""

    name: str
    screen: str
    scheme: str
    view: str


SHOTS = (
    Shot("page-wall", "desktop", "light", "wall"),
    Shot("page-wall-dark", "desktop", "dark", "wall"),
    Shot("page-wall-phone", "phone", "light", "wall"),
    Shot("page-pin", "desktop", "light", "similar"),
    Shot("page-pin-dark", "desktop", "dark", "similar"),
    Shot("page-pin-phone", "phone", "dark", "similar"),
    Shot("page-flashlight", "desktop", "light", "flashlight"),
    Shot("page-flashlight-phone", "phone", "light", "flashlight"),
    Shot("page-lens", "desktop", "light", "lens"),
    Shot("page-lens-phone", "phone", "dark", "lens"),
)


def publish(site: Site) -> None:
    """Drawn pins as a shop and its customers would publish them, the last ones slower so that their ages differ."""
    for number in PINS:
        pin = draw(number, size_px=720)
        offer = {"price": 15.0 + number % 9 * 10, "currency": "EUR"} if pin.domain == "catalog" else {}
        site.put(
            pin.pin_id,
            {
                "pin_id": pin.pin_id, "version": number, "domain": pin.domain, "title": pin.title,
                "image": {"inline": base64.b64encode(jpeg(pin)).decode()}, "link": "https://example.org/",
                "created_at": "2026-11-23T20:00:00Z", **offer,
            },
        )  # fmt: skip
        site.flush()
        time.sleep(0.1 if number < PINS[-16] else 1.5)


async def take(browser: Browser, address: str, shot: Shot, photo: Path) -> None:
    """One picture, once the view is complete."""
    context = await browser.new_context(
        viewport=SCREENS[shot.screen],
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=2 if shot.screen == "phone" else 1.5,
        is_mobile=shot.screen == "phone",
        has_touch=shot.screen == "phone",
    )
    page = await context.new_page()
    await VIEWS[shot.view](page, address, photo)
    await complete(page.locator("img:visible"))
    raw = await page.screenshot()
    Image.open(io.BytesIO(raw)).convert("RGB").save(DOCS / f"{shot.name}.webp", quality=QUALITY, method=6)
    await context.close()


async def complete(pictures: Locator) -> None:
    """Waits until all of them are there."""
    while not await pictures.evaluate_all("all => all.every(img => img.complete && img.naturalWidth > 0)"):
        await asyncio.sleep(0.1)


async def wall(page: Page, address: str, _photo: Path) -> None:
    await page.goto(address)
    await expect(page.locator(".wall .card img").nth(20)).to_be_attached()


async def related(page: Page, address: str, _photo: Path) -> None:
    await page.goto(f"{address}/pins/{draw(OUTFIT).pin_id}")
    await wait_for_results(page)


async def similar(page: Page, address: str, photo: Path) -> None:
    await related(page, address, photo)
    await page.locator(".dot").first.click()
    await page.mouse.move(0, 0)
    await wait_for_results(page)


async def flashlight(page: Page, address: str, photo: Path) -> None:
    pin = draw(OUTFIT)
    left, top, right, bottom = pin.objects[-1].box
    around = (left - 0.02, top - 0.03, right + 0.03, bottom + 0.02)
    await page.goto(f"{address}/pins/{pin.pin_id}?box=" + ",".join(f"{side:.3f}" for side in around))
    await wait_for_results(page)


async def lens(page: Page, address: str, photo: Path) -> None:
    await page.goto(f"{address}/lens")
    await page.set_input_files("#photo-file", photo)
    await wait_for_lens(page)


VIEWS = {"wall": wall, "related": related, "similar": similar, "flashlight": flashlight, "lens": lens}


async def look(address: str, folder: Path) -> None:
    """All pictures."""
    photo = folder / "photo.jpg"
    photo.write_bytes(jpeg(draw(PHOTO, size_px=900)))
    async with launch_browser() as browser:
        for shot in SHOTS:
            await take(browser, address, shot, photo)
            print(shot.name)


def main() -> None:
    """Boots, publishes, looks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with LocalStack(StackOptions(root=folder / "stack")) as stack:
            store = MilvusStore(stack.endpoints.milvus)
            bootstrap.init(store)
            store.close()
            site = Site(stack.endpoints)
            with RunningService(site, folder) as service, RunningWorker(site, folder):
                publish(site)
                eventually(lambda: len(site.outcomes()) == len(PINS), what="every pin indexed")
                asyncio.run(look(service.address, folder))


if __name__ == "__main__":
    main()
