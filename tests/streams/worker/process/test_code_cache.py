"""Codes of the pictures used last."""

from streams.worker.process.code_cache import CodeCache
from streams.worker.process.picture_codes import PictureCodes

CODES = PictureCodes(bytes(32), ())


def test_the_picture_used_longest_ago_is_evicted() -> None:
    cache = CodeCache(capacity=2)
    cache.remember("a", CODES)
    cache.remember("b", CODES)
    cache.recall("a")

    cache.remember("c", CODES)

    assert [cache.recall(name) for name in "abc"] == [CODES, None, CODES]


def test_a_capacity_of_0_remembers_nothing() -> None:
    cache = CodeCache(capacity=0)

    cache.remember("a", CODES)

    assert cache.recall("a") is None
