"""What the JSON of a stranger may cost: it is counted before it is parsed, and one error is enough."""

import json

import pytest
from pydantic import ValidationError

from api.endpoints.flashlight import FlashlightQuery
from api.middleware.json_body import MAX_JSON_VALUES
from tests.api.fakes import Bench, start_service

JSON = {"content-type": "application/json"}
FIELDS = {"pin_id": "q", "box": [0.0, 0.0, 1.0, 1.0]}
KEY = "k" * 30_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"pin_id":"q","label":[' + b"1," * 20_000 + b"1]}",
        b"[" * 30_000,
        b'{"later":[' + b"{}," * 10_000 + b"{}]}",
        b"{" + b",".join(b'"k%d":1' % number for number in range(MAX_JSON_VALUES + 1)) + b"}",
    ],
)
async def test_json_of_too_many_values_is_refused_before_it_is_parsed(bench: Bench, body: bytes) -> None:
    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["field"]) == (422, "body")
    assert f"at most {MAX_JSON_VALUES} commas and brackets" in answer.json()["detail"]


@pytest.mark.parametrize(
    "more",
    [
        {"label": [1] * 4_000},
        {"label": ["a" * 65] * 400},
        {"domain": ["nowhere"] * 4_000},
        {"but": ["no pin"] * 4_000},
        {"box": ["x"] * 4},
        {"box": [2.0] * 4_000},
        {f"k{number}": 1 for number in range(4_000)},
    ],
)
def test_the_first_wrong_item_ends_the_check_of_a_parameter(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        FlashlightQuery.model_validate({**FIELDS, **more})

    assert caught.value.error_count() <= 2, (
        "of a list whose first item is wrong, pydantic also says that it is too short"
    )


async def test_each_wrong_name_in_an_address_is_not_an_error_of_its_own(bench: Bench) -> None:
    async with start_service(bench) as service:
        unknown = await service.client.get("/v1/pins/q/related?" + "&".join(f"k{number}=1" for number in range(2_000)))
        wrong = await service.client.get("/v1/pins/q/related?" + "&".join(["label="] * 2_000))

    assert (unknown.status_code, unknown.json()["field"]) == (422, "k0")
    assert (wrong.status_code, wrong.json()["field"].split(".")[0]) == (422, "label")


async def test_a_problem_is_short_however_long_the_wrong_name_is(bench: Bench) -> None:
    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", json={**FIELDS, KEY: KEY})

    assert answer.status_code == 422
    assert len(answer.content) < 1_000
    assert answer.json()["field"] == KEY[:80]


async def test_the_longest_valid_body_is_answered(bench: Bench) -> None:
    bench.pin("q")
    labels = [("," * 62 + f"{number:02}") for number in range(32)]
    body = {**FIELDS, "label": labels, "but": [f"{number:064}" for number in range(64)]}

    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", content=json.dumps(body).encode(), headers=JSON)

    assert answer.status_code == 200
