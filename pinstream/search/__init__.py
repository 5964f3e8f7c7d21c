"""Searching what was indexed: Related Pins, Similar Looks, search by code.

One search, file by file::

    index.py       the public call, such as VisualIndex.related
    options.py     checks the arguments that all searches share
    searcher.py    the search from top to bottom:
    pin_reader.py      reads the pin's row, or remembers it
    topk.py            says what to ask the store, until the best k pictures are certain
    hits.py            the records that are returned

What a caller gives is in `query.py`, cursors are in `cursor.py`, Lens' queries in `blend.py`. Why a top k is certain is
in `sub_search.py`.
"""
