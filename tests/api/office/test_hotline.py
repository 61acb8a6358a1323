"""The sheet for a hotline tells where and when and how large, in every language, and shows and names nobody."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api import TOOL
from api.home import Home
from api.office import hotline as verbs
from api.office.freeze import freeze
from api.office.hotline import HotlineWish, WrittenHotline, write_hotline
from casefiles.errors import PagesError, SheetError
from casefiles.report.lines import WIDTH
from config.words import languages
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.custody.sequencer import Sequencer
from evidence.errors import AuthorityError, HomeError, UnknownItemError
from tests.erasing import problems_of
from tests.freezing import CHANNEL, FIRST, OTHER, SAID, SECOND, Posts, posts_of
from tests.homes import PASSPHRASE, copy_of, doer, new_home, records_of, size_of
from tests.homes import Office as Made
from tests.nonempty import nonempty

WHY = "mila thinks that she is fifteen"


@dataclass(frozen=True)
class FrozenDesk:
    """A home in which an album and a message are frozen."""

    home: Home
    posts: Posts
    folder: Path

    def write(self, *items: str, by: Doer | None = None, **more: object) -> WrittenHotline:
        out = self.folder / f"report-{len(list(self.folder.iterdir()))}.txt"
        wish = replace(HotlineWish(out, items), **more)  # type: ignore[arg-type]
        return write_hotline(self.home, wish, by or doer(self.home), self.home.keys.unlock(PASSPHRASE).casework)

    def text(self, **more: object) -> str:
        return self.write(**more).out.read_text(encoding="utf-8")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(posted: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Posts]:
    home = copy_of(posted, tmp_path_factory.mktemp("frozen"))
    posts = posts_of(home)
    for number in (FIRST, OTHER):
        freeze(home, [posts.files[number]], Doer("zana", TOOL, home.clock(), reason=WHY))
    home.engine.dispose()
    return replace(posted, home=home), posts


@pytest.fixture
def at(made: tuple[Made, Posts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrozenDesk]:
    """Its sheets are not typeset, which one test does."""
    monkeypatch.setattr(verbs, "hotline_pages", lambda *_: b"%PDF-")
    (tmp_path / "sheets").mkdir()
    home = copy_of(made[0], tmp_path)
    yield FrozenDesk(home, made[1], tmp_path / "sheets")
    home.engine.dispose()


def test_it_says_what_stood_where_and_when_with_sizes_and_digests_and_who_reports(at: FrozenDesk) -> None:
    done = at.write()
    text = done.out.read_text(encoding="utf-8")
    assert set(done.sheet.items) == at.posts.of(FIRST, SECOND, OTHER)
    for number in nonempty((FIRST, SECOND, OTHER)):
        assert f"message {number} of chat {CHANNEL}" in text
        assert f"https://t.me/c/{CHANNEL}/{number}" in text
        assert at.posts.files[number] in text
        assert at.posts.digests[number] in "".join(text.split())
    for told in (at.home.settings.office.organisation, at.home.settings.log.origin, "2024-11-14 09:00:00 UTC"):
        assert told in text
    assert " ".join(text.split()).count("because a person of the office thinks that it may show a child") == 2
    assert "to be verified by counsel" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_it_has_no_words_of_a_post_no_reason_and_no_name_of_a_person_or_file(at: FrozenDesk) -> None:
    text = at.text()
    told = [record.values for record in records_of(at.home) if record.type == "observed"]
    secret = {str(values[name]) for values in told for name in ("sender_name", "text", "file_name") if values[name]}
    secret |= {*SAID.values(), WHY, "zana", "mila", "Zogu", "Kanali", "a test"}
    assert {"Zogu", SAID[FIRST]} <= secret, "the control: there are such values"
    assert [each for each in nonempty(secret) if each in text] == []
    assert "user7" not in text.replace("7 (user)", "")


@pytest.mark.parametrize("language", languages())
def test_it_is_in_the_language_chosen_with_english_behind_it(at: FrozenDesk, language: str) -> None:
    pages = at.text(language=language).split("\f")
    assert len(pages) == (1 if language == "en" else 2)
    assert "Report to a hotline: material that may show a child\n====" in pages[-1]
    assert ("Report to a hotline" in pages[0]) == (language == "en")


def test_a_sheet_that_cannot_be_logged_is_not_there(
    at: FrozenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[str]()

    def refused(*_given: object) -> None:
        if there := [each.suffix for each in (tmp_path / "sheets").iterdir()]:
            seen.extend(there)
            raise UnknownItemError("unknown_item.not_frozen", found="x")

    monkeypatch.setattr(verbs, "_require_frozen", refused)
    with pytest.raises(UnknownItemError):
        at.write()
    assert {".txt", ".pdf"} <= set(seen), "it was there before it was to be logged"
    assert list((tmp_path / "sheets").iterdir()) == []
    assert "sheet_made" not in {record.type for record in records_of(at.home)}


def test_a_sheet_whose_entry_was_committed_and_reported_as_failed_stays(
    at: FrozenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Sequencer.append

    def failing(self: Sequencer, drafts: Sequence[Draft], *more: Any) -> object:  # noqa: ANN401 - passed on
        done = append(self, drafts, *more)
        if drafts[0].type == "sheet_made":
            raise OSError("the answer of the commit was lost")
        return done

    monkeypatch.setattr(Sequencer, "append", failing)
    with pytest.raises(OSError, match="lost"):
        at.write()
    assert {each.suffix for each in (tmp_path / "sheets").iterdir()} == {".txt", ".pdf"}
    assert "sheet_made" in {record.type for record in records_of(at.home)}


def test_the_look_is_logged_before_the_file_has_its_name_and_that_it_was_made_once_it_has(
    at: FrozenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, logged = size_of(at.home), list[str]()
    name_file = verbs.name_file

    def named(part: Path, out: Path) -> None:
        assert not out.exists()
        logged.extend(record.type for record in records_of(at.home, before))
        name_file(part, out)

    monkeypatch.setattr(verbs, "name_file", named)
    done = at.write(language="mk")
    assert set(logged) == {"digests_viewed"}  # an erasure trusts what says that a sheet was made
    (entry,) = [record.values for record in records_of(at.home, before) if record.type == "sheet_made"]
    assert (entry["case"], entry["sheet"], entry["language"]) == (None, "hotline", "mk")
    assert entry["sheet_sha256"] == done.sha256 == hashlib.sha256(done.out.read_bytes()).hexdigest()
    assert set(entry["sheet_items"]) == set(done.sheet.items)  # type: ignore[arg-type]
    assert problems_of(at.home) == []
    assert problems_of(at.home, passphrase=None) == []


def test_one_item_goes_with_its_album_and_the_country_brings_its_hotlines(at: FrozenDesk) -> None:
    done = at.write(at.posts.messages[SECOND], country="RS")
    assert set(done.sheet.items) == at.posts.of(FIRST, SECOND)
    text = " ".join(done.out.read_text(encoding="utf-8").split())
    assert "Serbia: Net Patrola, a member of INHOPE (netpatrola.rs/en; inhope.org; to be verified by counsel)" in text
    assert "No hotline of this country is on record here" in " ".join(at.text(country="MK").split())


REFUSED = [
    ("what is not frozen", {"items": ("again",)}, UnknownItemError, "unknown_item.not_frozen"),
    ("an unknown country", {"country": "XX"}, SheetError, "sheet.no_rule_of_country"),
    ("a file of another kind", {"out": "report.doc"}, HomeError, "home.sheet_another_kind"),
    ("no reason", {"reason": None}, AuthorityError, "authority.needs_reason"),
]


@pytest.mark.parametrize(("wrong", "error", "code"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_may_not_be_is_refused_and_nothing_is_written_or_logged(
    at: FrozenDesk, wrong: dict[str, object], error: type[Exception], code: str
) -> None:
    before, by = size_of(at.home), doer(at.home)
    if "items" in wrong:
        wrong = {"items": (at.posts.messages[8],)}
    if "out" in wrong:
        wrong = {"out": at.folder / str(wrong["out"])}
    if "reason" in wrong:
        wrong, by = {}, replace(by, reason=None)
    with pytest.raises(error) as caught:
        at.write(by=by, **wrong)  # type: ignore[arg-type]
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert (size_of(at.home), list(at.folder.iterdir())) == (before, [])


def test_a_freeze_that_ended_meanwhile_leaves_no_sheet(at: FrozenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def lifted(_connection: object, items: Sequence[str]) -> frozenset[str]:
        return frozenset(items) - at.posts.of(OTHER)

    text = verbs.hotline_text

    def ends(*given: object) -> str:
        monkeypatch.setattr(verbs, "frozen_among", lifted)
        return text(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(verbs, "hotline_text", ends)
    before = size_of(at.home)
    with pytest.raises(UnknownItemError):
        at.write()
    assert [each.type for each in records_of(at.home, before)] == ["digests_viewed"]
    assert list(at.folder.iterdir()) == []


def test_a_sheet_of_many_asks_the_database_no_more_than_one_of_few(at: FrozenDesk) -> None:
    asked = list[str]()
    sa.event.listen(at.home.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
    numbers = []
    for items in nonempty([(at.posts.messages[OTHER],), ()]):
        asked.clear()
        written = at.write(*items)
        numbers.append((len(written.sheet.items), len(asked)))
    (few, asked_for_few), (many, asked_for_many) = numbers
    assert (few, many) == (2, 6)
    assert asked_for_many <= asked_for_few


def test_without_the_typesetter_there_is_the_text_alone(at: FrozenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: object) -> bytes:
        raise PagesError("pages.not_made")

    monkeypatch.setattr(verbs, "hotline_pages", fails)
    done = at.write()
    assert (done.pdf, done.unprinted is None, [each.suffix for each in at.folder.iterdir()]) == (None, False, [".txt"])


def test_where_nothing_is_frozen_there_is_nothing_to_report(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with pytest.raises(UnknownItemError) as caught:
        write_hotline(home, HotlineWish(tmp_path / "a.txt"), doer(home), home.keys.unlock(PASSPHRASE).casework)
    assert caught.value.code == "unknown_item.nothing_frozen"
    home.engine.dispose()
