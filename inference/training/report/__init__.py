"""docs/models.md: its tables, charts and pictures."""
