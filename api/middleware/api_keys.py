"""API keys: from the ``Authorization`` header, or from the cookie that the page sets."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

KEY_COOKIE: Final = "pinstream_key"


class ApiKeys:
    """The keys that the settings allow."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._digests = [_digest(key.get_secret_value().encode()) for key in keys]

    @property
    def are_required(self) -> bool:
        return bool(self._digests)

    def caller(self, headers: Headers) -> str | None:
        """A name for the caller with this key, without the key in it; None if the key is missing or wrong."""
        digest = _digest(_key_in(headers).encode("latin-1"))
        # Every key is compared in constant time: how long it takes must not say how much of a guess was right.
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return "key " + digest.hex()[:16] if any(matches) else None


def _key_in(headers: Headers) -> str:
    """As it came, each byte a character."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    # Starlette's parser, as browsers': the standard library's drops all cookies if it cannot read one of them.
    return cookie_parser(headers.get("cookie", "")).get(KEY_COOKIE, "")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
