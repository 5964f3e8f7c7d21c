"""The vector index: what the collection holds, and the two stores that hold it::

vector_store.py       the interface of both stores
milvus.py             the store in Milvus; with milvus_connection.py, milvus_fields.py and milvus_errors.py
memory.py             the store in memory, for tests
collection.py         rows, keys and filters
collection_schema.py  the fields of the collection, and rows as field values
codes.py              binary codes and their Hamming distance
"""
