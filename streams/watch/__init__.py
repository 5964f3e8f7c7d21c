"""The watch, ``python -m streams watch``: joins what was published with its outcomes.

It shares no code with the worker's bookkeeping, so a stuck worker cannot report itself healthy. ``consume`` reads Kafka
(``consume.app`` is the only module that knows Faust), ``join`` is pure, ``http`` shows the result.
"""
