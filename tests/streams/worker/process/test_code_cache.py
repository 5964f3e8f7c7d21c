"""Codes of pictures that were seen lately."""

from streams.worker.process.code_cache import CodeCache
from streams.worker.process.picture_codes import PictureCodes

UNDERSTOOD = PictureCodes(bytes(32), ())


def test_the_picture_that_was_seen_longest_ago_is_forgotten() -> None:
    cache = CodeCache(capacity=2)
    cache.remember("a", UNDERSTOOD)
    cache.remember("b", UNDERSTOOD)
    cache.recall("a")

    cache.remember("c", UNDERSTOOD)

    assert [cache.recall(name) for name in "abc"] == [UNDERSTOOD, None, UNDERSTOOD]


def test_a_capacity_of_0_remembers_nothing() -> None:
    cache = CodeCache(capacity=0)

    cache.remember("a", UNDERSTOOD)

    assert cache.recall("a") is None
