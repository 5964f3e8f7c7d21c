"""``pinstream publish``."""
