"""A pin: its picture with dots, Related Pins, Similar Looks, Flashlight; and what is said of one that is not there."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.api.fakes import event
from tests.page.conftest import NewPage
from tests.page.looks import TILES, layout_shift, pins_shown, wait_for_results
from tests.page.site import OUTFIT, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_outfit(page: Page, site: Site, query: str = "") -> None:
    """Opens the outfit, and waits for its hits."""
    await page.goto(f"{site.url}/pins/{outfit(site)}{query}")
    await wait_for_results(page)


def outfit(site: Site) -> str:
    return site.published[OUTFIT]


async def test_an_address_opens_a_pin_with_its_objects_and_related_pins(
    site: Site, new_page: NewPage, screen: str
) -> None:
    page = await new_page(screen)
    await open_outfit(page, site)

    await expect(page).to_have_title(re.compile("Outfit: .* · pinstream"))
    await expect(page.get_by_role("img", name=re.compile("Outfit"))).to_be_visible()
    await expect(page.locator(".dot")).to_have_count(3)
    await expect(page.get_by_role("navigation", name="What to look for").get_by_role("link")).to_have_count(4)
    related = await pins_shown(page)
    assert outfit(site) not in related
    assert len(related) == len(set(related)) > 5
    assert await layout_shift(page) < 0.1


async def test_a_dot_shows_its_box_and_leads_to_similar_looks(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await open_outfit(page, site)
    dot = page.get_by_role("button", name=re.compile("^Skirt, "))
    await dot.focus()
    await expect(page.locator(".outline.hovered .outline-name")).to_have_text(re.compile("Skirt"))

    await dot.click()
    await expect(page).to_have_url(re.compile(r"\?object=\d$"))
    await expect(page.get_by_role("heading", name="Like the skirt")).to_be_attached()
    await wait_for_results(page)
    await expect(page.get_by_role("link", name="Skirt", exact=True)).to_have_attribute("aria-current", "true")
    narrow = await pins_shown(page)
    await expect(page.locator(".match")).not_to_have_count(0)

    await page.get_by_role("switch", name="Skirt only").press("Space")
    await expect(page).to_have_url(re.compile("label=any$"))
    await expect(page.get_by_role("switch", name="Skirt only")).to_be_focused()
    await wait_for_results(page)
    await expect(page.get_by_role("switch", name="Skirt only")).to_have_attribute("aria-checked", "false")
    wide = await pins_shown(page)
    await page.get_by_role("switch", name="Shop only").click()
    await expect(page).to_have_url(re.compile("label=any&shop=1$"))
    await wait_for_results(page)
    shop = await pins_shown(page)

    assert set(narrow) <= set(wide)
    assert len(wide) > len(narrow)
    assert set(shop) < set(wide)
    assert await page.locator(".tile-price").count() == len(shop)


async def test_back_and_forward_go_through_what_was_asked(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(site.url)
    await page.locator(f".card a[data-pin='{outfit(site)}']").click()
    await wait_for_results(page)
    await page.get_by_role("link", name="Dress", exact=True).click()
    await wait_for_results(page)
    similar = page.url
    other = page.locator(TILES).first
    name = await other.get_attribute("data-pin")
    await other.click()
    await expect(page).to_have_url(f"{site.url}/pins/{name}")
    await wait_for_results(page)

    await page.go_back()
    await expect(page).to_have_url(similar)
    await expect(page.locator(".outline.chosen")).to_have_count(1)
    await page.go_back()
    await expect(page.get_by_role("link", name="Related pins")).to_have_attribute("aria-current", "true")
    await page.go_forward()
    await expect(page).to_have_url(similar)
    await page.go_back()
    await page.get_by_role("link", name="Back").click()

    await expect(page).to_have_url(f"{site.url}/")
    await expect(page.locator(f".card a[data-pin='{outfit(site)}']")).to_be_focused()


async def test_pictures_grow_and_shrink_where_motion_is_welcome(site: Site, new_page: NewPage) -> None:
    page = await new_page(moving=True)
    await page.goto(site.url)
    await page.locator(f".card a[data-pin='{outfit(site)}']").click()
    await wait_for_results(page)
    await page.locator(TILES).first.click()
    await expect(page).not_to_have_url(re.compile(outfit(site)))
    await wait_for_results(page)

    await page.go_back()
    await wait_for_results(page)
    await page.go_back()

    await expect(page.locator(f".card a[data-pin='{outfit(site)}']")).to_be_focused()


async def test_flashlight_follows_the_mouse(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    await open_outfit(page, site)
    before = await pins_shown(page)
    frame = await page.locator(".frame").bounding_box()
    assert frame is not None
    requested: list[str] = []
    page.on(
        "request", lambda request: requested.append(request.url) if request.url.endswith("/v1/flashlight") else None
    )

    await page.mouse.move(frame["x"] + 0.62 * frame["width"], frame["y"] + 0.1 * frame["height"])
    await page.mouse.down()
    await page.mouse.move(frame["x"] + 0.9 * frame["width"], frame["y"] + 0.5 * frame["height"], steps=5)
    async with page.expect_response("**/v1/flashlight"):
        await page.mouse.move(frame["x"] + 0.94 * frame["width"], frame["y"] + 0.68 * frame["height"], steps=5)
    await expect(page.locator(".flashlight-box")).to_be_visible()
    during = len(requested)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile(r"\?box=0\.62,0\.1,0\.9\d*,0\.6\d*$"))
    await wait_for_results(page)

    assert 1 <= during <= len(requested)
    assert await layout_shift(page) < 0.1
    assert await pins_shown(page) != before
    address = page.url
    await page.reload()
    await wait_for_results(page)
    await expect(page).to_have_url(address)
    await expect(page.locator(".flashlight-box")).to_be_visible()


async def test_flashlight_snaps_to_an_object_on_request(site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen)
    await open_outfit(page, site)
    await page.get_by_role("link", name="Pants", exact=True).click()
    await wait_for_results(page)
    objects = await page.evaluate("async id => (await (await fetch(`/v1/pins/${id}`)).json()).objects", outfit(site))
    left, top, right, bottom = next(found["box"] for found in objects if found["label"] == "Pants")
    around = [left, top, right - 0.03, bottom - 0.03]

    await open_outfit(page, site, "?box=" + ",".join(f"{side:.3f}" for side in around))
    await page.get_by_role("button", name="Snap to pants").click()

    snapped = ",".join(f"{side:.3f}".rstrip("0").rstrip(".") for side in (left, top, right, bottom))
    await expect(page).to_have_url(re.compile(re.escape(f"?box={snapped}") + "$"))
    await expect(page.get_by_role("button", name="Snap to pants")).to_be_hidden()


async def test_flashlight_by_keys(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    await open_outfit(page, site)
    await page.get_by_role("button", name="Flashlight").press("Enter")
    box = page.get_by_role("application")
    await expect(box).to_be_focused()
    await expect(page).to_have_url(re.compile(r"\?box=0\.3,0\.3,0\.7,0\.7$"))

    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift+ArrowLeft")

    await expect(page).to_have_url(re.compile(r"\?box=0\.32,0\.32,0\.7,0\.72$"))
    await expect(box).to_have_attribute("aria-label", re.compile("left 32 %, top 32 %, 38 % wide, 40 % high"))
    await wait_for_results(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Flashlight")).to_be_focused()
    await expect(page).to_have_url(f"{site.url}/pins/{outfit(site)}")
    await wait_for_results(page)


async def test_a_finger_drags_the_lit_flashlight(site: Site, new_page: NewPage) -> None:
    page = await new_page("phone")
    await open_outfit(page, site, "?box=0.1,0.1,0.4,0.4")
    frame = await page.locator(".frame").bounding_box()
    assert frame is not None
    finger = await page.context.new_cdp_session(page)

    async def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": frame["x"] + x * frame["width"], "y": frame["y"] + y * frame["height"]} for x, y in points]
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    await touch("touchStart", (0.25, 0.25))
    for step in (0.3, 0.4, 0.5, 0.55):
        await touch("touchMove", (step, step))
    await touch("touchEnd")

    await expect(page).to_have_url(re.compile(r"\?box=0\.4,0\.4,0\.7,0\.7$"))
    assert await page.evaluate("scrollY") == 0
    await wait_for_results(page)


async def test_an_object_that_does_not_exist_is_reported(site: Site, new_page: NewPage) -> None:
    page = await new_page(expect=("Failed to load resource",))

    await page.goto(f"{site.url}/pins/{outfit(site)}?object=99")

    await expect(page.get_by_text("That did not work")).to_be_visible()
    await expect(page.get_by_text("has no object 99")).to_be_visible()


async def test_the_way_back_shows_at_once_what_was_there(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    await open_outfit(page, site)
    before = await pins_shown(page)
    await page.evaluate("scrollTo(0, 400)")
    far = page.locator(TILES).nth(9)
    await far.click()
    await expect(page.locator("#view h1")).to_be_focused()
    await wait_for_results(page)
    await page.route(re.compile(r"/v1/pins/[^/]+(/related.*)?$"), lambda route: route.abort())

    await page.go_back()

    await expect(page.locator("#view h1")).to_contain_text("Outfit")
    await page.wait_for_function("() => scrollY > 100")
    assert await pins_shown(page) == before


async def test_a_finger_scrolls_until_the_flashlight_is_lit(site: Site, new_page: NewPage) -> None:
    page = await new_page("phone")
    await open_outfit(page, site)
    await expect(page.locator(".frame")).not_to_have_css("touch-action", "none")

    await page.get_by_role("button", name="Flashlight").tap()

    await expect(page.locator(".flashlight-box")).to_be_visible()
    await expect(page.locator(".frame")).to_have_css("touch-action", "none")
    await wait_for_results(page)
    await expect(page.locator(".frame")).to_be_in_viewport()


async def test_the_latest_question_wins(site: Site, new_page: NewPage) -> None:
    page = await new_page()
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await open_outfit(page, site)
    await page.route("**/objects/*/similar*", hold)
    await page.get_by_role("link", name="Dress", exact=True).click()
    await page.get_by_role("link", name="Related pins").click()
    await wait_for_results(page)
    latest = await pins_shown(page)
    held.set()
    await page.unroute_all(behavior="wait")

    assert await pins_shown(page) == latest
    await expect(page.get_by_role("link", name="Related pins")).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("unknown", "No such pin"),
        ("deleted", "This pin was deleted"),
        ("dead", "This pin could not be indexed"),
    ],
)
async def test_a_pin_that_is_not_there_says_why(own_site: Site, new_page: NewPage, state: str, says: str) -> None:
    page = await new_page(expect=("Failed to load resource",))
    if state == "deleted":
        own_site.publish(0, pin_id="p")
        own_site.delete("p")
    if state == "dead":
        own_site.add_outcome("p", "dead", reason="the picture has 3 pixels")

    await page.goto(f"{own_site.url}/pins/p")

    await expect(page.get_by_role("heading", name=says)).to_be_visible()
    await expect(page).to_have_title(re.compile(says))
    if state == "dead":
        await expect(page.get_by_text("the picture has 3 pixels")).to_be_visible()
    await expect(page.get_by_role("link", name="See the newest pins")).to_be_visible()


async def test_a_pin_on_its_way_opens_by_itself(own_site: Site, new_page: NewPage, screen: str) -> None:
    page = await new_page(screen, expect=("Failed to load resource",))
    own_site.deps.recent_pins.add_event("soon", event(10_000))
    await page.goto(f"{own_site.url}/pins/soon")
    await expect(page.get_by_role("heading", name="This pin is on its way")).to_be_visible()

    own_site.publish(OUTFIT, pin_id="soon")

    await expect(page.get_by_role("heading", name=re.compile("Outfit"))).to_be_visible()
    await expect(page.get_by_text("Nothing similar yet")).to_be_visible()


async def test_a_pin_deleted_while_it_is_looked_at_says_so(own_site: Site, new_page: NewPage) -> None:
    page = await new_page(expect=("Failed to load resource",))
    for number in (OUTFIT, 1, 5):
        own_site.publish(number)
    await page.goto(f"{own_site.url}/pins/{own_site.published[0]}")
    await wait_for_results(page)

    own_site.delete(own_site.published[0])
    await page.get_by_role("switch", name="Shop only").click()

    await expect(page.get_by_role("heading", name="This pin was deleted")).to_be_visible()


async def test_a_busy_service_is_asked_again(site: Site, new_page: NewPage) -> None:
    page = await new_page(expect=("Failed to load resource",))
    refusals = 2

    async def busy(route: Route) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            await route.fulfill(status=429, headers={"Retry-After": "1"}, json={"detail": "busy"})
        else:
            await route.continue_()

    await page.route("**/related*", busy)
    await page.goto(f"{site.url}/pins/{outfit(site)}")
    await expect(page.get_by_text("The service is busy")).to_be_visible()

    await wait_for_results(page)

    assert refusals == -1


async def test_more_can_be_asked_for_until_that_is_all(own_site: Site, new_page: NewPage) -> None:
    for number in range(30):
        own_site.publish(number)
    page = await new_page()
    await open_outfit(page, own_site)
    first = await pins_shown(page)

    await page.get_by_role("button", name="Show more").click()
    await expect(page.get_by_text("That is all there is.")).to_be_visible()

    everything = await pins_shown(page)
    assert everything[: len(first)] == first
    assert len(everything) == len(set(everything)) == 29
    await expect(page.locator(TILES).nth(len(first))).to_be_focused()


async def test_no_hits_offer_to_drop_a_filter(own_site: Site, new_page: NewPage) -> None:
    own_site.publish(OUTFIT)
    other = own_site.publish(2)
    page = await new_page()
    await page.goto(f"{own_site.url}/pins/{own_site.published[0]}?object=1")
    await expect(page.get_by_text("No other dress yet")).to_be_visible()

    await page.get_by_role("button", name="Any kind").click()

    await wait_for_results(page)
    assert await pins_shown(page) == [other]


async def test_a_service_with_keys_asks_for_one(site: Site, new_page: NewPage) -> None:
    page = await new_page(expect=("Failed to load resource",))

    async def guard(route: Route) -> None:
        if "pinstream_key=open-sesame" in (await route.request.all_headers()).get("cookie", ""):
            await route.continue_()
        else:
            await route.fulfill(status=401, json={"detail": "give an API key"})

    await page.route("**/v1/**", guard)
    await page.goto(f"{site.url}/pins/{outfit(site)}")
    await page.locator("#view").get_by_label("Key").fill("open-sesame")
    await page.locator("#view").get_by_role("button", name="Open").click()

    await wait_for_results(page)


async def test_links_of_pins_are_followed_only_where_that_is_safe(own_site: Site, new_page: NewPage) -> None:
    own_site.publish(0, pin_id="good", link="https://example.org/shop")
    own_site.publish(1, pin_id="evil", link="javascript:alert(1)", title="<img src=x onerror=alert(1)>")
    page = await new_page()
    await page.goto(f"{own_site.url}/pins/good")
    await expect(page.get_by_role("link", name="example.org")).to_have_attribute("rel", "noopener noreferrer nofollow")

    await page.goto(f"{own_site.url}/pins/evil")

    await expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>")).to_be_visible()
    await expect(page.locator("a[href^='javascript']")).to_have_count(0)
