"""What every process is told at its start: groups of settings, read from the environment once, and its log lines."""
