"""Kafka's own test vectors (UtilsTest.testMurmur2), so that a pin is looked for where Java puts it."""

from pinstream.kafka.partitioner import partition_of

HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def test_partitions_are_those_of_javas_partitioner() -> None:
    for key, hashed in HASHES.items():
        for partitions in (1, 3, 12, 997):
            assert partition_of(key, partitions) == (hashed & 0x7FFFFFFF) % partitions, key
