"""The settings that every process reads once from the environment at its start, and its log format."""
