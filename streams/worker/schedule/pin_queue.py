"""One task in flight per pin, and the newest of those that wait: pure, no clock and no network."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from pinstream.lanes import LANES, Lane
from streams.worker.protocols import QueuedTask

Task = TypeVar("Task", bound=QueuedTask)


class PinQueue(Generic[Task]):
    """Tasks wait here until their pin is free; both lanes of a pin meet here."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Task] = {}
        """At most one task for each pin: the newest."""
        self._active: dict[Hashable, Lane] = {}
        self._queues: dict[Lane, deque[Hashable]] = {lane: deque() for lane in LANES}
        """Pins in the order in which they begin. `begin` skips a pin that is here twice, or has no waiting task."""

    @property
    def queued(self) -> int:
        """How many tasks have not begun."""
        return len(self._waiting)

    def active(self, lane: Lane) -> int:
        """How many tasks of a lane have begun and not finished."""
        return sum(1 for each in self._active.values() if each == lane)

    def admit(self, task: Task) -> Task | None:
        """Queue ``task``. If a task of its pin waits already, only the newer of the two is kept; returns the older one.

        Of two equal ones, the later one is kept.
        """
        before = self._waiting.get(task.pin)
        if before is not None and (before.version, before.deletes) > (task.version, task.deletes):
            return task
        self._waiting[task.pin] = task
        # A newer event takes the place in the queue of the one it replaces, or a pin that changes all the time would
        # never begin. But a live event must not wait in the backfill's queue.
        if task.pin not in self._active and (before is None or before.lane != task.lane):
            self._queues[task.lane].append(task.pin)
        return before

    def begin(self, lane: Lane) -> Task | None:
        """The next task of a lane whose pin is free, now begun; None where there is none."""
        queue = self._queues[lane]
        while queue:
            pin = queue.popleft()
            task = self._waiting.get(pin)
            if task is None or task.lane != lane or pin in self._active:
                continue
            del self._waiting[pin]
            self._active[pin] = lane
            return task
        return None

    def release(self, pin: Hashable) -> None:
        """The pin's task has ended, acknowledged or not: a task that waits for the pin is next in its lane."""
        del self._active[pin]
        task = self._waiting.get(pin)
        if task is not None:
            self._queues[task.lane].appendleft(pin)

    def drop(self, unwanted: Callable[[Task], bool]) -> Iterator[Task]:
        """Remove waiting tasks for which ``unwanted`` is true, and yield them; those that have begun go on."""
        for pin in [pin for pin, task in self._waiting.items() if unwanted(task)]:
            yield self._waiting.pop(pin)
