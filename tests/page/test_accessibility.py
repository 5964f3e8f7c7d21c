"""Axe finds nothing wrong in any view, in light and dark, on a desktop and on a phone."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.page.conftest import PINS, NewPage
from tests.page.looks import axe_violations, wait_for_lens, wait_for_results
from tests.page.site import OUTFIT, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_wall(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(site.url)
    await expect(page.locator(".wall .card img")).to_have_count(PINS)

    assert await axe_violations(page) == []


async def test_pin_with_similar_looks(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(f"{site.url}/pins/{site.published[OUTFIT]}?object=1")
    await wait_for_results(page)

    assert await axe_violations(page) == []


async def test_flashlight(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(f"{site.url}/pins/{site.published[OUTFIT]}?box=0.1,0.1,0.6,0.5")
    await wait_for_results(page)

    assert await axe_violations(page) == []


async def test_lens(site: Site, new_page: NewPage, screen: str, photo: Path) -> None:
    page = await new_page(screen)
    await page.goto(f"{site.url}/lens")
    await expect(page.get_by_role("heading", name="Search with a photo")).to_be_visible()
    assert await axe_violations(page) == []
    await page.set_input_files("#photo-file", photo)
    await wait_for_lens(page)

    assert await axe_violations(page) == []


async def test_empty_and_absent(own_site: Site, new_page: NewPage) -> None:
    page = await new_page(expect=("Failed to load resource",))
    await page.goto(own_site.url)
    await expect(page.get_by_role("heading", name="No pins yet")).to_be_visible()
    assert await axe_violations(page) == []
    await page.goto(f"{own_site.url}/pins/none")
    await expect(page.get_by_role("heading", name="No such pin")).to_be_visible()

    assert await axe_violations(page) == []
