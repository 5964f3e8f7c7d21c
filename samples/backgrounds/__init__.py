"""Backgrounds, and props beside the garments."""
