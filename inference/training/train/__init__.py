"""Training runs of the embedding and the detector."""
