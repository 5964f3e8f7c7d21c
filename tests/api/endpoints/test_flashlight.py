"""Flashlight: a box finds what is like it, snapping is offered, and codes are cached."""

import pytest

from fetch.errors import FetchFailed
from inference.errors import ModelBusy, ModelUnavailable
from inference.images import Box
from tests.api.fakes import BLUE, GREEN, RED, WHITE, Bench, start_service

LEFT, RIGHT = Box(0.0, 0.0, 0.5, 1.0), Box(0.5, 0.0, 1.0, 1.0)


def question(pin_id: str = "q", box: Box = RIGHT, **more: object) -> dict[str, object]:
    return {"pin_id": pin_id, "box": [box.x0, box.y0, box.x1, box.y1], **more}


async def test_a_box_finds_pins_that_show_something_like_it(bench: Bench) -> None:
    bench.pin("q", WHITE, ("bag", RIGHT, BLUE))
    bench.pin("scene", GREEN, ("shoe", LEFT, RED), ("bag", Box(0.2, 0.2, 0.6, 0.6), BLUE))
    bench.pin("whole", (30, 40, 200))

    async with start_service(bench) as service:
        answer = (await service.client.post("/v1/flashlight", json=question())).json()

    found = [(hit["pin_id"], hit["slot"], hit["box"]) for hit in answer["hits"]]
    assert found[:2] == [("scene", 2, [0.2, 0.2, 0.6, 0.6]), ("whole", 0, [0.0, 0.0, 1.0, 1.0])]
    assert answer["box"] == [0.5, 0.0, 1.0, 1.0]


async def test_snapping_is_offered_and_done_when_asked_for(bench: Bench) -> None:
    bench.pin("q", WHITE, ("shoe", LEFT, RED), ("bag", RIGHT, BLUE))
    drawn = Box(0.55, 0.1, 1.0, 0.9)

    async with start_service(bench) as service:
        offered = (await service.client.post("/v1/flashlight", json=question(box=drawn))).json()
        snapped = (await service.client.post("/v1/flashlight", json=question(box=drawn, snap=True))).json()
        nothing = (await service.client.post("/v1/flashlight", json=question(box=Box(0.45, 0.4, 0.55, 0.6)))).json()

    assert offered["box"] == [0.55, 0.1, 1.0, 0.9]
    assert offered["snap_to"] == {"slot": 2, "label": "bag", "score": 0.9, "box": [0.5, 0.0, 1.0, 1.0], "iou": 0.72}
    assert snapped["box"] == [0.5, 0.0, 1.0, 1.0]
    assert nothing["snap_to"] is None


async def test_a_box_of_the_same_pixels_is_embedded_once(bench: Bench) -> None:
    bench.pin("q", WHITE, ("bag", RIGHT, BLUE))

    async with start_service(bench) as service:
        for shift in (0.0, 0.001, -0.001):
            await service.client.post("/v1/flashlight", json=question(box=Box(0.5 + shift, 0.0, 1.0, 1.0)))
        await service.client.post("/v1/flashlight", json=question(box=Box(0.6, 0.0, 1.0, 1.0)))

    assert bench.models.crops == 2
    assert bench.web.requested == ["https://pictures/q.png"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (question(box=Box(0.5, 0.0, 0.5, 1.0)), "box"),
        (question(box=Box(0.5, 0.0, 1.5, 1.0)), "box.2"),
        (question(pin_id="no pin"), "pin_id"),
        (question(limit=0), "limit"),
        (question(surprise=1), "surprise"),
        ({"pin_id": "q"}, "box"),
    ],
)
async def test_what_is_wrong_is_named(bench: Bench, body: dict[str, object], field: str) -> None:
    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_json_that_is_none_is_a_problem(bench: Bench) -> None:
    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", content=b"{", headers={"content-type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_without_the_picture_there_is_a_reason(bench: Bench) -> None:
    bench.pin("lost", image_url="https://elsewhere/lost.png")
    bench.pin("slow")
    bench.pin("bytes")
    del bench.web.pictures["https://elsewhere/lost.png"]
    bench.web.pictures["https://pictures/slow.png"] = FetchFailed("HTTP 503", retry_after_s=7)
    bench.web.pictures["https://pictures/bytes.png"] = b"no picture"

    async with start_service(bench) as service:
        answers = [
            await service.client.post("/v1/flashlight", json=question(pin))
            for pin in ("lost", "slow", "bytes", "never")
        ]

    kinds = [(answer.status_code, answer.json()["type"].rpartition(":")[2]) for answer in answers]
    assert kinds == [
        (424, "picture-gone"),
        (503, "picture-unavailable"),
        (422, "picture-refused"),
        (404, "pin-unknown"),
    ]
    assert answers[1].headers["retry-after"] == "7"
    assert "HTTP 503" not in answers[1].text, "addresses of this network belong in the log"


async def test_models_that_are_away_or_full_say_when_to_come_again(bench: Bench) -> None:
    bench.pin("q")

    async with start_service(bench) as service:
        bench.models.failure = ModelUnavailable("Triton at 10.0.0.7: away")
        away = await service.client.post("/v1/flashlight", json=question())
        bench.models.failure = ModelBusy("Triton at 10.0.0.7: queue full")
        full = await service.client.post("/v1/flashlight", json=question())

    assert (away.status_code, full.status_code) == (503, 429)
    assert away.headers["retry-after"]
    assert full.headers["retry-after"]
    assert "10.0.0.7" not in away.text + full.text
