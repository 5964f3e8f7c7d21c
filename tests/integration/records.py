"""What lies on a topic, read to its end as it is now."""

import time

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

DEADLINE_S = 120.0


def read_to_end(servers: str, topic: str, *, partitions: int) -> list[Message]:
    """Every record, in order within each partition.

    Read from assigned partitions, whose leaders librdkafka looks for until it has them. Asked for the ends instead
    (`get_watermark_offsets`), a client that once met a partition without a leader says "unknown partition" for good.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,  # the broker says where the end is only when its wait is over
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, each, 0) for each in range(partitions)])
    deadline_s = time.monotonic() + DEADLINE_S
    found: list[Message] = []
    ended: set[int | None] = set()
    trouble = ""
    try:
        while len(ended) < partitions:
            assert time.monotonic() < deadline_s, f"{topic} was not read to its end in {DEADLINE_S:.0f} s: {trouble}"
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                trouble = error.str()  # away for the moment: the client tries again by itself
    finally:
        consumer.close()
    return found
