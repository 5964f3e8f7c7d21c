"""What only the memory store promises; the rest it shares with Milvus: tests/congruence."""

from concurrent.futures import ThreadPoolExecutor

from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Row, Where
from pinstream.store.memory import MemoryStore


def row(pin_id: str, slot: int, version: int) -> Row:
    return Row(pin_id=pin_id, slot=slot, alive=True, code=bytes(CODE_BYTES), version=version)


def test_readers_in_other_threads_see_a_pin_whole() -> None:
    store = MemoryStore()
    store.upsert([row("pin", slot, 0) for slot in range(4)])

    def write(version: int) -> None:
        store.upsert([row("pin", slot, version) for slot in range(4)])

    def versions(_: int) -> set[int]:
        return {found.version for found in store.scan(Where(), limit=10)}

    with ThreadPoolExecutor(4) as threads:
        writes = [threads.submit(write, version) for version in range(200)]
        seen = list(threads.map(versions, range(200)))

    assert all(write.done() for write in writes)
    assert all(len(one) == 1 for one in seen)


def test_closing_keeps_the_rows() -> None:
    store = MemoryStore()
    store.upsert([row("pin", 0, 1)])

    store.close()

    assert store.count_between("", "~") == 1
