"""The app's consumer group and topic, and the credentials that aiokafka gets."""

import pytest
from faust import SASLCredentials

from streams.errors import StartRefused
from streams.watch.consume.app import changelog
from streams.watch.consume.credentials import credentials
from streams.watch.settings import WatchSettings


def test_the_watch_is_a_group_of_its_own_and_its_topic_is_compacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINSTREAM_KAFKA__TOPIC_PREFIX", "eu.")

    topic = changelog(WatchSettings(), 12)

    assert (topic.name, topic.partitions) == ("eu.pinstream-watch-pins-changelog", 12)
    assert topic.config == {"cleanup.policy": "compact"}


def test_a_plain_kafka_needs_no_credentials() -> None:
    assert credentials({"linger.ms": 5}) is None


def test_sasl_over_tls_is_translated_for_aiokafka() -> None:
    made = credentials(
        {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p"}
    )

    assert isinstance(made, SASLCredentials)
    assert made.ssl_context is not None
    assert (made.protocol.value, made.username, made.password) == ("SASL_SSL", "u", "p")
    assert made.ssl_context.check_hostname


@pytest.mark.parametrize(
    ("client", "named"),
    [
        ({"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}, "OAUTHBEARER"),
        ({"security.protocol": "SSL", "ssl.keystore.location": "x"}, "ssl.keystore.location"),
    ],
)
def test_keys_that_aiokafka_does_not_support_are_refused_by_name(client: dict[str, str], named: str) -> None:
    with pytest.raises(StartRefused, match=named):
        credentials(client)
