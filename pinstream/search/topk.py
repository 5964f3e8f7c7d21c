"""From rows to pictures, without a network: what an index must still be asked, and what its answers add up to.

An answer is right when no row that was not seen could change it. Rankings come nearest first and never cut a tie, so
of what was not seen the distance is known from below; under a freshness boost that says how young a row must be to
matter still, and the index is asked for those only.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pinstream.search.cursor import Cursor
from pinstream.search.hits import picture_of
from pinstream.search.query import Freshness
from pinstream.store.codes import CODE_BITS, Code, similarity
from pinstream.store.collection import Row, Where
from pinstream.store.vector_store import MAX_LIMIT, Match, Ranking

OVER_FETCH: Final = 2
"""Beside what is wanted: the asked pin itself, and one more to know of. Stores give what they have beyond."""
_NEVER: Final = -1
_ROUNDING: Final = 1e-9
Standing = tuple[bool, float, int, str]
"""What hits are ordered by, smallest first: not leading, -relevance, distance, key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProbe:
    """One code that is asked for: which rows it may find, and what they are worth by their distance.

    ``worth`` falls with every bit. Rows up to ``leads_within`` come before all others; beyond ``reach`` none counts.
    ``query`` is its place among codes that are asked together.
    """

    code: Code
    where: Where
    worth: Callable[[int], float] = similarity
    leads_within: int = -1
    reach: int = CODE_BITS
    query: int = 0
    finds_products: bool = False

    def stands_for_product(self, distance: int) -> bool:
        """Whether a row this far away is taken for the very product that is asked for."""
        return self.finds_products and distance <= self.leads_within


@dataclass(slots=True)
class Candidate:
    """One picture as one probe found it: its nearest rows, shown by the best of them."""

    match: Match
    probe: CodeProbe
    standing: Standing
    pins: set[str] = field(default_factory=set)

    @property
    def relevance(self) -> float:
        """What the order follows."""
        return -self.standing[1]


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds for a whole answer: whom it leaves out, and what youth is worth at which moment."""

    but: frozenset[str] = frozenset()
    cursor: Cursor | None = None
    freshness: Freshness | None = None
    now_ms: int = 0

    def boost(self, row: Row) -> float:
        """What ``row``'s age adds to its worth."""
        if self.freshness is None:
            return 0.0
        return self.freshness.weight * self.freshness.share((self.now_ms - row.published_at_ms) / 1000)

    def since_ms(self, gap: float) -> int | None:
        """Since when a row was published whose boost makes up for ``gap``; None: whenever. ``gap`` <= the weight."""
        if self.freshness is None or gap <= 0:
            return None
        age_ms = self.freshness.age_s(min(gap / self.freshness.weight, 1.0)) * 1000
        return max(self.now_ms - math.ceil(age_ms) - 1, 0) if age_ms < self.now_ms else None

    @property
    def most(self) -> float:
        """The largest boost."""
        return 0.0 if self.freshness is None else self.freshness.weight

    def shows_again(self, row: Row) -> bool:
        """Whether ``row``'s pin or picture was on an earlier page."""
        cursor = self.cursor
        return (
            cursor is not None
            and bool(cursor.marks)
            and (cursor.has("picture", picture_of(row)) or cursor.has("pin", row.pin_id))
        )


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """One question for the store; its ranking goes to ``take``."""

    stream: "_Stream"
    where: Where
    at_least: int

    @property
    def code(self) -> Code:
        """What to rank by."""
        return self.stream.probe.code

    def take(self, ranking: Ranking) -> None:
        """Hand the answer in."""
        self.stream.take(ranking)


class TopK:
    """The ``limit`` best pictures of all probes together, and whether there is one more.

    Ask ``asks()`` and hand the rankings in, until nothing is asked. Of a picture only the nearest rows of each probe
    count; the best standing among them is the picture's.
    """

    def __init__(self, probes: Sequence[CodeProbe], *, limit: int, scope: Scope) -> None:
        self._limit = limit
        self._shown = scope.cursor.shown if scope.cursor else 0
        self._streams = [_Stream(probe, scope) for probe in probes]

    def asks(self) -> list[StoreQuery]:
        """What the store must be asked next, all at once; empty when the answer is certain."""
        target = self._target()
        wanted = self._limit + self._shown + OVER_FETCH
        found = (stream.ask(target, wanted) for stream in self._streams)
        return [ask for ask in found if ask is not None]

    def best(self) -> list[Candidate]:
        """The pictures found, best first, at most ``limit``."""
        return self._ranked()[: self._limit]

    def met(self, row: Row) -> bool:
        """Whether ``row``, which the answer leaves out, was met as it is: by its code, in its version."""
        match = self._streams[0].left_out.get(row.key)
        return match is not None and match.distance == 0 and match.row.version == row.version

    @property
    def exhausted(self) -> bool:
        """Whether ``best`` is everything that the filters accept."""
        return all(stream.exhausted for stream in self._streams) and len(self._ranked()) <= self._limit

    def _target(self) -> Standing | None:
        """The standing that a row must beat to matter; None while every row does."""
        ranked = self._ranked()
        return ranked[self._limit - 1].standing if len(ranked) > self._limit else None

    def _ranked(self) -> list[Candidate]:
        if len(self._streams) == 1:
            return sorted(self._streams[0].candidates(), key=_standing)
        best: dict[str, Candidate] = {}
        for stream in self._streams:
            for candidate in stream.candidates():
                picture = picture_of(candidate.match.row)
                known = best.setdefault(picture, candidate)
                if candidate.standing < known.standing:
                    best[picture] = candidate
        return sorted(best.values(), key=_standing)


