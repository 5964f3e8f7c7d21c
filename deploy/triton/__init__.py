"""What Triton's image contains in addition to the models."""
