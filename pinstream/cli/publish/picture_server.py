"""How workers get local pictures: small ones inside the event, others from an HTTP server in this process."""

import base64
import mimetypes
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote

ImageOf = Callable[[Path], Mapping[str, str]]


class PictureServer:
    """Serves the pictures that `url_of` was called for, on 127.0.0.1 and a free port; ``with`` runs it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offered: dict[str, Path] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._offered))
        self._thread = Thread(target=self._server.serve_forever, name="picture-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """``http://127.0.0.1:port``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def offered(self) -> int:
        """The number of pictures that can be fetched."""
        return len(self._offered)

    def url_of(self, picture: Path) -> str:
        """From now on ``picture`` is served there."""
        self._offered["/" + picture.relative_to(self._folder).as_posix()] = picture
        return f"{self.address}/{_quoted(self._folder, picture)}"


def inline(picture: Path) -> Mapping[str, str]:
    """The picture inside the event."""
    return {"inline": base64.b64encode(picture.read_bytes()).decode()}


def image_at(base_url: str, folder: Path) -> ImageOf:
    """Pictures by URL, where another server serves ``folder`` at ``base_url``."""
    return lambda picture: {"url": f"{base_url.rstrip('/')}/{_quoted(folder, picture)}"}


def image_from(server: PictureServer, *, inline_below_bytes: int) -> ImageOf:
    """Small pictures inside the event, others by their URL on ``server``."""

    def image_of(picture: Path) -> Mapping[str, str]:
        if picture.stat().st_size <= inline_below_bytes:
            return inline(picture)
        return {"url": server.url_of(picture)}

    return image_of


def _quoted(folder: Path, picture: Path) -> str:
    return quote(picture.relative_to(folder).as_posix())


def _handler(offered: Mapping[str, Path]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # header and body are two packets; the second would wait 40 ms

        def do_GET(self) -> None:
            picture = offered.get(unquote(self.path))
            try:
                body = picture.read_bytes() if picture else b""
            except OSError:
                picture, body = None, b""
            self.send_response(HTTPStatus.OK if picture else HTTPStatus.NOT_FOUND)
            if picture:
                self.send_header("Content-Type", mimetypes.guess_type(picture.name)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the progress bar is on the screen."""

    return Handler
