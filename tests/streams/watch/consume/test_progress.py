"""A watch that only looks alive is ended; one that waits for others is not."""

from streams.watch.consume.progress import ReadProgress, Watchdog


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def verdict_after(
    seconds: float, *, records: tuple[int, int], behind: int | None, beats: tuple[int, int] = (0, 1)
) -> str | None:
    clock = Clock()
    watchdog = Watchdog(60, monotonic=clock)
    watchdog.reason_to_exit(records=records[0], behind=behind, beats=beats[0], partitions=3)
    clock.now_s = seconds
    return watchdog.reason_to_exit(records=records[1], behind=behind, beats=beats[1], partitions=3)


def test_lag_without_a_record_ends_it() -> None:
    assert "nothing was read for 61 s, while Kafka holds 7 records" in (
        verdict_after(61, records=(5, 5), behind=7) or ""
    )
    assert verdict_after(59, records=(5, 5), behind=7) is None


def test_a_record_is_progress_and_an_empty_topic_no_standstill() -> None:
    assert verdict_after(61, records=(5, 6), behind=7) is None
    assert verdict_after(600, records=(5, 5), behind=0) is None


def test_an_outage_of_kafka_is_waited_out() -> None:
    assert verdict_after(600, records=(5, 5), behind=None) is None


def test_a_stopped_event_loop_ends_it_even_while_kafka_is_away() -> None:
    assert "event loop" in (verdict_after(61, records=(5, 5), behind=None, beats=(4, 4)) or "")


def test_no_partition_for_long_ends_it() -> None:
    clock = Clock()
    watchdog = Watchdog(60, monotonic=clock)
    clock.now_s = 181

    assert "more watches than partitions" in (watchdog.reason_to_exit(records=0, behind=0, beats=1, partitions=0) or "")


def test_as_of_is_the_moment_whose_records_have_all_been_read() -> None:
    now = [1_000]
    progress = ReadProgress(lambda: now[0])
    progress.assign({("e", 0): 0, ("i", 0): 0})
    progress.compare({("e", 0): 2, ("i", 0): 1})
    now[0] = 2_000
    progress.add_record("e", 0, 1)
    progress.compare({("e", 0): 9, ("i", 0): 1})
    half = (progress.as_of_ms, progress.behind)
    progress.add_record("i", 0, 0)
    progress.compare({("e", 0): 9, ("i", 0): 1})

    assert half == (0, 8)
    assert (progress.as_of_ms, progress.behind) == (1_000, 7)


def test_what_is_paused_and_what_cannot_be_read_is_no_lag() -> None:
    progress = ReadProgress(lambda: 5)
    progress.assign({("e", 0): 0, ("i", 0): 0})
    progress.set_paused(["e"])
    progress.compare({("e", 0): 4, ("i", 0): 1})
    behind = progress.behind
    progress.skip_to_ends({("i", 0): 1}, progress.unread({("e", 0): 4, ("i", 0): 1}))

    assert (behind, progress.behind) == (1, 0)
    progress.compare(None)
    assert progress.behind is None
