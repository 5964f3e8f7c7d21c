"""So many places in all, fewer for one caller, each given back."""

import pytest

from api.guards.admission import AdmissionLimit
from api.guards.problems import Problem
from api.metrics import ApiMetrics


def test_places_are_bounded_in_all_and_for_each_caller_and_given_back() -> None:
    metrics = ApiMetrics()
    places = AdmissionLimit("streams", places=3, each=2, retry_after_s=5.0, metrics=metrics)

    with places.place("a"), places.place("a"):
        with pytest.raises(Problem, match="2 streams at once is what one caller may have") as mine:
            places.place("a").__enter__()
        with places.place("b"):
            with pytest.raises(Problem, match="3 streams at once is what this service takes") as all_taken:
                places.place("c").__enter__()
            in_use = metrics.value("pinstream_api_gate_in_use", {"gate": "streams"})
    with places.place("a"), places.place("a"), places.place("c"):
        pass

    kinds = [(each.value.status, each.value.kind, each.value.retry_after_s) for each in (mine, all_taken)]
    assert kinds == [(429, "too-many-streams", 5.0), (429, "streams-busy", 5.0)]
    assert in_use == 3
    assert metrics.value("pinstream_api_gate_in_use", {"gate": "streams"}) == 0
    refused = {why: metrics.value("pinstream_api_refused_total", {"reason": why}) for why in ("caller", "full")}
    assert refused == {"caller": 1, "full": 1}
