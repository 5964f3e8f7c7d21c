"""The findings of an audit: what can be wrong with a pin."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["missing", "orphaned", "stale", "undeleted", "half", "doubled", "embedding", "code"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MEANINGS: Final[dict[Kind, str]] = {
    "missing": "published, and not in the index",
    "orphaned": "in the index, and in no topic",
    "stale": "in the index at an older version",
    "undeleted": "deleted, and still found by searches",
    "half": "slots are missing, too many, or of several versions",
    "doubled": "a key is in the index more than once",
    "embedding": "indexed as another embedding version, not as this one",
    "code": "codes are all zero, or far from those of the same picture",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a pin."""

    pin_id: str
    kind: Kind
    detail: str
    last_slot: int = 0
    """The last slot that the index holds of the pin."""
