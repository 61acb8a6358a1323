"""One home with the posts of ``tests.freezing`` for the tests of what is kept and what goes; each takes a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from tests.freezing import Posts, office_of_posts, posts_of
from tests.homes import Office, copy_of


@pytest.fixture(scope="session")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office_of_posts(tmp_path_factory.mktemp("posted"))


@pytest.fixture
def posted_home(posted: Office, tmp_path: Path) -> Iterator[Home]:
    """A copy of it; a module whose tests all want one calls it ``home``."""
    home = copy_of(posted, tmp_path)
    yield home
    home.engine.dispose()


@pytest.fixture
def posts(home: Home) -> Posts:
    return posts_of(home)
