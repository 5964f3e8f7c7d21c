"""Prometheus: its configuration, recording rules and alerts."""
