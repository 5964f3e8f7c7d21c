"""Whether the worker may start, whether it makes progress, and whether the models are still the right ones."""
