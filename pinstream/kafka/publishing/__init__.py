"""The parts of `pinstream.publish.Publisher`.

What ``publish`` does with an event, file by file::

    outgoing_record.py    makes the record: key, value, headers, timestamp
    producer_queue.py     queues it, and hands it to the client while there is room; one thread polls the client
    kafka_producer.py     what the queue uses of a client; `pinstream.testing` replaces it
    settings.py           opens the real client (`pinstream.kafka.clients`), and derives the queue's limits
    failures.py           translates librdkafka's error, if the event was not delivered
    delivery.py           what the caller awaits: the result, or that error
"""
