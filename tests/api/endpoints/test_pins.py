"""Pins over HTTP: the pin, its related pins and similar objects, and why a pin is missing."""

import pytest

from inference.images import Box
from pinstream.store.collection import tombstone
from tests.api.fakes import BLUE, GREEN, NOW_MS, RED, Bench, event, outcome, start_service

BAG = ("bag", Box(0.1, 0.1, 0.4, 0.6), BLUE)


async def test_a_pin_has_its_objects_and_the_address_of_its_thumbnail(bench: Bench) -> None:
    bench.pin("a", RED, BAG, title="Red", price=9.5, tags=("x",))

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a")
        objects = await service.client.get("/v1/pins/a/objects")

    pin = answer.json()
    assert answer.status_code == 200
    assert (pin["pin_id"], pin["title"], pin["price"], pin["tags"]) == ("a", "Red", 9.5, ["x"])
    assert pin["objects"] == [{"slot": 1, "label": "bag", "score": 0.9, "box": [0.1, 0.1, 0.4, 0.6]}]
    assert pin["thumbnail"] == "/v1/pins/a/thumbnail?version=1"
    assert objects.json() == {"objects": pin["objects"]}


async def test_pages_of_related_pins_do_not_repeat_hits(bench: Bench) -> None:
    for number in range(5):
        bench.pin(f"p{number}", (200 - number, 30, 30))

    async with start_service(bench) as service:
        first = (await service.client.get("/v1/pins/p0/related?limit=3")).json()
        onward = {"limit": 3, "cursor": first["cursor"]}
        rest = (await service.client.get("/v1/pins/p0/related", params=onward)).json()

    assert [hit["pin_id"] for hit in first["hits"] + rest["hits"]] == ["p1", "p2", "p3", "p4"]
    assert (first["exhausted"], rest["exhausted"], rest["cursor"]) == (False, True, None)
    assert first["hits"][0]["near_duplicate"] is True


async def test_similar_objects_have_the_same_label_unless_others_are_allowed(bench: Bench) -> None:
    bench.pin("q", RED, BAG)
    bench.pin("same", GREEN, BAG)
    bench.pin("other", GREEN, ("shoe", BAG[1], BLUE))

    async with start_service(bench) as service:
        same_label = (await service.client.get("/v1/pins/q/objects/1/similar")).json()
        opened = (await service.client.get("/v1/pins/q/objects/1/similar?label=any")).json()
        named = (await service.client.get("/v1/pins/q/objects/1/similar?label=shoe&label=hat")).json()

    found = [[hit["pin_id"] for hit in each["hits"]] for each in (same_label, opened, named)]
    assert found == [["same"], ["other", "same"], ["other"]]
    assert same_label["hits"][0]["box"] == [0.1, 0.1, 0.4, 0.6]


async def test_a_pin_that_is_not_there_says_why(bench: Bench) -> None:
    bench.store.upsert([tombstone("gone", 0, 2, at_ms=NOW_MS)])

    async with start_service(bench) as service:
        service.deps.recent_pins.add_outcome(outcome("broken", "dead", reason="HTTP 404"))
        service.deps.recent_pins.add_event("coming", event(7))
        pins = ("never", "gone", "broken", "coming")
        answers = {pin: await service.client.get(f"/v1/pins/{pin}/related") for pin in pins}

    states = {pin: (answer.status_code, answer.json()["state"]) for pin, answer in answers.items()}
    assert states == {
        "never": (404, "unknown"), "gone": (410, "deleted"),
        "broken": (404, "dead"), "coming": (404, "not-indexed-yet"),
    }  # fmt: skip
    assert "HTTP 404" in answers["broken"].json()["detail"]
    assert answers["coming"].headers["retry-after"] == "1"
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers.values())
    assert {answer.json()["pin_id"] for answer in answers.values()} == set(answers)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/v1/pins/not!a!pin", "pin_id"),
        ("/v1/pins/a/related?limit=0", "limit"),
        ("/v1/pins/a/related?limit=many", "limit"),
        ("/v1/pins/a/related?domain=moon", "domain.0"),
        ("/v1/pins/a/related?max_age_s=nan", "max_age_s"),
        ("/v1/pins/a/related?half_life_s=0", "half_life_s"),
        ("/v1/pins/a/related?cursor=xyz", "cursor"),
        ("/v1/pins/a/related?surprise=1", "surprise"),
        ("/v1/pins/a/objects/0/similar", "slot"),
        ("/v1/pins/a/objects/7/similar", "slot"),
        ("/v1/pins/a/thumbnail?width_px=7", "width_px"),
        ("/v1/fresh?limit=1000", "limit"),
    ],
)
async def test_what_is_wrong_is_named(bench: Bench, address: str, field: str) -> None:
    bench.pin("a")

    async with start_service(bench) as service:
        answer = await service.client.get(address)

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


async def test_unknown_addresses_and_methods_are_answered_with_a_problem(bench: Bench) -> None:
    async with start_service(bench) as service:
        nowhere, wrong_verb = await service.client.get("/v1/nowhere"), await service.client.delete("/v1/pins/a")

    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "urn:pinstream:problem:not-found")
    assert (wrong_verb.status_code, wrong_verb.headers["allow"]) == (405, "GET, HEAD")
