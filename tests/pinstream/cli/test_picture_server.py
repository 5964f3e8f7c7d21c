"""Pictures of this machine, fetched by others."""

import base64
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pinstream.cli.publish.picture_server import PictureServer, image_at, image_from, inline


def ask(url: str, *, path: str | None = None) -> tuple[int, bytes, HTTPResponse]:
    """One GET, its path sent as it stands."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    connection.request("GET", place.path if path is None else path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PictureServer]:
    with PictureServer(tmp_path) as running:
        yield running


def test_an_offered_picture_is_served_with_its_type(tmp_path: Path, server: PictureServer) -> None:
    picture = tmp_path / "sub" / "100% rot! é.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"picture")

    status, body, answer = ask(server.url_of(picture))

    assert (status, body) == (200, b"picture")
    assert answer.headers["content-type"] == "image/jpeg"


def test_nothing_else_of_the_folder_is_served(tmp_path: Path, server: PictureServer) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "open.jpg").write_bytes(b"open")
    server.url_of(tmp_path / "open.jpg")

    for path in ("/secret.jpg", "/", "/../secret.jpg", "/open.jpg/../secret.jpg"):
        assert ask(server.address, path=path)[:2] == (404, b"")


def test_a_picture_that_went_away_is_not_found(tmp_path: Path, server: PictureServer) -> None:
    url = server.url_of(tmp_path / "gone.jpg")

    assert ask(url)[0] == 404


def test_one_connection_serves_many_pictures(tmp_path: Path, server: PictureServer) -> None:
    (tmp_path / "a.png").write_bytes(b"a" * 100_000)
    url = server.url_of(tmp_path / "a.png")

    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    for _ in range(20):
        connection.request("GET", "/a.png")
        assert len(connection.getresponse().read()) == 100_000
    connection.close()


def test_small_pictures_travel_inside(tmp_path: Path, server: PictureServer) -> None:
    small, large = tmp_path / "small.jpg", tmp_path / "large.jpg"
    small.write_bytes(b"x" * 10)
    large.write_bytes(b"x" * 11)
    image_of = image_from(server, inline_below_bytes=10)

    assert image_of(small) == inline(small) == {"inline": base64.b64encode(b"x" * 10).decode()}
    assert image_of(large) == {"url": f"{server.address}/large.jpg"}
    assert server.offered == 1


def test_a_folder_that_is_served_elsewhere(tmp_path: Path) -> None:
    image_of = image_at("https://cdn.example.org/pins/", tmp_path)

    assert image_of(tmp_path / "a b.jpg") == {"url": "https://cdn.example.org/pins/a%20b.jpg"}
