"""The table is all there is."""

import pytest

from schemas.metrics import BUILD
from streams.worker.metrics import TABLE, WorkerMetrics


def test_every_name_of_the_table_is_exposed_and_no_other() -> None:
    exposed = {family.name for family in WorkerMetrics().registry.collect()}

    assert exposed == {metric.name.removesuffix("_total") for metric in (BUILD, *TABLE)}


def test_a_name_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(KeyError):
        WorkerMetrics().add("surprises")


def test_outcomes_begin_at_zero() -> None:
    metrics = WorkerMetrics()

    sample = metrics.registry.get_sample_value(
        "pinstream_worker_outcomes_total", {"lane": "backfill", "outcome": "superseded"}
    )

    assert sample == 0.0
