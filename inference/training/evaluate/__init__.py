"""Figures of embeddings and detectors."""
