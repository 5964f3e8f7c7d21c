"""The browser that tests and screenshots use: Debian's chromium, with a camera that is not there."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, ViewportSize, async_playwright

SCREENS: Final[dict[str, ViewportSize]] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
_FLAGS: Final = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-gpu",
)


class NoBrowser(Exception):
    """There is no chromium; the message says where from."""


@asynccontextmanager
async def launch_browser() -> AsyncIterator[Browser]:
    """A browser without a window, until the block ends; raises NoBrowser."""
    found = shutil.which("chromium")
    if found is None:
        raise NoBrowser("no chromium on the path: the page is tested in Debian's (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def browser_or_skip() -> AsyncIterator[Browser]:
    """The same for a test, which is skipped where there is none."""
    try:
        async with launch_browser() as browser:
            yield browser
    except NoBrowser as exc:
        pytest.skip(str(exc))
