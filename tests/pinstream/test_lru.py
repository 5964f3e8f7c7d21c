"""The things used last, within a bound, against a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from pinstream.lru import Lru

Step = tuple[str, int | None]
steps = st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.integers(1, 6)), max_size=60)


@given(st.integers(0, 10), steps)
def test_it_keeps_what_a_list_would(capacity: int, done: list[Step]) -> None:
    kept: Lru[str, int] = Lru(capacity, weight=lambda value: value)
    oldest_first: list[tuple[str, int]] = []

    for key, value in done:
        found = next((pair for pair in oldest_first if pair[0] == key), None)
        if value is None:
            assert kept.get(key) == (found[1] if found else None)
            if found:
                oldest_first = [pair for pair in oldest_first if pair != found] + [found]
            continue
        kept.put(key, value)
        oldest_first = [pair for pair in oldest_first if pair[0] != key]
        if value <= capacity:
            oldest_first.append((key, value))
        while sum(weight for _, weight in oldest_first) > capacity:
            oldest_first.pop(0)

    assert {key: kept.get(key) for key, _ in oldest_first} == dict(oldest_first)
    assert len(kept) == len(oldest_first)
