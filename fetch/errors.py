"""What can go wrong between an event and the bytes of its picture.

::

    FetchError
    ├── FetchRefused     invalid: the address, its answer or its size will not change; the pin becomes a dead letter
    └── FetchFailed      retryable: the host is slow, busy or unreachable; says when to retry, if the host did
"""

import ssl

import aiohttp


class FetchError(Exception):
    """The root of this room's errors."""


class FetchRefused(FetchError):
    """The picture cannot be had from this address; a retry changes nothing."""


class FetchFailed(FetchError):
    """The picture could not be fetched now; ``retry_after_s`` is the wait that the host asked for, capped, or None."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def from_client_error(exc: Exception, address: str) -> FetchError:
    """An error of aiohttp or the operating system as one of ours; invalid addresses and certificates are refused."""
    message = f"{address}: {type(exc).__name__} {str(exc)[:200]}".rstrip()
    if isinstance(exc, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ssl.CertificateError)):
        return FetchRefused(message)
    return FetchFailed(message)
