"""The second stage: decides what begins when, and which offsets may be committed.

Takes batches of records and ends of partitions (`PartitionOwner.submit`), in the event loop, in the order of their
offsets. Gives one task at a time of each pin, with a permit, to `PinProcessor.process`, and each result to
`ResultPublisher`. Nothing here blocks or knows Kafka's client.

- **submit** never waits and never refuses: credits have bounded what comes. A record of a partition that is not
  assigned, or is being drained, is abandoned at once.
- **drain** (`on_revoked`) is the one method that waits: until every task of the partitions is acknowledged, or the
  deadline. It begins nothing, and drops what has not begun.
- **abandon** ends the leases. After it no task of these partitions begins a write or finishes an offset.
- **commit** sends the finished prefix of each partition, never an offset that an unfinished one precedes.
"""
