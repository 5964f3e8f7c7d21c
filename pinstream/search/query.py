"""What a caller may ask for: which pins may be returned, in which order, by which codes."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pinstream.store.codes import Code
from pinstream.store.collection import Slots

if TYPE_CHECKING:
    from pinstream.search.hits import Hit

MAX_HITS: Final = 1_000
DEFAULT_HITS: Final = 20
DEFAULT_CANDIDATES: Final = 200
FRESHNESS_WEIGHT: Final = 0.25
"""The boost of a pin published this moment. Added to a similarity of -1 to 1, it equals 32 bits of distance."""

Names = str | Collection[str]


class AnyLabel(Enum):
    """The type of ``ANY_LABEL``."""

    ANY_LABEL = "any label"


ANY_LABEL: Final = AnyLabel.ANY_LABEL
"""As ``Filters.label``: ``similar`` returns objects of every label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which pins a search may return. A field that is None does not restrict; an empty collection is refused.

    - ``domain``: one or several of ``web``, ``camera``, ``catalog``.
    - ``label``: one or several labels. ``related`` compares them with the picture's most certain object. Without
      labels ``similar`` returns only objects with the label of the given object; ``ANY_LABEL`` lifts that.
    - ``max_age_s``: seconds since the pin was published, 0 to 1e12.
    - ``but``: pin ids that are left out; other pins that show the same picture are not.
    """

    domain: Names | None = None
    label: Names | AnyLabel | None = None
    max_age_s: float | None = None
    but: Names | None = None


NO_FILTERS: Final = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Newer pins rank higher: ``relevance = similarity + weight * 2 ** (-age_s / half_life_s)``.

    ``half_life_s`` is in seconds and above 0; ``weight`` is above 0 and at most 2. A pin that was published this
    moment counts as ``weight * 128`` bits nearer than it is, a pin that is ``half_life_s`` old as half as many. Of two
    pins at the same distance the newer comes first, of two pins of the same age the nearer. Near-duplicates still come
    before all others.
    """

    half_life_s: float
    weight: float = FRESHNESS_WEIGHT

    def decay(self, age_s: float) -> float:
        """The share of the boost that is left at this age, 1 to 0."""
        return math.exp2(-max(age_s, 0.0) / self.half_life_s)

    def age_s(self, decay: float) -> float:
        """The age in seconds at which this share is left; ``decay`` is above 0 and at most 1."""
        return -math.log2(decay) * self.half_life_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerank:
    """The caller's own order: ``scorer`` returns one score per hit, and the highest comes first.

    ``scorer`` is called once, with the ``candidates`` (1 to 1,000) nearest pictures, nearest first. It must return as
    many finite numbers; anything else raises QueryInvalid. Equal scores keep the order of nearness. The answer, all
    its pages together, holds no more than the candidates.
    """

    scorer: "Callable[[Sequence[Hit]], Sequence[float]]"
    candidates: int = DEFAULT_CANDIDATES


Order = Freshness | Rerank


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeQuery:
    """One of the codes that ``VisualIndex.blended`` searches for together.

    ``code`` has 32 bytes. It is compared with whole pictures, objects or any rows (``slots``), perhaps of certain
    labels only. ``weight``, above 0 and at most 1, multiplies the relevance of its hits.
    """

    code: Code
    slots: Slots = "any"
    label: Names | None = None
    weight: float = 1.0

    def identity(self) -> tuple[object, ...]:
        """What is searched for, the same in every process."""
        return self.code, self.slots, sorted_names(self.label), self.weight


def sorted_names(names: Names | None) -> list[str] | None:
    """The names, sorted and without repeats; None for any."""
    return None if names is None else sorted({names} if isinstance(names, str) else names)
