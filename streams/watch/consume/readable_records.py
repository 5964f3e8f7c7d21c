"""Record batches for aiokafka, which is Faust's Kafka client, in which no header name can end the watch.

aiokafka 0.14 raises UnicodeDecodeError for a header name that is not UTF-8, inside its fetcher: the partition is never
read past it. It has no setting for that, so the fetcher gets a class of records that reads such a record without its
headers. All other records are read by aiokafka's own, compiled code.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, final

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint

from pinstream.kafka.stored_record import unreadable_headers

_MAGIC_WITH_HEADERS = 2


def read_unreadable_headers() -> None:
    """Make aiokafka's consumers of this process read on past header names that are not UTF-8; safe to repeat."""
    fetcher.MemoryRecords = ReadableRecords  # type: ignore[attr-defined]  # imported there, not exported


@final
class ReadableRecords(_MemoryRecordsPy):  # type: ignore[misc]
    """A fetch response's batches; those of the current format may have headers."""

    def next_batch(self, *sizes: int) -> Any:
        content = self._next_slice
        batch = super().next_batch(*sizes)
        if batch is None or content is None or content[self.MAGIC_OFFSET] < _MAGIC_WITH_HEADERS:
            return batch
        return _Batch(batch, content)


class _Batch:
    """aiokafka's batch; once a record's headers cannot be read, the rest is read in Python."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)  # aiokafka reads the marker of a control batch so

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                read += 1
                yield record
        except (UnicodeDecodeError, CorruptRecordException) as exc:
            if not isinstance(exc.__cause__ or exc, UnicodeDecodeError):
                raise
            yield from islice(_ReadableBatch(self._content), read, None)


@final
class _ReadableBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _read_msg(self, *_decode: object) -> _DefaultRecordPy:
        begin = self._pos
        try:
            return super()._read_msg()
        except UnicodeDecodeError as exc:
            return self._read_without_headers(begin, exc)

    def _read_without_headers(self, begin: int, reason: UnicodeDecodeError) -> _DefaultRecordPy:
        """The record at ``begin``, laid out as Kafka's message format 2: lengths, then what they count."""
        buffer = self._buffer
        length, start = decode_varint(buffer, begin)
        _attributes, at = decode_varint(buffer, start)
        age_ms, at = decode_varint(buffer, at)
        offset_delta, at = decode_varint(buffer, at)
        key, at = self._read_bytes(at)
        value, _ = self._read_bytes(at)
        self._pos = start + length
        is_append_time = self.timestamp_type == self.LOG_APPEND_TIME
        timestamp_ms = self.max_timestamp if is_append_time else self.first_timestamp + age_ms
        return _DefaultRecordPy(
            self.base_offset + offset_delta,
            timestamp_ms,
            self.timestamp_type,
            key,
            value,
            list(unreadable_headers(reason)),
        )

    def _read_bytes(self, at: int) -> tuple[bytes | None, int]:
        length, at = decode_varint(self._buffer, at)
        return (None, at) if length < 0 else (bytes(self._buffer[at : at + length]), at + length)
