"""``pinstream where``."""
