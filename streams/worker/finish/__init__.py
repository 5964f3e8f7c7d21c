"""The last stage: publishes what became of each event: its dead letter, its outcome, its metrics.

Takes a task and its `TaskResult`, or the error that makes it a dead letter (`ResultPublisher`). Gives records to Kafka
(`pins.dead`, `pins.indexed`) and calls back, in the event loop, when Kafka has acknowledged an outcome: only then is
the task's offset finished. Nothing here blocks the event loop. `write_dead_letter` returns after the acknowledgement,
`publish_outcome` before it. A record that Kafka refuses for good stops the worker, which commits nothing more. The
visibility probe holds no credit and no offset.
"""
