"""What Triton's image holds beside the models."""
