"""The last stage: publishes what became of each event: its dead letter, its outcome, its metrics.

Takes a task and its `TaskResult`, or the error that makes it a dead letter (`ResultPublisher`). Gives records to Kafka
(`pins.dead`, `pins.indexed`) and calls back, in the event loop, when Kafka has acknowledged an outcome: only that frees
the task's offset. Nothing here blocks. A dead letter is waited for, for as long as Kafka is away; an outcome is not.
What Kafka refuses for good stops the worker, uncommitted. The visibility probe holds no credit and no offset.
"""
