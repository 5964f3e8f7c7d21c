"""Searching what was indexed: Related Pins, Similar Looks, search by code.

One search, file by file::

    index.py               the public call, such as VisualIndex.related
      options.py           checks the arguments that all searches share
      searcher.py          the search from top to bottom:
        pin_reader.py      reads the pin's row, or remembers it
        topk.py            decides what to ask the store, until the best k pictures are certain
          sub_search.py    the same for one code of the query, and why a result is certain
        hits.py            the records that are returned

`query.py` has the callers' arguments, `sub_query.py` what they become for one code, `cursor.py` the pages, `blend.py`
the queries of Lens, `newest.py` the pins published last, which needs no code.
"""
