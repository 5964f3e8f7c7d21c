"""The third stage: takes one event to acknowledged rows: fence, fetch, decode, detect, embed, upsert.

Takes a `PinTask` and a `FlightPermit`; gives a `TaskResult`, or raises what `PinProcessor.process` names. Runs as many
coroutines side by side as there are permits, never two for one pin. It must not block the event loop: pictures are
decoded in threads of their own (at most `PixelBudget` of them at once), and the index is called in the batchers'.
It waits for Triton and Milvus for as long as they are away (`RetryPolicy`), and looks at the lease before each attempt.
"""
