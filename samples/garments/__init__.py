"""Garments and accessories, as layers."""
