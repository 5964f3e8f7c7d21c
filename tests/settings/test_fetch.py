"""Networks that pictures may be fetched from."""

import pytest
from pydantic import ValidationError

from settings.fetch import FetchSettings


def test_a_text_that_is_no_network_is_named() -> None:
    with pytest.raises(ValidationError, match=r"127\.0\.0\.0/99"):
        FetchSettings.model_validate({"allowed_networks": ["127.0.0.0/99"]})
