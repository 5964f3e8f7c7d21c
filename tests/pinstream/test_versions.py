"""Versions grow, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from pinstream.versions import VersionClock


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 50), st.none() | st.integers(1, 60)), max_size=60))
def test_versions_of_a_pin_always_grow(steps: list[tuple[str, int, int | None]]) -> None:
    now_ms = 0
    clock = VersionClock(lambda: now_ms)
    highest: dict[str, int] = {}

    for pin_id, now_ms, seen in steps:  # noqa: B007 (the clock reads it)
        if seen is None:
            version = clock.next(pin_id)
            assert version > highest.get(pin_id, 0)
        else:
            version = seen
            clock.note(pin_id, seen)
        highest[pin_id] = max(version, highest.get(pin_id, 0))


def test_a_pin_alone_gets_the_clock() -> None:
    clock = VersionClock(lambda: 1_000)

    assert [clock.next(pin_id) for pin_id in "aab"] == [1_000, 1_001, 1_000]


def test_memory_is_bounded() -> None:
    clock = VersionClock(lambda: 1_000, remembered=2)
    for pin_id in "abc":
        clock.note(pin_id, 5_000)

    assert [clock.next(pin_id) for pin_id in "ac"] == [1_000, 5_001]
