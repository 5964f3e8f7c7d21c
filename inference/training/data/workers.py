"""Processes that draw pictures while another one trains."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Final, TypeVar

import cv2

Job = TypeVar("Job")
Made = TypeVar("Made")
FORK: Final = multiprocessing.get_context("fork")  # hands the photos to the workers without copying them
JOBS_AHEAD: Final = 4
"""How many jobs wait or run ahead of the caller, per worker."""

_make: Callable[[Any], Any] | None = None  # one per worker


def make_ahead(make: Callable[[Job], Made], jobs: Iterable[Job], *, workers: int) -> Generator[Made, None, None]:
    """``make(job)`` of each job in order, made in worker processes ahead of the caller; closing stops them."""
    with ProcessPoolExecutor(workers, FORK, initializer=_keep, initargs=(make,)) as pool:
        running: deque[Future[Made]] = deque()
        try:
            for job in jobs:
                running.append(pool.submit(_run, job))
                if len(running) >= JOBS_AHEAD * workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _keep(make: Callable[[Any], Any]) -> None:
    # A lambda or a bound method cannot be pickled per job, but a forked process inherits it.
    global _make  # noqa: PLW0603 - a pool's initializer has no other place to leave what it was given
    cv2.setNumThreads(1)
    _make = make


def _run(job: Any) -> Any:
    assert _make is not None  # noqa: S101 - narrows a type
    return _make(job)