class _Stream:
    """What one probe has found, and how far it has seen."""

    def __init__(self, probe: CodeProbe, scope: Scope) -> None:
        self.probe = probe
        self.exhausted = False
        """Whether every row was seen that the filter accepts and that is within reach."""
        self.left_out: dict[str, Match] = {}
        """Rows of the pins that the answer leaves out, as far as they were met."""
        self._scope = scope
        self._found: dict[str, Candidate] = {}
        self._passed_pictures: set[str] = set()
        self._passed_pins: set[str] = set()
        self._seen_to = -1
        self._done = False
        self._rounds = 0
        self._target: Standing | None = None
        self._narrowed = False
        self._unsure: set[str] = set()

    def candidates(self) -> Iterable[Candidate]:
        """The pictures found so far, each certain."""
        return self._found.values()

    def ask(self, target: Standing | None, at_least: int) -> StoreQuery | None:
        """The next question, unless nothing that it could find would beat ``target``."""
        self._target = target
        if self._unsure:
            where = replace(self.probe.where, image_sha256s=frozenset(self._unsure))
            return StoreQuery(self, where, min(2 * len(self._unsure), MAX_LIMIT))
        if self._done or self._seen_to >= self.probe.reach:
            return None
        since_ms = self._since_ms(target)
        if since_ms == _NEVER:
            return None
        self._narrowed = since_ms is not None
        where = self.probe.where
        if self._rounds:
            where = replace(where, not_image_sha256s=self._known_pictures(), not_pins=self._known_pins())
        if since_ms is not None:
            where = replace(where, published_since_ms=max(since_ms, where.published_since_ms or 0))
        asked = min(at_least << min(self._rounds, 10), MAX_LIMIT)
        self._rounds += 1
        return StoreQuery(self, where, asked)

    def take(self, ranking: Ranking) -> None:
        """The answer to what was asked last."""
        if self._unsure:
            found = self._add(ranking.matches)
            self._unsure = set() if ranking.exhausted else self._unsure - found
            return
        if self._narrowed:
            self._settle_young(ranking.matches)
        else:
            self._add(ranking.matches)
        if ranking.matches:
            self._seen_to = ranking.matches[-1].distance
        self._done = ranking.exhausted
        self.exhausted = not self._narrowed and (self._done or self._seen_to >= self.probe.reach)

    def _since_ms(self, target: Standing | None) -> int | None:
        """Since when a row not seen yet must have been published to beat ``target``: None is whenever."""
        if target is None:
            return None
        nearest = self._seen_to + 1
        target_follows, target_relevance = target[0], -target[1]
        follows = nearest > self.probe.leads_within
        if follows != target_follows:
            return _NEVER if follows else None
        gap = target_relevance - self.probe.worth(nearest)
        if gap > self._scope.most + _ROUNDING:
            return _NEVER
        return self._scope.since_ms(gap - _ROUNDING)

    def _add(self, matches: Sequence[Match]) -> set[str]:
        """Take in ``matches``, nearest first; gives the pictures that they show."""
        return {self._added(match, self._found) for match in matches}

    def _added(self, match: Match, into: dict[str, Candidate]) -> str:
        row, distance = match.row, match.distance
        if distance > self.probe.reach or self._passes_over(match):
            return ""
        picture = picture_of(row)
        known = into.get(picture)
        if known is not None and known.match.distance < distance:
            return picture
        standing = self._standing_of(match)
        if known is None:
            into[picture] = Candidate(match, self.probe, standing, {row.pin_id})
            return picture
        known.pins.add(row.pin_id)
        if standing < known.standing:
            known.match, known.standing = match, standing
        return picture

    def _settle_young(self, matches: Sequence[Match]) -> None:
        """Of pictures met among young rows only, the nearest row may be an old one: those that matter are asked for."""
        young: dict[str, Candidate] = {}
        for match in matches:
            self._added(match, young)
        for picture, candidate in young.items():
            sha256 = candidate.match.row.image_sha256
            if not sha256:
                self._found[picture] = candidate
            elif self._target is None or candidate.standing < self._target:
                self._unsure.add(sha256)
            else:
                self._passed_pictures.add(sha256)

    def _passes_over(self, match: Match) -> bool:
        row = match.row
        if row.pin_id in self._scope.but:
            self._passed_pins.add(row.pin_id)
            self.left_out.setdefault(row.key, match)
            return True
        if not self._scope.shows_again(row):
            return False
        if row.image_sha256 and self._scope.cursor and self._scope.cursor.has("picture", row.image_sha256):
            self._passed_pictures.add(row.image_sha256)
        else:
            self._passed_pins.add(row.pin_id)
        return True

    def _standing_of(self, match: Match) -> Standing:
        relevance = self.probe.worth(match.distance)
        if self._scope.freshness is not None:
            relevance += self._scope.boost(match.row)
        return match.distance > self.probe.leads_within, -relevance, match.distance, match.row.key

    def _known_pictures(self) -> frozenset[str]:
        named = (candidate.match.row.image_sha256 for candidate in self._found.values())
        return frozenset(name for name in named if name) | self._passed_pictures

    def _known_pins(self) -> frozenset[str]:
        rows = (candidate.match.row for candidate in self._found.values())
        return frozenset(row.pin_id for row in rows if not row.image_sha256) | self._passed_pins


def _standing(candidate: Candidate) -> Standing:
    return candidate.standing
