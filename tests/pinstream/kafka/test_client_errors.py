"""What a client reports distinguishes a broker that does not let it in from one that does not answer."""

import json
import logging

import pytest
import typer
from confluent_kafka import KafkaError

from pinstream.cli.kafka_options import kafka_connection
from pinstream.kafka.client_errors import ClientErrorLog, ClientErrors, advice
from pinstream.kafka.connection import CLIENT_VARIABLE

pytestmark = pytest.mark.usefixtures("elsewhere")

WORKERS = {"security.protocol": "SASL_SSL", "sasl.username": "worker", "sasl.password": "p"}


def test_a_refusal_names_the_settings_to_look_at() -> None:
    assert "sasl.password" in advice(KafkaError(KafkaError._AUTHENTICATION))
    assert "ssl.ca.location" in advice(KafkaError(KafkaError._SSL))
    assert "ACLs" in advice(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    assert advice(KafkaError(KafkaError._TRANSPORT)) == ""


def test_the_errors_and_the_log_of_a_client_say_why_no_broker_was_reached() -> None:
    errors = ClientErrors()
    callbacks = errors.callbacks()

    assert (errors.refusal, errors.unreachable) == (None, None)
    assert errors.disconnection == ""
    callbacks["error_cb"](KafkaError(KafkaError._TRANSPORT, "refused"))
    callbacks["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    callbacks["logger"].log(logging.INFO, "FAIL [rdkafka#producer-1]: Disconnected: connection closed by peer")

    assert errors.unreachable is not None
    assert errors.unreachable.str() == "refused"
    assert "security.protocol" in errors.disconnection
    callbacks["error_cb"](KafkaError(KafkaError._AUTHENTICATION, "no such user"))
    assert (errors.refusal or "").startswith("no such user; look at sasl.mechanism")


def test_an_error_that_repeats_is_logged_every_30_s_and_reported_each_time(caplog: pytest.LogCaptureFixture) -> None:
    unreachable: list[float] = []
    now_s = 0.0
    log = ClientErrorLog(lambda: unreachable.append(now_s), monotonic=lambda: now_s)

    for now_s in (0.0, 1.0, 29.9, 30.0):  # noqa: B007 (the clock reads it)
        log(KafkaError(KafkaError._ALL_BROKERS_DOWN, "3/3 brokers are down"))
    log(KafkaError(KafkaError._AUTHENTICATION, "no such user"))

    assert unreachable == [0.0, 1.0, 29.9, 30.0]
    assert [record.getMessage() for record in caplog.records] == [
        "Kafka's client: 3/3 brokers are down",
        "Kafka's client: 3/3 brokers are down",
        "Kafka's client: no such user; look at sasl.mechanism, sasl.username, sasl.password",
    ]


def test_a_workers_kafka_settings_serve_the_commands_and_options_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLIENT_VARIABLE, json.dumps({"sasl.mechanism": "PLAIN", **WORKERS}))

    found = kafka_connection("k:1", ["sasl.username=me"], "").settings

    assert found == {
        "sasl.mechanism": "PLAIN",
        "security.protocol": "SASL_SSL",
        "sasl.username": "me",
        "sasl.password": "p",
    }
    monkeypatch.setenv(CLIENT_VARIABLE, "not json")
    with pytest.raises(typer.BadParameter, match="one JSON object"):
        kafka_connection("k:1", [], "")
