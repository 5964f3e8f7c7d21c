"""What the index holds of a pin."""

from datetime import UTC, datetime

from pinstream.events import ImageRef, PinDeletion, PinEvent
from pinstream.store.collection import tombstone
from streams.worker.process.version_fence import Decision, IndexedState, VersionFence, decide
from streams.worker.record import Lease
from tests.streams.fakes import Index


def event(version: int) -> PinEvent:
    image = ImageRef(url="https://pictures/a")
    return PinEvent(pin_id="a", version=version, image=image, domain="web", created_at=datetime.now(UTC))


def test_only_news_is_written_and_a_deletion_wins_a_tie() -> None:
    cases: list[tuple[IndexedState | None, PinEvent | PinDeletion, Decision]] = [
        (None, event(1), "write"),
        (None, PinDeletion("a", 1), "write"),
        (IndexedState(1, True, 0), event(2), "write"),
        (IndexedState(2, True, 0), event(2), "unchanged"),
        (IndexedState(3, True, 0), event(2), "superseded"),
        (IndexedState(2, True, 0), PinDeletion("a", 2), "write"),
        (IndexedState(2, False, 0), PinDeletion("a", 2), "unchanged"),
        (IndexedState(2, False, 0), event(2), "superseded"),
        (IndexedState(2, False, 0), event(3), "write"),
    ]

    wrong = [(known, new, found) for known, new, expected in cases if (found := decide(known, new)) != expected]

    assert not wrong


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def test_read_backs_are_strong_until_the_owner_before_must_be_visible() -> None:
    clock, index = Clock(), Index()
    fence, lease = VersionFence(index, capacity=10, staleness_s=10, monotonic=clock), Lease(0, 100.0)

    await fence.read_back("a", lease)
    clock.now_s = 111
    await fence.read_back("a", lease)

    assert index.reads == ["Strong", "Bounded"]


async def test_an_evicted_write_of_our_own_makes_read_backs_strong_again() -> None:
    clock, index = Clock(), Index()
    fence, lease = VersionFence(index, capacity=1, staleness_s=10, monotonic=clock), Lease(0, 0.0)
    fence.remember("a", lease, IndexedState(1, True, 0))
    fence.remember("b", lease, IndexedState(1, True, 0))

    await fence.read_back("a", lease)
    clock.now_s = 111
    await fence.read_back("a", lease)

    assert index.reads == ["Strong", "Bounded"]


async def test_a_read_back_says_version_whether_alive_and_slots() -> None:
    index = Index()
    index.store.upsert([tombstone("a", 0, 7, at_ms=1)])

    known = await VersionFence(index, capacity=10, staleness_s=10).read_back("a", Lease(0, 0.0))

    assert known == IndexedState(7, False, 0)


def test_what_is_remembered_holds_for_its_lease_only() -> None:
    fence, lease, next_lease = VersionFence(Index(), capacity=10, staleness_s=10), Lease(0, 0.0), Lease(0, 1.0)

    fence.remember("a", lease, IndexedState(1, True, 2))

    assert fence.recall("a", lease) == IndexedState(1, True, 2)
    assert fence.recall("a", next_lease) is None


def test_the_least_recently_used_pin_is_evicted() -> None:
    fence, lease = VersionFence(Index(), capacity=2, staleness_s=10), Lease(0, 0.0)
    fence.remember("a", lease, IndexedState(1, True, 0))
    fence.remember("b", lease, IndexedState(1, True, 0))
    fence.recall("a", lease)

    fence.remember("c", lease, IndexedState(1, True, 0))

    assert fence.recall("a", lease) is not None
    assert fence.recall("b", lease) is None
