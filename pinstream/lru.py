"""The things used last, within a bound."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def _one(_value: object) -> int:
    return 1


class Lru(Generic[Key, Value]):
    """At most ``capacity`` in all, each weighing ``weight`` (by default 1); what was used longest ago goes first.

    What alone outweighs the capacity is not kept. Use it from one thread.
    """

    def __init__(self, capacity: int, *, weight: Callable[[Value], int] = _one) -> None:
        self._capacity = capacity
        self._weight = weight
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._weighs = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """What is kept under ``key``, which thereby was used."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: Key, value: Value) -> None:
        """Keep it, in place of what was there."""
        self.drop(key)
        if self._weight(value) > self._capacity:
            return
        self._kept[key] = value
        self._weighs += self._weight(value)
        while self._weighs > self._capacity:
            _, oldest = self._kept.popitem(last=False)
            self._weighs -= self._weight(oldest)

    def drop(self, key: Key) -> None:
        """Forget it, if it is there."""
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._weighs -= self._weight(gone)
