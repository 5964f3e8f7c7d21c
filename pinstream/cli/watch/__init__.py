"""``pinstream watch``."""
