"""An address that no request can be sent to is refused when the client is made."""

import pytest

from pinstream import AsyncPinstreamClient, PinstreamClient
from pinstream.errors import ServiceRefused, ServiceUnavailable


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://pins.example", "http://", "", "http:8080"])
@pytest.mark.parametrize("client", [PinstreamClient, AsyncPinstreamClient])
def test_an_address_without_scheme_or_host_is_refused_with_what_is_expected(
    client: type[PinstreamClient | AsyncPinstreamClient], url: str
) -> None:
    with pytest.raises(ServiceRefused) as caught:
        client(url)

    assert str(caught.value) == f"url is {url!r}; expected http://host:port or https://host:port"


def test_a_service_that_is_away_is_named() -> None:
    with (
        PinstreamClient("http://127.0.0.1:1", retry_for_s=0) as client,
        pytest.raises(ServiceUnavailable, match=r"http://127\.0\.0\.1:1"),
    ):
        client.newest()
