"""Milvus from the operator's side: creating the collection, and writing to it in batches."""
