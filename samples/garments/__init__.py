"""Garments and accessories, as shapes."""
