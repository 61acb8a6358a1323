"""The decoder is what is tested here: its processes start and end with it."""

import pytest


@pytest.fixture(autouse=True)
def _none_is_lent(own_decoders: None) -> None:
    """Withhold the processes that other tests share."""
