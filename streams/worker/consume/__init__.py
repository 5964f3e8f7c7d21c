"""The first stage: reads both lanes from Kafka, and commits what the next stage says.

Gives batches of records and ends of partitions to the `PartitionOwner`, and takes offsets from it (`OffsetCommitter`).
Two threads, one for each lane's consumer, and nothing but its own thread ever calls a consumer.

- **poll** must go on whatever happens: without credits, or while a service is away, partitions are paused and polled.
  A thread never waits for a pin, except in a revocation.
- **submit** takes the records' credits first, and crosses into the event loop without waiting for it.
- **a revocation** blocks the live lane's thread until the owner has drained the partitions (``drain_s``), then commits
  what it returned, in both lanes, and only then lets go of them.
- **close** stops the live thread, whose consumer revokes everything and leaves the group, then the backfill's.
"""
