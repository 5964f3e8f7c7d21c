"""The status page, its JSON, health and metrics, on one port."""
