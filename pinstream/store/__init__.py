"""The vector index: what the collection holds, and the two stores that hold it::

vector_store.py    the interface of both stores
milvus.py          the store in Milvus; with milvus_connection.py, milvus_schema.py and milvus_errors.py
memory.py          the store in memory, for tests
collection.py      rows, keys and filters
columns.py         the columns, and rows as column values
codes.py           binary codes and their Hamming distance
"""
