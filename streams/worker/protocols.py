"""The contracts between the stages of the worker, and between it and the rooms that it uses.

Each says who calls, from where, what blocks, what it raises and what is safe to repeat; implementations say nothing
of that again. "In the event loop" means: only there, and without blocking it. Tests give every contract a fake.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Protocol

from inference.detect import Detection
from inference.images import Box, Pixels
from inference.runner import Priority
from pinstream.events import Headers, ImageRef, PinOutcome
from pinstream.lanes import Lane
from pinstream.store.codes import Code
from pinstream.store.collection import Row, Where
from pinstream.store.vector_store import Consistency, Match
from streams.worker.record import Consumed, Offsets
from streams.worker.task import PinTask, TaskResult

# consume -> schedule


class PartitionOwner(Protocol):
    """Owns the assigned partitions: takes their records and says what may be committed.

    The consumers call every method in the event loop, in the order in which Kafka's client called back: a partition's
    ``on_assigned`` comes before its first record, ``on_revoked`` or ``on_lost`` after its last. None but
    ``on_revoked`` may wait for anything. What one of them raises stops the worker.
    """

    def on_assigned(self, partitions: Sequence[int]) -> None:
        """These belong to this worker from now on, under new leases."""

    async def on_revoked(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        """Finish what is in flight of these, within the drain deadline; another worker gets them after that.

        The live consumer's thread waits for it, so the whole group's rebalance does. The offsets that it returns are
        committed before the partitions are given back. Once it has returned, no write for them begins.
        """

    def on_lost(self, partitions: Sequence[int]) -> None:
        """These belong to another worker already: drop their tasks and commit nothing."""

    def submit(self, batch: Sequence[Consumed]) -> None:
        """Take records, whose credits are held, and ends of partitions, in the order of their offsets.

        Every record's credits are given back exactly once: when it is finished or abandoned.
        """

    def on_commit(self, lane: Lane, offsets: Offsets, *, failed: bool) -> None:
        """A commit ended. A failed one is not repeated at once: the next round commits at least as much."""

    def fail(self, error: BaseException) -> None:
        """The worker cannot go on. Safe to repeat: the first error is the reason."""


class OffsetCommitter(Protocol):
    """Sends commits; called in the event loop."""

    def commit(self, lane: Lane, offsets: Offsets) -> None:
        """Have a commit sent, without waiting for it; `PartitionOwner.on_commit` is called with its result."""

    def end_offset(self, lane: Lane, partition: int) -> int | None:
        """The offset after the last record published, if known. Never asks the broker."""


# schedule -> process


class QueuedTask(Protocol):
    """What `PinQueue` needs to order tasks."""

    @property
    def pin(self) -> Hashable:
        """Equal for events that must not overtake each other."""

    @property
    def version(self) -> int:
        """Of two waiting events of a pin the one with the greater version is kept."""

    @property
    def deletes(self) -> bool:
        """Of equal versions the deletion is kept, whichever came first."""

    @property
    def lane(self) -> Lane:
        """Live tasks begin before those of the backfill."""


class FlightPermit(Protocol):
    """One task's share of the limits in flight. The scheduler gives it to the task and takes it back at its end."""

    def release(self) -> None:
        """Let another task begin while this one waits for a failing host. Never blocks; safe to repeat.

        Keeps the permit if too many tasks have released theirs already.
        """

    async def reacquire(self) -> None:
        """Return once there is a permit again, at once if it was kept. Tasks that wait here go before tasks that begin.

        A task must call it before it decodes anything: the limits bound how many pictures are decoded at once.
        """


class PinProcessor(Protocol):
    """Takes one event to acknowledged rows."""

    async def process(self, task: PinTask, permit: FlightPermit) -> TaskResult:
        """The result, once the index has acknowledged its rows or there is nothing to write.

        Tasks run side by side in the event loop, never two of one pin. Waits for Triton and Milvus for as long as
        they are away and the lease is held. Writes nothing once the lease is gone. Cancelled when it is lost.

        Raises Abandoned when the partition went away; FetchError, PictureRefused, EventInvalid or IndexRefused when the
        event can never be indexed; ModelMismatch or IndexMismatch when no event can.
        """
        ...


# process -> the services

Search = Callable[[Code, Where], Awaitable[list[Match]]]
"""Search the index: the rows nearest to a code, as any reader would find them."""


class PictureFetcher(Protocol):
    """Downloads pictures."""

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture. Raises FetchRefused (never again) or FetchFailed (worth another try)."""
        ...


class ObjectDetector(Protocol):
    """The detector."""

    async def detect_squashed(
        self, images: Pixels, *, priority: Priority = Priority.LIVE
    ) -> Sequence[Sequence[Detection]]:
        """The objects on each of ``(n, 320, 320, 3) uint8``. Raises ModelUnavailable or ModelMismatch."""
        ...


class PictureEmbedder(Protocol):
    """The embedding model."""

    async def embed(
        self, pixels: Pixels, boxes: Sequence[Box], *, priority: Priority = Priority.LIVE
    ) -> Sequence[Code]:
        """One code per box of ``(h, w, 3) uint8``. Raises ModelUnavailable or ModelMismatch."""
        ...


class RowWriter(Protocol):
    """Writes rows to the index."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Return when the index has acknowledged ``rows``, all of one pin and one version.

        Raises ValueError for other rows, or IndexUnavailable, IndexRefused or IndexMismatch: then they may or may not
        be there, and writing them again is safe.
        """
        ...


class RowReader(Protocol):
    """Reads rows back from the index."""

    async def get(self, keys: Sequence[str], *, consistency: Consistency) -> Mapping[str, Row]:
        """The rows with these keys, tombstones too; absent keys are left out.

        Raises IndexUnavailable or IndexMismatch.
        """
        ...


# schedule -> finish


class ResultPublisher(Protocol):
    """Publishes what became of each event."""

    async def write_dead_letter(self, task: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        """Return once Kafka has acknowledged the dead letter; waits for as long as Kafka is away.

        Raises BreakerTripped, having written nothing, when there were too many.
        """
        ...

    def publish_outcome(self, task: PinTask, result: TaskResult, on_acknowledged: Callable[[], None]) -> None:
        """Send the outcome, never blocking.

        ``on_acknowledged`` is called once, in the event loop, when Kafka has acknowledged it: only then may the
        task's offset be committed. It is never called for an outcome that Kafka refuses; the worker stops then.
        """


class RecordProducer(Protocol):
    """Writes records to Kafka, acknowledged by all replicas; called in the event loop."""

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        on_acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        """Write one record, never blocking; ``on_acknowledged`` is called in the event loop."""

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Write one record and return once it is acknowledged. Raises MessageTooLarge: then nothing was written."""


class OutcomeSink(Protocol):
    """Takes outcomes that no offset waits for."""

    def write(self, outcome: PinOutcome) -> None:
        """Send it, never blocking."""


# checks


class DriftCheck(Protocol):
    """One inference on a picture whose code is known."""

    drift_bits: int
    """How many bits the last code was from the one expected."""

    async def run(self) -> object:
        """Return if both models answered as they must. Raises ModelUnavailable or ModelMismatch. Safe to repeat."""
        ...
