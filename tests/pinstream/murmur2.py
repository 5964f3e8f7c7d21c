"""Kafka's Java partitioner, written again from its documentation: the oracle for ours."""

_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """``org.apache.kafka.common.utils.Utils.murmur2``, as an unsigned 32-bit number."""
    multiplier, hashed = 0x5BD1E995, 0x9747B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * multiplier & _MASK
        word = (word ^ word >> 24) * multiplier & _MASK
        hashed = hashed * multiplier & _MASK ^ word
    if rest := key[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * multiplier & _MASK
    hashed = (hashed ^ hashed >> 13) * multiplier & _MASK
    return hashed ^ hashed >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Where ``DefaultPartitioner`` puts a keyed record."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
