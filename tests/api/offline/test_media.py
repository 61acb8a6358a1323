"""Preserved files are found by the log, named without saying anything, and opened only as what the log names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.offline.media import content_of, media_at, media_of, medium_indexes
from evidence.canonical import sha256_hex
from evidence.errors import EnvelopeError, ObjectMissingError, ReleaseError
from evidence.store import database
from evidence.store.database import reading, writing
from tests.freezing import OTHER, posts_of
from tests.handing import posted_office
from tests.homes import PASSPHRASE, copy_of
from tests.homes import Office as Made


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return posted_office(tmp_path_factory)


@pytest.fixture
def home(posted: Made, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(posted, tmp_path)
    yield made
    made.engine.dispose()


def test_a_file_opens_as_what_the_log_names_and_as_nothing_else(home: Home, posted: Made) -> None:
    posts, casework = posts_of(home), home.keys.unlock(PASSPHRASE).casework
    (medium,) = media_of(home, [posts.files[OTHER]], casework)
    assert (medium.sha256, medium.ending) == (posts.digests[OTHER], ".jpg")
    assert media_at(home, [medium.index], casework) == [medium]
    content = b"".join(content_of(home, medium, posted.cards[:2]))
    assert (sha256_hex(content), len(content)) == (medium.sha256, medium.size)
    with pytest.raises(EnvelopeError, match="not the one that the log names"):
        list(content_of(home, replace(medium, sha256="0" * 64), posted.cards[:2]))


def test_what_has_no_file_is_refused(home: Home) -> None:
    posts, casework = posts_of(home), home.keys.unlock(PASSPHRASE).casework
    with pytest.raises(ReleaseError, match="no file"):
        media_of(home, [posts.messages[OTHER]], casework)
    with pytest.raises(ReleaseError, match="no file"):
        media_of(home, ["0" * 32], casework)


def test_a_header_that_is_gone_is_named(home: Home, posted: Made) -> None:
    casework, index = home.keys.unlock(PASSPHRASE).casework, medium_indexes(home)[0]
    (medium,) = media_at(home, [index], casework)
    with writing(home.engine) as connection:
        table = database.sealed.c
        mine = sa.and_(table.idx == index, table.name == "media_header")
        connection.execute(sa.delete(database.sealed).where(mine))
    with pytest.raises(ObjectMissingError, match="header"):
        list(content_of(home, medium, posted.cards[:2]))
    with reading(home.engine) as connection:  # the control: the payload lies there still
        assert connection.execute(
            sa.select(database.item.c.payload_sha256).where(database.item.c.idx == index)
        ).scalar()
