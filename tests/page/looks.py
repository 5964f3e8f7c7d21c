"""What a page shows, how much it moved, what it requested, and what axe finds wrong."""

import re
from typing import Final

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

TILES: Final = ".tiles .tile a"

_SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  const add = entries => entries.forEach(entry => { if (!entry.hadRecentInput) sum += entry.value; });
  const observer = new PerformanceObserver(list => add(list.getEntries()));
  observer.observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => { add(observer.takeRecords()); resolve(sum); }));
})"""


async def layout_shift(page: Page) -> float:
    """The cumulative layout shift since the page was opened."""
    shift: float = await page.evaluate(_SHIFT)
    return shift


def seen_requests(page: Page) -> list[str]:
    """The addresses that the page requests from now on, blob: excepted."""
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url) if not request.url.startswith("blob:") else None)
    return requested


async def wait_for_results(page: Page) -> None:
    """Waits until the hits of the current search are shown."""
    await expect(page.locator(".tiles:not([aria-busy])")).to_have_count(1)
    await expect(page.locator(TILES).first).to_be_visible()


async def wait_for_lens(page: Page) -> None:
    """Waits until the photo was answered and its hits are shown."""
    await expect(page.get_by_text(re.compile("^Seen: "))).to_be_visible()
    await wait_for_results(page)


async def pins_shown(page: Page) -> list[str]:
    """The pins of the hits, in order."""
    shown: list[str] = await page.locator(TILES).evaluate_all("links => links.map(link => link.dataset.pin)")
    return shown


async def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong, and where, in light and dark."""
    wrong = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = (await Axe().run(page)).response["violations"]
        wrong += [
            f"{scheme}: {each['id']} ({each['impact']}) {node['html'][:160]}"
            for each in found
            for node in each["nodes"]
        ]
    return wrong
