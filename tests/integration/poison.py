"""A corpus of events that can never be indexed, and the host that serves the worst pictures."""

import base64
import gzip
import io
import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from tests.integration.drive import fields, picture

GOOD = picture(1)


@dataclass(frozen=True, slots=True)
class Poison:
    """One record, and the stage at which it must be given up."""

    name: str
    key: bytes | None
    value: bytes | None
    stage: str
    headers: tuple[tuple[str, bytes | None], ...] = ()


def corpus(prefix: str, host: str) -> list[Poison]:
    """Every kind there is; pins are called ``prefix`` and the name."""
    return [*_broken_events(prefix), *_broken_keys(prefix), *_broken_pictures(prefix), *_broken_hosts(prefix, host)]


def _broken_events(prefix: str) -> Iterator[Poison]:
    bodies: dict[str, bytes] = {
        "empty": b"",
        "not-json": b"\xff\xfe\x00 no",
        "half-json": b'{"pin_id": "x", ',
        "list": b"[1, 2]",
        "null-word": b"null",
        "deep": b"[" * 100_000,
        "huge-number": b'{"version": ' + b"9" * 5_000 + b"}",
    }
    for name, body in bodies.items():
        yield Poison(name, _key(prefix, name), body, "event")
    changes: dict[str, dict[str, Any]] = {
        "id-number": {"pin_id": 7},
        "version-text": {"version": "1"},
        "version-huge": {"version": 2**70},
        "version-zero": {"version": 0},
        "version-float": {"version": 1.5},
        "domain-unknown": {"domain": "moon"},
        "time-number": {"created_at": 1_700_000_000},
        "labels-text": {"labels": "dress"},
        "price-negative": {"price": -1},
        "title-huge": {"title": "x" * 5_000_000},
        "image-none": {"image": {}},
        "image-both": {"image": {"url": "https://example.org/a.jpg", "inline": "aGVsbG8="}},
        "inline-no-base64": {"image": {"inline": "@@@@"}},
        "url-script": {"image": {"url": "javascript:alert(1)"}},
    }
    for name, change in changes.items():
        yield _json(prefix, name, "event", **change)
    for name in ("version", "image", "domain", "created_at"):
        lacking = fields(f"{prefix}missing-{name}", 1, GOOD)
        del lacking[name]
        yield Poison(f"missing-{name}", _key(prefix, f"missing-{name}"), json.dumps(lacking).encode(), "event")
    for name, version in {"text": b"soon", "negative": b"-1", "huge": b"9" * 30, "empty": b""}.items():
        headers = (("version", version), ("trace", b"\x00\xff"), ("trace", None))
        yield Poison(f"deletion-{name}", _key(prefix, f"deletion-{name}"), None, "event", headers)


def _broken_keys(prefix: str) -> Iterator[Poison]:
    body = json.dumps(fields(f"{prefix}key", 1, GOOD)).encode()
    # No key at all never arrives: Kafka refuses it on a compacted topic.
    keys = {"empty": b"", "other": _key(prefix, "somebody-else"), "long": b"k" * 65, "bytes": b"\xff\xfe"}
    for name, key in {**keys, "slot": f"{prefix}key#0".encode(), "space": b"a b"}.items():
        yield Poison(f"key-{name}", key, body, "event")


def _broken_pictures(prefix: str) -> Iterator[Poison]:
    for name, encoded in {
        "truncated-jpeg": GOOD[: len(GOOD) // 3],
        "header-only": GOOD[:4],
        "text": b"<html>not a picture</html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "bomb": _many_pixels(),
        "lying-png": _lying_png(),
        "lying-gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x00\x00\x00;",
        "noise": bytes(range(256)) * 40,
    }.items():
        image = {"inline": base64.b64encode(encoded).decode()}
        yield _json(prefix, f"picture-{name}", "decode", image=image)


def _broken_hosts(prefix: str, host: str) -> Iterator[Poison]:
    addresses = {
        "404": f"{host}/404",
        "endless": f"{host}/endless",
        "gzip-bomb": f"{host}/gzip-bomb",
        "loop": f"{host}/loop",
        "led-inside": f"{host}/led-inside",
        "refused": "http://127.0.0.1:1/a.jpg",
        "unknown": "http://no-such-host.invalid/a.jpg",
        "metadata": "http://169.254.169.254/latest/meta-data",
        "private": "http://10.0.0.1/a.jpg",
        "loopback-v6": "http://[::1]/a.jpg",
        "file": "file:///etc/passwd",
        "bucket": "s3://bucket/a.jpg",
        "password": "http://user:secret@127.0.0.1/a.jpg",
    }
    for name, url in addresses.items():
        yield _json(prefix, f"host-{name}", "fetch", image={"url": url})
    yield _json(prefix, "host-html", "decode", image={"url": f"{host}/html"})


def _key(prefix: str, name: str) -> bytes:
    return f"{prefix}{name}".encode()


def _json(prefix: str, name: str, stage: str, **change: Any) -> Poison:
    body = {**fields(f"{prefix}{name}", 1, GOOD), **change}
    headers = (("traceparent", b"00-x"), ("traceparent", b"twice"))
    return Poison(name, _key(prefix, name), json.dumps(body).encode(), stage, headers)


def _many_pixels() -> bytes:
    """A whole, valid picture of 64 million pixels in a few kB."""
    packed = io.BytesIO()
    Image.new("1", (8000, 8000)).save(packed, "PNG")
    return packed.getvalue()


def _lying_png() -> bytes:
    """A header that promises 10 thousand million pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


@dataclass(slots=True)
class Host:
    """A host on loopback: broken in the ways of its paths; ``/busy`` answers 503 until ``gone`` is set."""

    url: str
    gone: threading.Event
    asked: list[str]
    """The paths asked for, in order."""


@contextmanager
def broken_host() -> Iterator[Host]:
    """The host, serving until the block ends."""
    gone, asked = threading.Event(), list[str]()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            with_body: dict[str, Callable[[], None]] = {
                "/html": lambda: self._say(200, b"<html>", ("Content-Type", "image/jpeg")),
                "/endless": lambda: self._say(200, b"x" * 1000, ("Content-Length", str(10**12))),
                "/gzip-bomb": lambda: self._say(200, _zeros(), ("Content-Encoding", "gzip")),
                "/loop": lambda: self._say(302, b"", ("Location", "/loop")),
                "/led-inside": lambda: self._say(302, b"", ("Location", "http://169.254.169.254/latest")),
            }
            if self.path.startswith("/busy") and not gone.is_set():
                self._say(503, b"", ("Retry-After", "0"))
            else:
                with_body.get(self.path, lambda: self._say(404, b""))()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if not any(name == "Content-Length" for name, _ in headers):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Host(f"http://127.0.0.1:{server.server_port}", gone, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _zeros() -> bytes:
    return gzip.compress(bytes(64 * 1024 * 1024), compresslevel=9)
