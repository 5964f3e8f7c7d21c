"""A broker that is there and lets nobody in is told from one that is away."""

import json
import logging

import pytest
import typer
from confluent_kafka import KafkaError

from pinstream.cli.kafka_options import connection
from pinstream.kafka.client_errors import ClientErrors, hint
from pinstream.kafka.connection import CLIENT_VARIABLE

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_wrong_answers_name_the_settings_to_look_at() -> None:
    assert "sasl.password" in hint(KafkaError(KafkaError._AUTHENTICATION))
    assert "ssl.ca.location" in hint(KafkaError(KafkaError._SSL))
    assert "ACLs" in hint(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    assert hint(KafkaError(KafkaError._TRANSPORT)) == ""


def test_a_client_complains_where_it_is_listened_to() -> None:
    complaints = ClientErrors()
    listening = complaints.listening()

    assert complaints.refusal is complaints.unreachable is None
    assert complaints.suspicion == ""
    listening["error_cb"](KafkaError(KafkaError._TRANSPORT, "refused"))
    listening["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    listening["logger"].log(logging.INFO, "FAIL [rdkafka#producer-1]: Disconnected: connection closed by peer")

    assert complaints.unreachable is not None
    assert complaints.unreachable.str() == "refused"
    assert "security.protocol" in complaints.suspicion
    listening["error_cb"](KafkaError(KafkaError._AUTHENTICATION, "no such user"))
    assert (complaints.refusal or "").startswith("no such user; look at sasl.mechanism")


def test_a_workers_kafka_settings_serve_the_commands_and_options_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLIENT_VARIABLE, json.dumps({"sasl.username": "worker", "security.protocol": "SASL_SSL"}))

    found = connection("k:1", ["sasl.username=me"], "").settings

    assert found == {"sasl.username": "me", "security.protocol": "SASL_SSL"}
    monkeypatch.setenv(CLIENT_VARIABLE, "not json")
    with pytest.raises(typer.BadParameter, match="one JSON object"):
        connection("k:1", [], "")
