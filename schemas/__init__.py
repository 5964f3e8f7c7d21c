"""The contracts, for readers in any language."""
