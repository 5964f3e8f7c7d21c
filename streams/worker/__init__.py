"""The worker, ``python -m streams worker``: from an event on Kafka to rows that a search finds.

::

    outside                      threads                    event loop                      stage
    ---------------------------------------------------------------------------------------------------
    pins.events           -->  live thread ------+---->  Engine.submit                   consume
    pins.events.backfill  -->  backfill thread --'           |
                                                             v
                                                         Scheduler: queue, permit        schedule
                                                             |
                                                             v  one task of a pin at a time
    web, Triton, Milvus   <->  decode, index threads <-> PinPipeline.process             process
                                                             |
                                                             v  its result
    pins.dead             <--  producer thread <-------  Finisher.write_dead_letter      finish
    pins.indexed          <--  producer thread <-------  Finisher.publish_outcome
                          -->  producer thread ------->  OffsetTracker.finish            schedule
    committed offsets     <--  live, backfill thread <-  Engine.commit, every 0.5 s       consume

A record's life: its credits are taken, a task is made of it, it waits for its pin and a permit, it is processed, its
outcome is published, Kafka acknowledges that, its offset is finished, its credits are given back, and the finished
prefix of its partition is committed. In ``service.py`` the process reads from top to bottom: build, start, run, stop.

**Threads.** Two that poll, one for each lane's consumer (`LaneConsumer`); one that polls the producer
(`WorkerProducer`); ``decode_threads`` that decode pictures; those of the two batchers that call Milvus to write and to
read (`Batcher`); four that search for probes. Everything else runs in the one event loop.

**Who may call what, from where.**

- A consumer is called by its own thread only. Others use `LaneConsumer.call_in_thread`, which never waits.
- The poll threads call the event loop through `OwnerCalls`: in order, without waiting. The one exception is a
  revocation, which blocks the live lane's thread until its partitions are drained.
- `Credits` and `Outages.paused_partitions` may be read from any thread; every other object belongs to the event loop.
- The producer's callbacks arrive in the event loop. ``WorkerProducer.send`` never blocks.

**Obligations.** The contracts are in `streams.worker.protocols`; each stage's package says what it takes and gives.

- *poll* must never stop: without credits, or while a service is away, partitions are paused and polling goes on.
- *submit* must not block or fail for one record: what is wrong with it is found in its own task.
- *process* must not block the event loop, and must look at its lease before each write.
- *publish_outcome* must not block, and calls back only after Kafka's acknowledgement: only then is the offset finished.
- *on_revoked* waits, within the drain deadline; once it has returned, no write for those partitions begins.
- *close* runs in the reverse order of the start: consumers (drain, commit, leave the group), HTTP, probes, producer,
  backends. It may be called once, and waits with a deadline at each step.

**Errors.** On one pin: a dead letter, or `Abandoned`. Outside any pin, in whatever thread: `PartitionOwner.fail`, which
begins and commits nothing more, and ends the process.
"""
