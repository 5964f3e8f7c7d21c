"""Curves, light and pixels."""
