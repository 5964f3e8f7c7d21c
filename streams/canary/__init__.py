"""The canary, ``python -m streams canary``: a pin of nobody's that is published, found, deleted and gone, for ever."""
