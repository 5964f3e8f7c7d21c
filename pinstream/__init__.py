"""pinstream."""
