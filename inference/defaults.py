"""Default limits. They import nothing: settings are read by commands too that need no model and no gRPC."""

from typing import Final

DEFAULT_TIMEOUT_S: Final = 5.0
DEFAULT_MIN_SCORE: Final = 0.3
DEFAULT_MAX_OBJECTS: Final = 8
