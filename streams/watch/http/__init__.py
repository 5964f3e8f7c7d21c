"""The status page, the same as JSON, health and metrics, on one port."""
