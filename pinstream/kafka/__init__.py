"""Kafka: every client that this project opens, and how topics are read, written and replayed."""
