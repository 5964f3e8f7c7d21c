"""Files are read only inside the allowed folders, and S3 addresses only through the gateway."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from fetch.errors import FetchRefused
from tests.fetch.servers import HERE, PICTURE, fetch, is_refused, redirecting, site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    (root / "inner").mkdir(parents=True)
    (root / "pin.jpg").write_bytes(PICTURE)
    (root / "inner" / "böse #1.jpg").write_bytes(PICTURE)
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "pictures-private").mkdir()
    (tmp_path / "pictures-private" / "pin.jpg").write_bytes(b"secret")
    (root / "link.jpg").symlink_to(tmp_path / "secret")
    (root / "way").symlink_to(tmp_path)
    (root / "alias.jpg").symlink_to("inner/böse #1.jpg")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe.jpg")
    return root


@pytest.mark.parametrize("name", ["pin.jpg", "inner/b%C3%B6se%20%231.jpg", "inner/../pin.jpg", "alias.jpg"])
async def test_a_file_inside_an_allowed_folder_is_read(folder: Path, name: str) -> None:
    assert await fetch(f"file://{folder}/{name}", replace(HERE, file_roots=(folder,))) == PICTURE


async def test_nothing_else_is_read_from_the_disk(folder: Path) -> None:
    names = [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "link.jpg",
        "way/secret",
        "../pictures-private/pin.jpg",
        "loop",
        "pipe.jpg",
        "inner",
        "",
        "missing.jpg",
        "pin.jpg/x",
        "pin.jpg%00.png",
        "x" * 300,
    ]
    policy = replace(HERE, file_roots=(folder,))

    assert [name for name in names if not await is_refused(f"file://{folder}/{name}", policy)] == []


async def test_a_file_over_the_limit_is_refused(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="limit is 100"):
        await fetch(f"file://{folder}/pin.jpg", replace(HERE, file_roots=(folder,), max_bytes=100))


async def test_a_file_on_another_host_is_refused(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="no host"):
        await fetch(f"file://server{folder}/pin.jpg", replace(HERE, file_roots=(folder,)))


async def test_files_are_refused_unless_a_folder_is_allowed(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="not allowed"):
        await fetch(f"file://{folder}/pin.jpg")


async def test_a_redirect_to_a_file_is_refused_even_where_files_are_allowed(folder: Path) -> None:
    async with site(redirecting(f"file://{folder}/pin.jpg")) as base:
        with pytest.raises(FetchRefused, match="'file' is not allowed"):
            await fetch(f"{base}/pin", replace(HERE, file_roots=(folder,)))


@pytest.mark.parametrize("address", ["s3://pins/a/..%2f..%2f..%2fadmin", "s3://../admin"])
async def test_an_s3_address_stays_in_its_bucket(address: str) -> None:
    with pytest.raises(FetchRefused, match="leads out of the bucket"):
        await fetch(address, replace(HERE, s3_endpoint="http://127.0.0.1:9/store"))


async def test_an_s3_address_is_read_through_the_gateway() -> None:
    requests: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request.raw_path)
        return web.Response(body=PICTURE)

    async with site(web.get("/{any:.*}", answer)) as base:
        assert await fetch("s3://pins/2026/a%20b.jpg", replace(HERE, s3_endpoint=f"{base}/store")) == PICTURE

    assert requests == ["/store/pins/2026/a%20b.jpg"]
