"""One round of the canary, as a user would see it: publish a pin, find it, delete it, check that it is gone."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np

from pinstream import clock
from pinstream.errors import IndexUnavailable, NotDelivered, VectorIndexError
from pinstream.events import PinEvent, event_from
from pinstream.search.hits import PinTrace
from streams.canary.metrics import Step

TITLE: Final = "pinstream canary"
LABEL: Final = "pinstream-canary"
_SIDE_PX: Final = 256
_FIRST_WAIT_S: Final = 0.005
_MAX_WAIT_S: Final = 0.1

LOOK_AT: Final[dict[Step, str]] = {
    "publish": "Kafka did not acknowledge the event: are the brokers up, and may this client write to the topic?",
    "find": "published, but no search finds it: `pinstream where {pin}` says how far it came. Is a worker running?",
    "delete": "Kafka did not acknowledge the deletion: are the brokers up, and may this client write to the topic?",
    "gone": "deleted, but searches still find it: `pinstream where {pin}` says how far the deletion came",
}


class PendingDelivery(Protocol):
    """What a publisher returns: ``result`` waits for Kafka, and raises NotDelivered or TimeoutError."""

    def result(self, timeout_s: float | None = None) -> Any: ...


class CanaryPublisher(Protocol):
    """The part of `pinstream.publish.Publisher` that a round needs."""

    def publish(self, event: PinEvent) -> PendingDelivery: ...

    def delete(self, pin_id: str, version: int | None = None) -> PendingDelivery: ...


class CanaryIndex(Protocol):
    """The part of `pinstream.search.index.VisualIndex` that a round needs."""

    def trace(self, pin_id: str) -> PinTrace: ...


class StepFailed(Exception):
    """``step`` of a round failed; the message says what was seen and what to look at."""

    def __init__(self, step: Step, pin_id: str, seen: str) -> None:
        super().__init__(f"{seen}; {LOOK_AT[step].format(pin=pin_id)}")
        self.step = step


@dataclass(frozen=True, slots=True)
class StepDone:
    step: Step
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now_ms: Callable[[], int] = clock.now_ms


class CanaryRound:
    """Rounds with one pin whose version grows: a killed canary leaves only this one, and removes it on its restart."""

    def __init__(
        self, pin_id: str, publisher: CanaryPublisher, index: CanaryIndex, *, give_up_s: float, clock: Clock = Clock()
    ) -> None:
        self.pin_id = pin_id
        self._publisher = publisher
        self._index = index
        self._give_up_s = give_up_s
        self._clock = clock
        self._version = 0

    def run(self) -> Iterator[StepDone]:
        """Each step once it is done; raises StepFailed at the first that fails. A pin that is not found is deleted."""
        version = self._next_version()
        yield self._publish(version)
        try:
            yield self._wait_until("find", lambda trace: trace.found and trace.rows[0].version == version)
        except StepFailed:
            with suppress(StepFailed):  # the first failure is the one to report
                self._delete()
            raise
        yield self._delete()
        yield self._wait_until("gone", _is_gone)

    def remove_leftover(self) -> bool:
        """Delete the pin that a killed canary left; whether there was one. Raises StepFailed."""
        if _is_gone(self._trace("gone")):
            return False
        self._delete()
        self._wait_until("gone", _is_gone)
        return True

    def _publish(self, version: int) -> StepDone:
        event = event_from(
            {
                "pin_id": self.pin_id,
                "version": version,
                "image": {"inline": base64.b64encode(picture(version)).decode()},
                "domain": "web",
                "title": TITLE,
                "labels": [LABEL],
            }
        )
        return self._send("publish", lambda: self._publisher.publish(event))

    def _delete(self) -> StepDone:
        return self._send("delete", lambda: self._publisher.delete(self.pin_id, self._next_version()))

    def _send(self, step: Step, send: Callable[[], PendingDelivery]) -> StepDone:
        started_s = self._clock.monotonic()
        try:
            send().result(self._give_up_s)
        except (NotDelivered, TimeoutError) as exc:
            raise StepFailed(step, self.pin_id, f"{type(exc).__name__}: {exc}") from exc
        return StepDone(step, self._clock.monotonic() - started_s)

    def _wait_until(self, step: Step, holds: Callable[[PinTrace], bool]) -> StepDone:
        started_s, wait_s = self._clock.monotonic(), _FIRST_WAIT_S
        while not holds(trace := self._trace(step)):
            if self._clock.monotonic() - started_s > self._give_up_s:
                seen = f"not within {self._give_up_s:g} s ({len(trace.rows)} rows in the index)"
                raise StepFailed(step, self.pin_id, seen)
            self._clock.sleep(wait_s)
            wait_s = min(wait_s * 2, _MAX_WAIT_S)
        return StepDone(step, self._clock.monotonic() - started_s)

    def _trace(self, step: Step) -> PinTrace:
        """The pin in the index; an index that does not answer is asked again until the round gives up."""
        started_s = self._clock.monotonic()
        while True:
            try:
                return self._index.trace(self.pin_id)
            except IndexUnavailable as exc:
                if self._clock.monotonic() - started_s > self._give_up_s:
                    raise StepFailed(step, self.pin_id, f"Milvus does not answer: {exc}") from exc
                self._clock.sleep(_MAX_WAIT_S)
            except VectorIndexError as exc:
                raise StepFailed(step, self.pin_id, f"{type(exc).__name__}: {exc}") from exc

    def _next_version(self) -> int:
        self._version = max(self._version + 1, self._clock.now_ms())
        return self._version


def picture(seed: int) -> bytes:
    """A JPEG of coloured blocks, another for each ``seed``: for a known picture the worker would reuse codes."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", cv2.resize(blocks, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC))
    return encoded.tobytes()


def _is_gone(trace: PinTrace) -> bool:
    return not trace.found and not (trace.rows and trace.rows[0].alive)
