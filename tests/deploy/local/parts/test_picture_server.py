from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from deploy.local.parts.picture_part import IDENTITY
from deploy.local.parts.picture_server import application
from deploy.local.ports import HOST, free_ports


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Path, str]]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "sub").mkdir()
    (folder / "sub" / "one.jpg").write_bytes(b"\xff\xd8picture")
    (tmp_path / "secret.txt").write_text("secret")
    runner = web.AppRunner(application(folder))
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, HOST, port).start()
    yield folder, f"http://{HOST}:{port}"
    await runner.cleanup()


async def test_a_file_is_served_with_its_type_and_parts_of_it_too(served: tuple[Path, str]) -> None:
    folder, url = served

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/sub/one.jpg") as whole:
            content = await whole.read()
        async with session.get(f"{url}/sub/one.jpg", headers={"Range": "bytes=2-3"}) as part:
            some = await part.read()

    assert (whole.status, whole.content_type, content) == (200, "image/jpeg", b"\xff\xd8picture")
    assert (part.status, some) == (206, b"pi")
    assert whole.headers[IDENTITY] == str(folder)


async def test_nothing_outside_the_folder_is_served(served: tuple[Path, str]) -> None:
    folder, url = served
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")

    async with aiohttp.ClientSession() as session:
        statuses = []
        for path in ("/link.txt", "/..%2fsecret.txt", "/sub", "/absent.jpg"):
            async with session.get(url + path) as answer:
                statuses.append(answer.status)
                assert "secret" not in await answer.text()

    assert all(status in (403, 404) for status in statuses), statuses
