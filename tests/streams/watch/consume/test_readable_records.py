"""The watch reads on past header names that are not UTF-8, compressed or not."""

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from pinstream.events import UNREADABLE_HEADERS
from streams.watch.consume.readable_records import ReadableRecords

BAD = b"\xff\xfeodd"
NONE, GZIP = 0, 1


class RawName(str):
    """A header name that is written as `BAD`."""

    __slots__ = ()

    def encode(self, *_arguments: object) -> bytes:
        return BAD


def batch(*names: str, codec: int = NONE, first_offset: int = 0) -> bytearray:
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1_000_000)
    for number, name in enumerate(names):
        value = None if number % 2 else b"v"
        builder.append(number, 1_700 + number, b"k%d" % number, value, [(name, b"1"), ("fine", None)])
    built = builder.build()
    built[:8] = first_offset.to_bytes(8, "big")
    return bytearray(built)


def read(content: bytes | bytearray) -> list[tuple[object, ...]]:
    records = ReadableRecords(bytes(content))
    found: list[tuple[object, ...]] = []
    while records.has_next():
        for each in records.next_batch():
            headers = [name for name, _ in each.headers]
            found.append((each.offset, each.timestamp, each.key, each.value, headers))
    return found


@pytest.mark.parametrize("codec", [NONE, GZIP])
@pytest.mark.parametrize("bad", [(0,), (1,), (2,), (0, 1, 2), ()])
def test_every_record_is_read_once_in_order_and_only_the_bad_headers_are_missing(
    bad: tuple[int, ...], codec: int
) -> None:
    names = [RawName("odd") if number in bad else "good" for number in range(3)]

    found = read(batch(*names, codec=codec) + batch("good", codec=codec, first_offset=3))

    headers = [[UNREADABLE_HEADERS] if number in bad else ["good", "fine"] for number in range(3)]
    values = [b"v", None, b"v"]
    expected = [(number, 1_700 + number, b"k%d" % number, values[number], headers[number]) for number in range(3)]
    assert found == [*expected, (3, 1_700, b"k0", b"v", ["good", "fine"])]


def test_a_corrupt_batch_is_still_an_error() -> None:
    content = batch("good")
    content[57:61] = (5).to_bytes(4, "big")  # more records than there are

    with pytest.raises(CorruptRecordException):
        read(content)
