"""Searching what was indexed: Related Pins, Similar Looks, search by code."""
