"""Uploads of photos are limited in total and per caller; the rest is refused unread, and slow ones are ended."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial

import httpx
import pytest
from pydantic import SecretStr

from api.settings import ApiSettings, QuotaSettings, ServiceSettings
from tests.api.fakes import RED, Bench, InProcessService, paint_picture, start_service
from tests.api.socket_server import serve_on_socket

PNG = {"content-type": "image/png"}
FORM = {"content-type": "multipart/form-data; boundary=b"}


class Upload:
    """A photo of which only the beginning arrives, until ``goes_on`` is set."""

    def __init__(self, beginning: bytes = paint_picture(RED)) -> None:
        self.beginning = beginning
        self.started, self.goes_on = asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.started.set()
        yield self.beginning
        await self.goes_on.wait()
        yield b""


def permits_in_use(service: InProcessService) -> float:
    return service.deps.metrics.value("pinstream_api_limit_in_use", {"limit": "uploads"})


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        (QuotaSettings(uploads=1, uploads_each=5), "uploads-busy"),
        (QuotaSettings(uploads=5, uploads_each=1), "too-many-uploads"),
    ],
)
async def test_photos_above_the_limit_are_refused_unread(bench: Bench, quota: QuotaSettings, kind: str) -> None:
    bench.settings = ApiSettings(quota=quota)
    slow, next_one = Upload(), Upload()

    async with start_service(bench) as service:
        first = asyncio.create_task(service.client.post("/v1/lens", content=slow, headers=PNG))
        await slow.started.wait()
        refused = await service.client.post("/v1/lens", content=next_one, headers=PNG)
        while_read = permits_in_use(service)
        slow.goes_on.set()
        answer = await first
        after = await service.client.post("/v1/lens", content=paint_picture(RED), headers=PNG)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["type"] == f"urn:pinstream:problem:{kind}"
    assert not next_one.started.is_set()
    assert (while_read, permits_in_use(service)) == (1, 0)
    assert (answer.status_code, after.status_code) == (200, 200)


async def test_a_photo_holds_its_permit_while_it_waits_for_the_models(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(uploads=2, models=1))
    bench.models.answers.clear()

    async with start_service(bench) as service:
        calls = [
            asyncio.create_task(service.client.post("/v1/lens", content=paint_picture(RED), headers=PNG))
            for _ in range(2)
        ]
        while not bench.models.calls:
            await asyncio.sleep(0)
        refused = await service.client.post("/v1/lens", content=paint_picture(RED), headers=PNG)
        bench.models.answers.set()
        statuses = [answer.status_code for answer in await asyncio.gather(*calls)]

    assert refused.json()["type"] == "urn:pinstream:problem:uploads-busy"
    assert statuses == [200, 200]


async def test_callers_with_keys_at_one_address_have_limits_of_their_own(bench: Bench) -> None:
    keys = (SecretStr("one"), SecretStr("two"))
    bench.settings = ApiSettings(api=ServiceSettings(keys=keys), quota=QuotaSettings(uploads_each=1))
    first = Upload()

    async with start_service(bench) as service:

        async def send(content: bytes | Upload, key: str) -> int:
            headers = {**PNG, "authorization": f"Bearer {key}"}
            return (await service.client.post("/v1/lens", content=content, headers=headers)).status_code

        holding = asyncio.create_task(send(first, "one"))
        await first.started.wait()
        statuses = [await send(paint_picture(RED), key) for key in ("one", "two")]
        first.goes_on.set()

        assert (statuses, await holding) == ([429, 200], 200)


@pytest.mark.parametrize(
    ("headers", "beginning"), [(PNG, paint_picture(RED)), (FORM, b"--b\r\n")], ids=["bare", "form"]
)
async def test_a_photo_that_does_not_arrive_loses_its_permit(
    bench: Bench, headers: dict[str, str], beginning: bytes
) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(upload_s=0.05))

    async with start_service(bench) as service:
        answer = await service.client.post("/v1/lens", content=Upload(beginning), headers=headers)
        in_use = permits_in_use(service)

    assert (answer.status_code, answer.json()["type"]) == (408, "urn:pinstream:problem:upload-too-slow")
    assert answer.headers["connection"] == "close"
    assert in_use == 0
    assert bench.models.calls == 0


def test_slow_uploads_over_sockets_are_bounded_and_ended(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(uploads=2, upload_s=1.0))

    with serve_on_socket(bench) as service, ExitStack() as sockets:
        slow = [sockets.enter_context(start_upload(service.address)) for _ in range(2)]
        while service.deps.metrics.value("pinstream_api_limit_in_use", {"limit": "uploads"}) != 2:
            threading.Event().wait(0.01)
        refused = sockets.enter_context(start_upload(service.address)).recv(65536)
        answers = [b"".join(iter(partial(each.recv, 65536), b"")) for each in slow]  # until the service closes
        after = httpx.post(f"{service.address}/v1/lens", content=paint_picture(RED), headers=PNG, timeout=30)

    assert refused.startswith(b"HTTP/1.1 429")
    assert [each.split(b"\r\n")[0] for each in answers] == [b"HTTP/1.1 408 Request Timeout"] * 2
    assert after.status_code == 200


def start_upload(address: str) -> socket.socket:
    """Sends only the beginning of a large upload."""
    host, _, port = address.removeprefix("http://").partition(":")
    opened = socket.create_connection((host, int(port)), timeout=30)
    head = "POST /v1/lens HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n"
    opened.sendall(head.encode() + bytes(1000))
    return opened
