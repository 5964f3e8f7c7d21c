"""Kafka: every client that this project opens, and how topics are read and written.

To connect and to ask::

    clients.py             opens every consumer, producer and admin client
    connection.py          the address and settings of one cluster, as the commands' options give them
    admin.py               topics, settings and group members, asked of the brokers
    consumer_group.py      committed offsets of a group, without joining it
    errors.py              what this package raises
    client_errors.py       what the clients report on their own threads

To read::

    topic_reader.py        one pass over a topic, up to the ends that it had at the beginning
    live_reader.py         partitions read as they grow
    last_records.py        the last records of one pin, searched backwards from the end of its partition
    offset_ranges.py       the offsets that a topic holds
    partitioner.py         the partition of a pin
    stored_record.py       one record

To write::

    publishing/            the parts of `pinstream.publish.Publisher`
    replayer.py            records published again, byte for byte
    compacted_replay.py    the same on a compacted topic, where an old event must not replace a newer one
"""
