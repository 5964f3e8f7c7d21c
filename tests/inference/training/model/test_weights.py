"""Weights are taken from where they may come from, and only if they are the right ones."""

import hashlib
from pathlib import Path

import pytest

from inference.training.errors import BadWeights
from inference.training.model.weights import backbone_weights

SUM = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture
def abc(tmp_path: Path) -> Path:
    (tmp_path / "abc.pth").write_bytes(b"abc")
    return tmp_path / "abc.pth"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.mark.parametrize("given", [SUM, SUM.upper()])
def test_a_checksum_may_be_in_capitals(abc: Path, runs: Path, given: str) -> None:
    assert backbone_weights(str(abc), sha256=given, folder=runs) == abc
    assert backbone_weights(abc.as_uri(), sha256=given, folder=runs).read_bytes() == b"abc"


def test_a_checksum_that_is_not_whole_is_refused_even_if_it_begins_right(abc: Path, runs: Path) -> None:
    for given in ("", SUM[:1], SUM[:63], SUM + "0", "g" * 64, SUM + "\n"):
        with pytest.raises(BadWeights, match="expected 64 hexadecimal digits") as raised:
            backbone_weights(str(abc), sha256=given, folder=runs)

        assert repr(given) in str(raised.value)


def test_another_scheme_is_refused_with_those_that_are_allowed(runs: Path) -> None:
    for address in ("http://example.org/w.pth", "ftp://example.org/w.pth", "C://w.pth"):
        with pytest.raises(BadWeights, match="expected https, file or a path") as raised:
            backbone_weights(address, sha256=SUM, folder=runs)

        assert address in str(raised.value)


def test_what_cannot_be_fetched_is_named(runs: Path) -> None:
    for address in (
        "https://127.0.0.1:1/w.pth", "file:///no/such/w.pth", "https://[/w.pth", "https://a b/w.pth", "https://:x/w.pth"
    ):  # fmt: skip
        with pytest.raises(BadWeights, match="cannot be fetched") as raised:
            backbone_weights(address, sha256=SUM, folder=runs)

        assert address in str(raised.value)
        assert not list(runs.iterdir())


def test_a_download_with_another_checksum_is_not_kept_and_the_next_one_is_tried(abc: Path, runs: Path) -> None:
    abc.write_bytes(b"a page that says sorry")

    with pytest.raises(BadWeights, match=rf"abc\.pth: SHA-256 is .*, expected {SUM}"):
        backbone_weights(abc.as_uri(), sha256=SUM, folder=runs)

    assert not list(runs.iterdir())
    abc.write_bytes(b"abc")
    assert backbone_weights(abc.as_uri(), sha256=SUM, folder=runs).read_bytes() == b"abc"


def test_a_download_that_was_cut_off_is_fetched_again_and_a_whole_one_is_not(abc: Path, runs: Path) -> None:
    kept = backbone_weights(abc.as_uri(), sha256=SUM, folder=runs)
    kept.write_bytes(b"ab")

    assert backbone_weights(abc.as_uri(), sha256=SUM, folder=runs).read_bytes() == b"abc"
    abc.unlink()
    assert backbone_weights(abc.as_uri(), sha256=SUM, folder=runs) == kept
