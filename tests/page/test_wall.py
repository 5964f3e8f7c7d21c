"""The wall: fresh pins, live, by mouse, finger and keyboard."""

import re

import pytest
from playwright.async_api import Page, expect

from fetch.errors import FetchRefused
from tests.page.conftest import PINS, NewPage
from tests.page.looks import layout_shift, seen_requests
from tests.page.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

CARDS = ".wall .card"


async def wait_for_wall(page: Page, count: int) -> None:
    """Waits until the wall shows ``count`` pins with their pictures."""
    await expect(page.locator(f"{CARDS} img")).to_have_count(count)


async def test_the_newest_pins_have_their_ages_and_nothing_jumps(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    requested = seen_requests(page)

    await page.goto(site.url)
    await wait_for_wall(page, PINS)

    ids = await page.locator(f"{CARDS} a").evaluate_all("links => links.map(link => link.dataset.pin)")
    assert ids == list(reversed(site.published[:PINS]))
    await expect(page.locator(".live")).to_contain_text("Live")
    await expect(page.locator(f"{CARDS} .age").first).to_contain_text(re.compile(r"\d+ (s|min)"))
    assert {url.split("/")[2] for url in requested} == {site.url.split("/")[2]}
    pictures = [url for url in requested if "/v1/pins/" in url]
    assert len(pictures) == PINS
    assert all("/thumbnail?" in url for url in pictures)
    assert await layout_shift(page) < 0.1


async def test_a_wall_grows_as_pins_become_searchable_and_loses_what_is_deleted(
    own_site: Site, new_page: NewPage
) -> None:
    page = await new_page()
    await page.goto(own_site.url)
    await expect(page.get_by_role("heading", name="No pins yet")).to_be_visible()
    await expect(page.get_by_text("pinstream publish --images")).to_be_visible()

    first = own_site.publish(0)
    await wait_for_wall(page, 1)
    await expect(page.get_by_role("heading", name="No pins yet")).to_have_count(0)
    second = own_site.publish(1)
    await wait_for_wall(page, 2)

    newest = page.locator(f"{CARDS} a").first
    await expect(newest).to_have_attribute("data-pin", second)
    await expect(newest.locator(".age")).to_contain_text(re.compile("now|s"))
    before = await newest.locator(".age").inner_text()
    await expect(newest.locator(".age")).not_to_have_text(before)
    own_site.delete(second)
    await wait_for_wall(page, 1)
    await expect(newest).to_have_attribute("data-pin", first)


async def test_a_pin_that_was_saved_again_is_shown_once_and_first(own_site: Site, new_page: NewPage) -> None:
    own_site.publish(0, age_s=60)
    own_site.publish(1, age_s=30)
    page = await new_page()
    await page.goto(own_site.url)
    await wait_for_wall(page, 2)

    own_site.publish(0, title="Saved anew")

    await expect(page.locator(f"{CARDS} a").first).to_contain_text("Saved anew")
    await wait_for_wall(page, 2)


async def test_who_reads_or_pauses_is_not_disturbed(own_site: Site, new_page: NewPage, screen: str) -> None:
    for number in range(14):
        own_site.publish(number, age_s=100 - number)
    page = await new_page(screen)
    await page.goto(own_site.url)
    await wait_for_wall(page, 14)

    await page.evaluate("scrollTo(0, 600)")
    own_site.publish(14)
    arrivals = page.locator(".arrivals")
    await expect(arrivals).to_have_text("1 new pin")
    await wait_for_wall(page, 14)
    await arrivals.click()
    await wait_for_wall(page, 15)
    await page.wait_for_function("() => scrollY === 0")

    live = page.locator(".live")
    await live.click()
    await expect(live).to_have_attribute("aria-pressed", "true")
    own_site.publish(15)
    await expect(arrivals).to_have_text("1 new pin")
    await live.click()
    await wait_for_wall(page, 16)


async def test_the_keyboard_opens_a_pin_and_returns_to_it(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(site.url)
    await wait_for_wall(page, PINS)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the pins")).to_be_focused()
    await page.keyboard.press("Enter")
    stop = page.locator(f"{CARDS} a:focus")
    for _ in range(3):
        await page.keyboard.press("Tab")
        if await stop.count():
            break
    await expect(page.locator(f"{CARDS} a").first).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    chosen = await stop.get_attribute("data-pin")
    assert await page.locator(f"{CARDS} a[tabindex='0']").count() == 1
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/pins/{chosen}")
    await expect(page.locator("#view h1")).to_be_focused()
    await page.go_back()

    await expect(page.locator(f"{CARDS} a[data-pin='{chosen}']")).to_be_focused()


async def test_scroll_position_survives_a_look_at_a_pin(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(site.url)
    await wait_for_wall(page, PINS)
    await page.evaluate("scrollTo(0, 500)")
    card = page.locator(f"{CARDS} a").nth(8)
    await card.scroll_into_view_if_needed()
    before = await page.evaluate("scrollY")

    await card.click()
    await expect(page.locator(".pin h1")).to_be_visible()
    assert await page.evaluate("scrollY") == 0
    await page.go_back()

    await expect(card).to_be_visible()
    await page.wait_for_function("top => Math.abs(scrollY - top) < 2", arg=before)


async def test_a_service_that_is_away_is_asked_until_it_is_back(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen, expect=("Failed to load resource",))
    await page.route("**/v1/fresh*", lambda route: route.abort())
    await page.goto(site.url)
    await expect(page.get_by_role("heading", name="The service does not answer")).to_be_visible()
    await expect(page.locator(".live")).to_contain_text("Reconnecting")

    await page.unroute("**/v1/fresh*")
    await page.get_by_role("button", name="Try again now").click()

    await wait_for_wall(page, PINS)
    await expect(page.locator(".live")).to_contain_text("Live")


async def test_a_picture_that_is_gone_is_drawn(own_site: Site, new_page: NewPage) -> None:
    own_site.bench.web.pictures["https://pictures/no-such.jpg"] = FetchRefused("HTTP 404")
    own_site.publish(3, pin_id="lost", image_url="https://pictures/no-such.jpg", title="Lost picture")
    page = await new_page()
    async with page.expect_response(re.compile("/v1/pins/lost/thumbnail")) as answered:
        await page.goto(own_site.url)
    await wait_for_wall(page, 1)

    assert (await answered.value).headers["x-pinstream-placeholder"]
    assert await page.locator(f"{CARDS} img").evaluate("img => img.naturalWidth > 0")


async def test_colours_follow_the_system_until_somebody_chooses(site: Site, new_page: NewPage) -> None:
    page = await new_page(scheme="dark")
    await page.goto(site.url)
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = await page.evaluate(paper)

    await page.get_by_role("button", name="Switch to light colours").click()
    light = await page.evaluate(paper)
    await page.reload()

    assert dark != light
    assert await page.evaluate(paper) == light
    await expect(page.get_by_role("button", name="Switch to dark colours")).to_be_visible()


async def test_an_unknown_address_has_a_notice(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await page.goto(f"{site.url}/?pin=no%20such%20name")
    await expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()

    await page.get_by_role("link", name="See the newest pins").click()

    await wait_for_wall(page, PINS)
