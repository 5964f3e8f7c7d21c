"""Calls the `PartitionOwner`, which lives in the event loop, from the threads of the lanes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pinstream.lanes import Lane
from streams.worker.protocols import PartitionOwner
from streams.worker.record import Offsets


class OwnerCalls:
    """Make it in the event loop; call it from any thread. Calls run in the order in which they were made."""

    def __init__(self, owner: PartitionOwner) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()

    def call(self, callback: Callable[[PartitionOwner], None]) -> None:
        """Have ``callback`` called in the event loop; does not wait for it."""
        self._loop.call_soon_threadsafe(self._guard, callback)

    def fail(self, error: BaseException) -> None:
        self.call(lambda owner: owner.fail(error))

    def revoke(self, partitions: Sequence[int], *, timeout_s: float) -> Mapping[Lane, Offsets]:
        """Wait until the owner has drained these; the offsets to commit. Raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(self._revoke(partitions), self._loop).result(timeout_s)

    async def _revoke(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        return await self._owner.on_revoked(partitions)

    def _guard(self, callback: Callable[[PartitionOwner], None]) -> None:
        # The event loop would only log what a callback raises, and the worker would go on without the record that it
        # was about. Whatever fails outside any pin is this program's fault: stop.
        try:
            callback(self._owner)
        except Exception as exc:  # noqa: BLE001 (the outermost loop of what the lanes call)
            self._owner.fail(exc)
