"""Requests that the OpenAPI document allows, or nearly: no internal errors, and every answer is as documented."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.openapi import FILE
from api.settings import ApiSettings, QuotaSettings
from inference.detect import Detection
from inference.images import Box
from tests.api.fakes import BLUE, Bench
from tests.api.socket_server import SocketService, serve_on_socket

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOX = Box(0.25, 0.25, 0.75, 0.75)
fuzzing = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schema = schemathesis.openapi.from_dict(json.loads(FILE.read_text()))
operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
cases = [
    (operation, mode)
    for operation in operations
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE
    or "health" not in (operation.tags or ())  # which take nothing that could be wrong
]


@pytest.fixture(scope="module")
def service() -> Iterator[SocketService]:
    bench = Bench(ApiSettings(quota=QuotaSettings(rate_per_s=1e9, burst=1e9)))
    bench.models.objects = (Detection("bag", 0.9, BOX),)
    for pin in ("0", "00", "a", "A"):  # what a fuzzer is most likely to ask for
        bench.pin(pin, BLUE, ("bag", BOX, BLUE))
    with serve_on_socket(bench) as running:
        yield running


@pytest.mark.parametrize(("operation", "mode"), cases, ids=lambda each: getattr(each, "label", str(each)))
def test_no_request_breaks_the_service_or_the_contract(
    operation: Any, mode: GenerationMode, service: SocketService
) -> None:
    with requests.Session() as session:

        @fuzzing
        @given(case=operation.as_strategy(mode))
        def ask(case: Any) -> None:
            case.call_and_validate(base_url=service.address, checks=CHECKS, session=session, timeout=30)

        ask()
