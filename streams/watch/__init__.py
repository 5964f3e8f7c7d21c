"""The watch, ``python -m streams watch``: what was published, joined with what became of it.

It shares no code with the worker's bookkeeping, so a stuck worker cannot report itself healthy. ``pins``, ``ledger``,
``histogram``, ``windows`` and ``watcher`` are the pure core; ``app`` is the only module that knows Faust.
"""
