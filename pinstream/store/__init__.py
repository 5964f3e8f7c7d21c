"""The vector index: the collection as data, and the stores that keep it (Milvus, memory)."""
