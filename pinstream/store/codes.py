"""Binary codes: nothing else knows the bit order or how the distance is computed."""

from typing import Final

CODE_BITS: Final = 256
CODE_BYTES: Final = CODE_BITS // 8

Code = bytes
"""One embedding: 32 bytes, most significant bit first, as ``numpy.packbits`` writes them."""


def as_code(code: bytes | bytearray) -> Code:
    """The bytes as a code; raises ValueError naming their number if that is not 32."""
    if len(code) != CODE_BYTES:
        raise ValueError(f"a code has {CODE_BYTES} bytes ({CODE_BITS} bits), this one {len(code)}")
    return bytes(code)


def hamming(one: Code, other: Code) -> int:
    """How many of the 256 bits differ, 0..256."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def similarity(distance: float) -> float:
    """A Hamming distance as a cosine-like score: 1.0 for equal codes, 0.0 for unrelated, -1.0 for opposite."""
    return 1.0 - 2.0 * distance / CODE_BITS
