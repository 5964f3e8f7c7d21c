"""What every request passes before its endpoint: API keys, rate limits, size and time limits; and error answers."""
