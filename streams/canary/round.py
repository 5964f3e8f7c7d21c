"""One round: publish, find, delete, check gone. What a user would see, from the outside."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np

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
    "find": "published, and no search finds it: `pinstream where {pin}` says how far it came. Is a worker running?",
    "delete": "Kafka did not acknowledge the deletion: are the brokers up, and may this client write to the topic?",
    "gone": "deleted, and searches find it still: `pinstream where {pin}` says how far the deletion came",
}


class PendingDelivery(Protocol):
    """What a publisher returns."""

    def result(self, timeout_s: float | None = None) -> Any:
        """Waits for Kafka; raises NotDelivered."""


class CanaryPublisher(Protocol):
    """See `pinstream.publish.Publisher`."""

    def publish(self, event: PinEvent) -> PendingDelivery:
        """Send it."""

    def delete(self, pin_id: str, version: int | None = None) -> PendingDelivery:
        """Send its tombstone."""


class CanaryIndex(Protocol):
    """See `pinstream.search.index.VisualIndex`."""

    def trace(self, pin_id: str) -> PinTrace:
        """The pin's rows, and whether a search finds it."""


class StepFailed(Exception):
    """One step of a round; ``step`` says which, the message what was seen and what to look at."""

    def __init__(self, step: Step, pin_id: str, seen: str) -> None:
        super().__init__(f"{seen}; {LOOK_AT[step].format(pin=pin_id)}")
        self.step = step


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step that went well, and how long it took."""

    step: Step
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, as far as a round needs it."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000


class CanaryRound:
    """Rounds with one pin, ``pin_id``, whose version grows: a canary that was killed leaves one pin, and finds it."""

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
        """The steps as they go well; raises StepFailed at the one that does not. Leaves nothing that is searched."""
        version = self._next()
        yield from self._published(version)
        try:
            yield self._until("find", lambda trace: trace.found and trace.rows[0].version == version)
        except StepFailed:
            with suppress(StepFailed):  # it may be found later: what failed first is what is told
                self._deleted()
            raise
        yield self._deleted()
        yield self._until("gone", _is_gone)

    def clean(self) -> bool:
        """Delete what a killed canary left, if anything; whether there was. Raises StepFailed."""
        if _is_gone(self._looked("gone")):
            return False
        self._deleted()
        self._until("gone", _is_gone)
        return True

    def _published(self, version: int) -> Iterator[StepDone]:
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
        yield self._acknowledged("publish", lambda: self._publisher.publish(event))

    def _deleted(self) -> StepDone:
        return self._acknowledged("delete", lambda: self._publisher.delete(self.pin_id, self._next()))

    def _acknowledged(self, step: Step, send: Callable[[], PendingDelivery]) -> StepDone:
        begun_s = self._clock.monotonic()
        try:
            send().result(self._give_up_s)
        except (NotDelivered, TimeoutError) as exc:
            raise StepFailed(step, self.pin_id, f"{type(exc).__name__}: {exc}") from exc
        return StepDone(step, self._clock.monotonic() - begun_s)

    def _until(self, step: Step, holds: Callable[[PinTrace], bool]) -> StepDone:
        begun_s, wait_s = self._clock.monotonic(), _FIRST_WAIT_S
        while not holds(trace := self._looked(step)):
            if self._clock.monotonic() - begun_s > self._give_up_s:
                seen = f"not within {self._give_up_s:g} s ({len(trace.rows)} rows in the index)"
                raise StepFailed(step, self.pin_id, seen)
            self._clock.sleep(wait_s)
            wait_s = min(wait_s * 2, _MAX_WAIT_S)
        return StepDone(step, self._clock.monotonic() - begun_s)

    def _looked(self, step: Step) -> PinTrace:
        """The pin's trace; an index that is away is asked again until it is given up."""
        begun_s = self._clock.monotonic()
        while True:
            try:
                return self._index.trace(self.pin_id)
            except IndexUnavailable as exc:
                if self._clock.monotonic() - begun_s > self._give_up_s:
                    raise StepFailed(step, self.pin_id, f"Milvus is away: {exc}") from exc
                self._clock.sleep(_MAX_WAIT_S)
            except VectorIndexError as exc:
                raise StepFailed(step, self.pin_id, f"{type(exc).__name__}: {exc}") from exc

    def _next(self) -> int:
        self._version = max(self._version + 1, self._clock.now_ms())
        return self._version


def picture(seed: int) -> bytes:
    """A JPEG that no other round has: coloured blocks, so that nobody's codes are reused for it."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", cv2.resize(blocks, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC))
    return encoded.tobytes()


def _is_gone(trace: PinTrace) -> bool:
    return not trace.found and not (trace.rows and trace.rows[0].alive)
