"""The worker, ``python -m streams worker``: from an event on Kafka to rows that a search finds."""
