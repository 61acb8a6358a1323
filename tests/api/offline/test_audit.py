"""The fourth level of an audit logs who opens files, opens them, compares them with the log, and writes no file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.freeze import freeze
from api.offline import audit as auditing
from api.offline.audit import MediaAudit, audit_media, files_to_open
from evidence.authority import Doer
from evidence.custody.event import Record
from evidence.errors import CardError
from evidence.finding import Verdict
from evidence.store import database
from evidence.store.database import reading, writing
from tests.erasing import problems_of
from tests.freezing import FIRST, OTHER, posts_of
from tests.handing import flipped, posted_office
from tests.homes import PASSPHRASE, copy_of, doer, records_of, size_of
from tests.homes import Office as Made
from tests.nonempty import nonempty

FILES = 5


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return posted_office(tmp_path_factory)


@pytest.fixture
def home(posted: Made, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(posted, tmp_path)
    yield made
    made.engine.dispose()


def opened(home: Home, cards: tuple[str, ...], *, sample: int | None = None, by: Doer | None = None) -> MediaAudit:
    casework = home.keys.unlock(PASSPHRASE).casework
    return audit_media(home, casework, cards, sample=sample, progress=lambda _one: None, by=by)


def test_every_file_is_opened_and_nothing_is_written(home: Home, posted: Made) -> None:
    before = {file: file.read_bytes() for file in home.path.rglob("*") if file.is_file() and file.suffix != ".log"}
    done = opened(home, posted.cards[:2])
    (finding,) = done.findings
    assert (done.opened, done.kept, finding.verdict) == (FILES, FILES, Verdict.PASSED)
    assert {file: file.read_bytes() for file in nonempty(before)} == before
    assert len([file for file in home.path.rglob("*") if file.is_file() and file.suffix != ".log"]) == len(before)


def test_who_opens_how_many_files_is_logged_before_the_first_is_opened(
    home: Home, posted: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, content_of = size_of(home), auditing.content_of
    logged = list[Record]()

    def looked(*given: Any) -> Any:  # noqa: ANN401 - passed on
        logged[:] = records_of(home, before)
        return content_of(*given)

    monkeypatch.setattr(auditing, "content_of", looked)
    assert opened(home, posted.cards[:2], sample=1, by=doer(home, approver=None)).unlogged is None
    (look,) = [each for each in logged if each.type == "digests_viewed"]
    assert (look.values["actor"], look.values["item"], look.values["items"]) == ("ann", None, "1")
    with pytest.raises(CardError):  # what opens nothing is no look
        opened(home, posted.cards[:1], by=doer(home, approver=None))
    assert [each.type for each in records_of(home, before)].count("digests_viewed") == 1
    assert problems_of(home) == []


def test_a_sample_is_drawn_and_what_is_frozen_stays_closed(home: Home, posted: Made) -> None:
    assert (opened(home, posted.cards[:2], sample=2).opened, files_to_open(home, 2)) == (2, 2)
    freeze(home, [posts_of(home).messages[FIRST]], doer(home, approver=None))
    left = files_to_open(home, None)
    assert left < FILES
    assert opened(home, posted.cards[:2]).kept == left


def test_damage_is_named_by_item(home: Home, posted: Made) -> None:
    flipped([each for each in (home.path / "objects").rglob("*") if each.is_file()])
    done = opened(home, posted.cards[:2])
    assert {(each.id, each.verdict, each.code) for each in done.findings} == {
        ("media.contents", Verdict.FAILED, "media.contents.differs")
    }
    assert len(done.findings) == FILES


def test_another_files_header_and_payload_are_found_though_they_open(home: Home, posted: Made) -> None:
    """Whoever swaps what two entries have is met by level 2 too; this level needs no digest of a ciphertext."""
    posts, table = posts_of(home), database.sealed
    with reading(home.engine) as connection:
        wanted = sa.select(database.item.c.idx).where(
            database.item.c.item_id.in_([posts.files[FIRST], posts.files[OTHER]])
        )
        one, other = connection.execute(wanted.order_by(database.item.c.idx)).scalars()
        bodies = {
            index: connection.execute(
                sa.select(table.c.body).where(table.c.idx == index, table.c.name == "media_header")
            ).scalar_one()
            for index in (one, other)
        }
    with writing(home.engine) as connection:
        for index, body in ((one, bodies[other]), (other, bodies[one])):
            mine = sa.and_(table.c.idx == index, table.c.name == "media_header")
            connection.execute(sa.update(table).where(mine).values(body=body))
    assert len([each for each in opened(home, posted.cards[:2]).findings if each.verdict is Verdict.FAILED]) == 2
    assert {each.id for each in problems_of(home)} == {"sealed.rows"}  # the control: level 3 sees it in its own way


def test_too_few_cards_open_nothing(home: Home, posted: Made) -> None:
    with pytest.raises(CardError):
        opened(home, posted.cards[:1])
