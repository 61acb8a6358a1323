"""One server of Debian's for all tests here, and the office whose home moves to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.homes import Office, new_office
from tests.postgresql import serving


@pytest.fixture(scope="package")
def socket() -> Iterator[Path]:
    with serving() as folder:
        yield folder


@pytest.fixture(scope="package")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"), messages=18, photos=2)
