"""One browser for all tests of the page, a context for each, and sites for them to look at."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, expect

from tests.page.browser import SCREENS, browser_or_skip
from tests.page.site import OUTFIT, Site, picture, running

PINS = 16
TIMEOUT_MS = 45_000
"""For conditions: this machine may be busy."""
expect.set_options(timeout=TIMEOUT_MS)

NewPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's browser."""
    async with browser_or_skip() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """A service with pins, for tests that leave it as it is."""
    async with running() as started:
        for number in range(PINS):
            started.publish(number, age_s=(PINS - number) * 7.0)
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def own_site() -> AsyncIterator[Site]:
    """A service without pins, for one test."""
    async with running() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(chromium: Browser) -> AsyncIterator[NewPage]:
    """Opens pages, each in a context of its own; at the end their consoles must be empty.

    ``expect`` lists parts of console messages that the test causes on purpose.
    """
    messages: list[str] = []
    expected: list[str] = []

    async with AsyncExitStack() as stack:

        async def open_page(
            screen: str = "desktop", *, scheme: str = "light", moving: bool = False, expect: tuple[str, ...] = ()
        ) -> Page:
            context = await chromium.new_context(
                viewport=SCREENS[screen],
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="no-preference" if moving else "reduce",
                is_mobile=screen == "phone",
                has_touch=screen == "phone",
                permissions=["clipboard-read", "clipboard-write"],
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(TIMEOUT_MS)
            page = await context.new_page()
            expected.extend(expect)
            page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: messages.append(f"uncaught: {error}"))
            return page

        yield open_page
    wrong = [line for line in messages if not any(part in line for part in expected)]
    assert not wrong, wrong


@pytest.fixture(params=list(SCREENS))
def screen(request: pytest.FixtureRequest) -> str:
    """Each test that asks for this runs on a desktop and on a phone."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of the outfit as a phone would take it: lying on its side, and saying where it was taken."""
    upright = Image.open(io.BytesIO(picture(OUTFIT)))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Some Camera Maker"
    path = tmp_path / "photo.jpg"
    upright.rotate(90, expand=True).save(path, exif=exif, quality=92)
    return path
