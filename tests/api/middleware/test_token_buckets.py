"""Callers get their burst, then their rate, and pay what a request costs."""

from hypothesis import given
from hypothesis import strategies as st

from api.middleware.token_buckets import TokenBuckets, cost_of


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate_per_s=2, burst=4, callers=10, clock=clock)

    assert [buckets.take("a", 1) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert buckets.take("b", 1) == 0, "another caller has tokens of its own"
    clock.now_s = 0.5
    assert [buckets.take("a", 1), buckets.take("a", 1)] == [0, 0.5]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 5), st.floats(0, 3)), max_size=60))
def test_no_caller_gets_more_than_burst_and_rate_together(requests: list[tuple[str, float, float]]) -> None:
    clock = Clock()
    buckets = TokenBuckets(rate_per_s=3, burst=5, callers=10, clock=clock)
    taken: dict[str, float] = {}

    for caller, tokens, later_s in requests:
        clock.now_s += later_s
        if not buckets.take(caller, tokens):
            taken[caller] = taken.get(caller, 0.0) + tokens

    assert all(tokens <= 5 + 3 * clock.now_s + 1e-6 for tokens in taken.values())


def test_callers_seen_longest_ago_are_forgotten() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=1, callers=2, clock=Clock())

    waits = [buckets.take(caller, 1) for caller in ("a", "b", "c", "b", "a")]

    assert [wait > 0 for wait in waits] == [False, False, False, True, False]


def test_a_request_costs_what_it_takes() -> None:
    costs = {
        path: cost_of(path, "GET") for path in ("/", "/web/a.js", "/healthz", "/v1/pins/a", "/v1/pins/a/thumbnail")
    }

    assert costs == {"/": 0, "/web/a.js": 0, "/healthz": 0, "/v1/pins/a": 1, "/v1/pins/a/thumbnail": 0.1}
    assert cost_of("/v1/lens", "POST") > cost_of("/v1/flashlight", "POST") > 1
    assert cost_of("/v1/lens", "OPTIONS") == 0
