"""The write path: from an event on Kafka to rows that a search finds."""
