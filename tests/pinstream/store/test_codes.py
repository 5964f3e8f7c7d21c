"""Packed codes, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.store.codes import CODE_BITS, CODE_BYTES, as_code, hamming, similarity

codes = st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES)


@given(codes, codes)
def test_distance_counts_the_bits_that_differ(one: bytes, other: bytes) -> None:
    bits = [np.unpackbits(np.frombuffer(code, np.uint8)) for code in (one, other)]

    assert hamming(one, other) == int((bits[0] != bits[1]).sum())


@given(codes, codes, codes)
def test_distance_is_a_metric(one: bytes, other: bytes, third: bytes) -> None:
    assert hamming(one, one) == 0
    assert hamming(one, other) == hamming(other, one)
    assert hamming(one, third) <= hamming(one, other) + hamming(other, third)


def test_bits_are_packed_most_significant_first() -> None:
    first_bit = np.packbits(np.eye(1, CODE_BITS, 0, dtype=np.uint8)).tobytes()

    assert first_bit == b"\x80" + bytes(CODE_BYTES - 1)


def test_similarity_runs_from_equal_to_opposite() -> None:
    assert [similarity(distance) for distance in (0, CODE_BITS / 2, CODE_BITS)] == [1.0, 0.0, -1.0]


def test_bytes_of_another_length_are_refused() -> None:
    for size in (0, CODE_BYTES - 1, CODE_BYTES + 1):
        with pytest.raises(ValueError, match=f"this one {size}"):
            as_code(bytes(size))


def test_a_code_is_passed_on_as_bytes() -> None:
    assert as_code(bytearray(CODE_BYTES)) == bytes(CODE_BYTES)
