"""Metrics are declared once, and collectors accept no other name."""

import pytest

from schemas.metrics import Collectors, Metric

TABLE = (
    Metric("pinstream_api_answers_total", "counter", "answers", ("status",)),
    Metric("pinstream_api_held_bytes", "gauge", "held"),
    Metric("pinstream_api_call_seconds", "histogram", "duration", ("route",)),
)


def test_a_name_gives_its_unit_and_its_series() -> None:
    assert [metric.unit for metric in TABLE] == ["number", "bytes", "s"]
    assert Metric("pinstream_watch_progress_timestamp_seconds", "gauge", "").unit == "Unix time, s"
    assert TABLE[2].series == tuple(f"pinstream_api_call_seconds{end}" for end in ("_bucket", "_sum", "_count"))
    assert TABLE[0].series == ("pinstream_api_answers_total",)


def test_short_names_reach_the_samples() -> None:
    collectors = Collectors(TABLE, process="api")

    collectors.add("answers", "200", amount=2)
    collectors.set("held_bytes", 7)
    collectors.observe("call", 0.5, "/")

    assert collectors.value("pinstream_api_answers_total", {"status": "200"}) == 2
    assert collectors.value("pinstream_api_held_bytes") == 7
    assert collectors.value("pinstream_api_call_seconds_sum", {"route": "/"}) == 0.5
    assert collectors.value("pinstream_api_answers_total", {"status": "500"}) == 0


def test_a_name_that_is_not_in_the_table_is_refused() -> None:
    collectors = Collectors(TABLE, process="api")

    with pytest.raises(KeyError):
        collectors.add("surprises")


def test_every_process_says_what_it_is() -> None:
    (build,) = (family for family in Collectors(TABLE, process="api").registry.collect() if "build" in family.name)

    assert build.samples[0].labels.keys() == {"process", "version", "embedding_version"}
    assert build.samples[0].labels["process"] == "api"


def test_an_empty_histogram_shows_the_labels_that_are_known() -> None:
    collectors = Collectors(TABLE, process="api")

    collectors.prepare("call", ["/lens"])

    assert collectors.registry.get_sample_value("pinstream_api_call_seconds_count", {"route": "/lens"}) == 0
