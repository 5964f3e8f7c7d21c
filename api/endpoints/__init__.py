"""The HTTP endpoints, one module for each path under ``/v1``."""
