"""Permits are limited in total and for each caller, and returned."""

import pytest

from api.metrics import ApiMetrics
from api.middleware.per_caller_limit import PerCallerLimit
from api.middleware.problems import Problem


def test_permits_are_limited_in_total_and_for_each_caller_and_returned() -> None:
    metrics = ApiMetrics()
    limit = PerCallerLimit("streams", total=3, per_caller=2, retry_after_s=5.0, metrics=metrics)

    with limit.permit("a"), limit.permit("a"):
        with pytest.raises(Problem, match="one caller may have 2 streams at once") as mine:
            limit.permit("a").__enter__()
        with limit.permit("b"):
            with pytest.raises(Problem, match="this service allows 3 streams at once") as all_taken:
                limit.permit("c").__enter__()
            in_use = metrics.value("pinstream_api_limit_in_use", {"limit": "streams"})
    with limit.permit("a"), limit.permit("a"), limit.permit("c"):
        pass

    kinds = [(each.value.status, each.value.kind, each.value.retry_after_s) for each in (mine, all_taken)]
    assert kinds == [(429, "too-many-streams", 5.0), (429, "streams-busy", 5.0)]
    assert in_use == 3
    assert metrics.value("pinstream_api_limit_in_use", {"limit": "streams"}) == 0
    refused = {why: metrics.value("pinstream_api_refused_total", {"reason": why}) for why in ("caller", "full")}
    assert refused == {"caller": 1, "full": 1}
