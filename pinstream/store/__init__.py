"""The vector index: what the collection holds, and the two stores that hold it.

In short::

    vector_store.py         the interface of both stores
    milvus.py               the store in Milvus, and what only it needs:
      milvus_connection.py    one connection for all threads
      milvus_fields.py        the schema in pymilvus' classes
      milvus_errors.py        pymilvus' errors, translated
    memory.py               the store in memory, for tests
    collection.py           rows, keys and filters
    collection_schema.py    the columns, and rows as column values
    codes.py                binary codes and their Hamming distance
"""
