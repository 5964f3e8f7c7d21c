"""``python -m index sweep``: old tombstones removed from the index."""
