"""``python -m index audit``: the index compared with the topics, and repaired."""
