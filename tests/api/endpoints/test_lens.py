"""Lens: hits for the whole photo and its objects; photos are turned upright, limited, and not kept."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from api.settings import ApiSettings, QuotaSettings
from inference.detect import Detection
from inference.images import Box
from tests.api.fakes import BLUE, GREEN, RED, WHITE, Bench, paint_picture, start_service

BAG = Box(0.25, 0.25, 0.75, 0.75)
PNG = {"content-type": "image/png"}


async def test_a_photo_is_understood_and_its_objects_find_theirs(bench: Bench) -> None:
    bench.models.objects = (Detection("bag", 0.9, BAG),)
    bench.pin("bag", GREEN, ("bag", Box(0.1, 0.1, 0.3, 0.3), BLUE))
    bench.pin("like", (205, 215, 240))

    async with start_service(bench) as service:
        photo = paint_picture(WHITE, (BAG, BLUE))
        answer = (await service.client.post("/v1/lens", content=photo, headers=PNG)).json()

    assert answer["understood"] == {
        "width_px": 200,
        "height_px": 100,
        "objects": [{"label": "bag", "score": 0.9, "box": [0.25, 0.25, 0.75, 0.75]}],
        "dominant": 0,
    }
    first, *others = answer["hits"]
    assert (first["pin_id"], first["slot"], first["source"], first["object"]) == ("bag", 1, "object", 0)
    assert [(hit["pin_id"], hit["source"], hit["object"]) for hit in others] == [("like", "picture", None)]
    assert 1 >= first["relevance"] >= others[0]["relevance"] >= 0


async def test_a_form_does_as_well_as_the_bare_photo(bench: Bench) -> None:
    bench.pin("red", RED)

    async with start_service(bench) as service:
        files = {"photo": ("photo.png", paint_picture(RED), "image/png")}
        answer = await service.client.post("/v1/lens?limit=1", files=files, data={"note": "x"})

    assert [hit["pin_id"] for hit in answer.json()["hits"]] == ["red"]


async def test_a_photo_taken_on_its_side_is_turned_upright(bench: Bench) -> None:
    picture = Image.open(io.BytesIO(paint_picture(WHITE, width=200, height=100)))
    sideways = io.BytesIO()
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(sideways, "JPEG", exif=exif)

    async with start_service(bench) as service:
        headers = {"content-type": "image/jpeg"}
        answer = await service.client.post("/v1/lens", content=sideways.getvalue(), headers=headers)

    understood = answer.json()["understood"]
    assert (understood["width_px"], understood["height_px"]) == (100, 200)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "field"),
    [
        (b"", "image/png", 422, "photo"),
        (b"no picture at all", "image/png", 422, "photo"),
        (b"%PDF-1.4", "application/pdf", 415, "content-type"),
        (b"x", "multipart/form-data", 422, "body"),
        (b"--b\r\n\r\n--b--", "multipart/form-data; boundary=b", 422, "body"),
        (
            b'--b\r\nContent-Disposition: form-data; name="photo"\r\n\r\ntext\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            422,
            "photo",
        ),
    ],
)
async def test_what_is_no_photo_is_refused_with_a_reason(
    bench: Bench, content: bytes, content_type: str, status: int, field: str
) -> None:
    async with start_service(bench) as service:
        answer = await service.client.post("/v1/lens", content=content, headers={"content-type": content_type})

    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_a_photo_of_too_many_pixels_is_refused_before_it_is_decoded(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(photo_pixels=1000))
    made, huge = cv2.imencode(".png", np.zeros((100, 100, 3), np.uint8))
    assert made

    async with start_service(bench) as service:
        answer = await service.client.post("/v1/lens", content=huge.tobytes(), headers=PNG)

    assert answer.status_code == 422
    assert "limit of 1000" in answer.json()["detail"]
    assert bench.models.calls == 0


async def test_a_photo_leaves_nothing_behind(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)

    async with start_service(bench) as service:
        photo = paint_picture(RED)
        for _ in range(2):
            await service.client.post("/v1/lens", content=photo, headers=PNG)
        counted = service.deps.metrics.value("pinstream_api_cache_misses_total", {"cache": "pictures"})

    assert bench.models.crops == 2, "the second photo is not served from a cache"
    assert counted == 0
    assert not [record for record in caplog.records if record.name.startswith(("api", "inference"))]
