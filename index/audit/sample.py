"""Which pins a sampled audit looks at: by their ids, so that both sides are sampled alike, and every time."""

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Sample:
    """The share ``ratio`` of all pins, 0 to 1."""

    ratio: float = 1.0

    def takes(self, pin_id: str) -> bool:
        """Whether this pin is one of them."""
        if self.ratio >= 1:
            return True
        return int.from_bytes(blake2b(pin_id.encode(), digest_size=8).digest(), "big") < self.ratio * 2**64
