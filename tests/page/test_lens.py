"""Lens: a photo by file, paste, drop or camera; what was understood, and the blend; what leaves the browser."""

import asyncio
import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Request, Route, expect

from tests.page.conftest import NewPage
from tests.page.looks import TILES, layout_shift, wait_for_lens
from tests.page.site import OUTFIT, Site, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def give_photo(page: Page, how: str, file: Path) -> None:
    """Gives the photo to the page by ``paste`` or ``drop``."""
    await page.evaluate(
        """async ([how, bytes]) => {
          const file = new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], 'p.jpg', { type: 'image/jpeg' });
          const transfer = new DataTransfer();
          transfer.items.add(file);
          const events = { paste: ['paste'], drop: ['dragenter', 'dragover', 'drop'] }[how];
          for (const name of events) {
            const carrier = how === 'paste' ? { clipboardData: transfer } : { dataTransfer: transfer };
            const Kind = how === 'paste' ? ClipboardEvent : DragEvent;
            dispatchEvent(new Kind(name, { ...carrier, bubbles: true, cancelable: true }));
          }
        }""",
        [how, base64.b64encode(file.read_bytes()).decode()],
    )


async def test_lens_lists_objects_and_marks_the_hits_of_each(
    site: Site, new_page: NewPage, screen: str, photo: Path
) -> None:
    page = await new_page(screen)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/v1/lens" in request.url else None)
    await page.goto(site.url)
    await page.get_by_role("link", name="Lens", exact=True).click()
    await expect(page).to_have_url(f"{site.url}/lens")
    await page.set_input_files("#photo-file", photo)
    await wait_for_lens(page)

    await expect(page.get_by_text("Seen: dress, skirt and pants.")).to_be_visible()
    await expect(page.locator(".dot")).to_have_count(3)
    width, height = await page.locator(".frame img").evaluate("img => [img.naturalWidth, img.naturalHeight]")
    assert (width, height) == Image.open(io.BytesIO(picture(OUTFIT))).size
    everything = await page.locator(TILES).count()
    sources = page.get_by_role("group", name="Which part of the photo").get_by_role("button")
    await expect(sources).to_have_count(5)
    await page.get_by_role("button", name=re.compile("Skirt 8")).click()
    assert await page.locator(TILES).count() < everything
    await expect(page.locator(".outline.chosen")).to_have_count(1)
    await page.get_by_role("button", name=re.compile("^Everything")).click()
    await expect(page.locator(TILES)).to_have_count(everything)
    assert len(sent) == 1
    assert await layout_shift(page) < 0.1


async def test_nothing_jumps_when_a_slow_answer_comes(site: Site, new_page: NewPage, screen: str, photo: Path) -> None:
    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.8)  # for half a second after an input, browsers excuse what moves
        await route.continue_()

    page = await new_page(screen)
    await page.route("**/v1/lens*", slowly)
    await page.goto(f"{site.url}/lens")
    await page.set_input_files("#photo-file", photo)
    await wait_for_lens(page)

    assert await layout_shift(page) < 0.1


async def test_only_pixels_leave_the_browser(site: Site, new_page: NewPage, photo: Path) -> None:
    page = await new_page()
    await page.goto(f"{site.url}/lens")
    site.photos.clear()
    await page.set_input_files("#photo-file", photo)
    await wait_for_lens(page)

    (body,) = site.photos
    assert b"Some Camera Maker" in photo.read_bytes()
    assert b"Some Camera Maker" not in body
    assert not Image.open(io.BytesIO(body)).getexif()
    assert await page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))") == []


@pytest.mark.parametrize("how", ["paste", "drop"])
async def test_a_photo_can_be_pasted_or_dropped_anywhere(site: Site, new_page: NewPage, photo: Path, how: str) -> None:
    page = await new_page()
    await page.goto(site.url)
    await expect(page.locator(".wall .card").first).to_be_visible()

    await give_photo(page, how, photo)

    await expect(page).to_have_url(f"{site.url}/lens")
    await wait_for_lens(page)
    await expect(page.locator("#drop-overlay")).to_be_hidden()
    await page.go_back()
    await expect(page.locator(".wall .card").first).to_be_visible()
    await page.go_forward()
    await wait_for_lens(page)


async def test_the_camera_takes_a_photo_and_is_switched_off(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(f"{site.url}/lens")
    await page.get_by_role("button", name="Take a photo").click()
    await page.wait_for_function("() => document.querySelector('dialog video')?.videoWidth > 0")
    stream = await page.evaluate_handle("document.querySelector('dialog video').srcObject")

    await page.get_by_role("button", name="Take the photo").click()

    await expect(page.get_by_role("heading", name="Your photo")).to_be_visible()
    await expect(page.locator("dialog")).to_have_count(0)
    assert await stream.evaluate("stream => stream.getTracks().every(track => track.readyState === 'ended')")


async def test_what_is_no_picture_is_said_so(site: Site, new_page: NewPage, tmp_path: Path) -> None:
    page = await new_page()
    await page.goto(f"{site.url}/lens")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is no picture")

    await page.set_input_files("#photo-file", broken)

    await expect(page.get_by_role("alert").filter(has_text="not a picture")).to_be_visible()
    await expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
