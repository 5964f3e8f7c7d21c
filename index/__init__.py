"""The index for operators: create the collection, compare it with the topics, remove old tombstones."""
