"""``python -m streams dead-letters``: list, show, replay and drop what could not be indexed."""
