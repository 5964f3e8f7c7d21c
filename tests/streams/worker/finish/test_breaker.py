"""When dead letters stop the worker."""

import pytest

from streams.errors import BreakerTripped
from streams.worker.finish.breaker import Breaker
from streams.worker.settings import BreakerSettings


def test_dead_letters_in_a_row_trip_it() -> None:
    breaker = Breaker(BreakerSettings(max_in_a_row=3))
    for _ in range(3):
        breaker.record_dead_letter(unexpected=False)

    with pytest.raises(BreakerTripped, match="weigh 4; the limit is 3"):
        breaker.record_dead_letter(unexpected=False)


def test_a_living_pin_ends_the_row() -> None:
    breaker = Breaker(BreakerSettings(max_in_a_row=3))

    for _ in range(20):
        breaker.record_dead_letter(unexpected=False)
        breaker.record_success()

    assert breaker.in_a_row == 0


def test_unexpected_ones_weigh_most() -> None:
    breaker = Breaker(BreakerSettings(max_in_a_row=25, unexpected_weight=10))
    breaker.record_dead_letter(unexpected=True)
    breaker.record_dead_letter(unexpected=True)

    with pytest.raises(BreakerTripped):
        breaker.record_dead_letter(unexpected=True)


def test_the_ratio_counts_only_over_a_full_window() -> None:
    breaker = Breaker(BreakerSettings(max_in_a_row=100, max_ratio=0.5, window=4))
    breaker.record_dead_letter(unexpected=False)
    breaker.record_dead_letter(unexpected=False)
    breaker.record_success()

    with pytest.raises(BreakerTripped, match=r"0\.75 an event over 4"):
        breaker.record_dead_letter(unexpected=False)


def test_once_tripped_it_stays_so() -> None:
    breaker = Breaker(BreakerSettings(max_in_a_row=1))
    with pytest.raises(BreakerTripped):
        breaker.record_dead_letter(unexpected=True)
    breaker.record_success()

    with pytest.raises(BreakerTripped):
        breaker.record_dead_letter(unexpected=False)
