"""A sheet for the platform is made of numbers, links and times, logged before anybody has it, and sent to nobody."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from api import TOOL
from api.cli.sheet import _sheet_entry, _sheet_words
from api.home import Home
from api.office import sheet as verbs
from api.office.audit import run_audit
from api.office.case import record_consent, remove_items
from api.office.freeze import freeze
from api.office.sheet import SCOPE, SheetWish, WrittenSheet, write_sheet
from casefiles.errors import PagesError, SheetError
from casefiles.report.lines import WIDTH
from casefiles.sheet.data import SheetKind
from evidence.authority import Doer
from evidence.custody.event import Record
from evidence.errors import AuthorityError, HomeError, StampUnreachableError, UnknownItemError
from evidence.finding import Verdict
from tests.homes import PASSPHRASE, Office, consent_to, copy_of, doer, items_of, new_case, records_of, size_of
from tests.nonempty import nonempty
from tests.watching import desk, picture

SHOWN = "Zogu \u202e"
HER_NAME = "Mila Milic 069 555 1234"


@dataclass(frozen=True)
class SheetDesk:
    """A case whose client agrees, and a folder for sheets."""

    home: Home
    case: str
    folder: Path

    def write(self, kind: SheetKind = SheetKind.DISCLOSURE, **more: object) -> WrittenSheet:
        wish = SheetWish(self.case, kind, self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.txt")
        casework = self.home.keys.unlock(PASSPHRASE).casework
        return write_sheet(self.home, replace(wish, **more), doer(self.home, approver=None), casework)  # type: ignore[arg-type]

    def refused(self, kind: SheetKind = SheetKind.DISCLOSURE, **more: object) -> list[str]:
        """The types of what was logged although it was refused; nothing lies in the folder."""
        before, there = size_of(self.home), sorted(self.folder.iterdir())
        with pytest.raises((AuthorityError, HomeError, SheetError, UnknownItemError)):
            self.write(kind, **more)
        assert sorted(self.folder.iterdir()) == there
        return [record.type for record in records_of(self.home, before) if record.type != "requested"]

    def made(self) -> list[Record]:
        return [record for record in records_of(self.home) if record.type == "sheet_made"]


@pytest.fixture
def at(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SheetDesk]:
    """A case with everything that an export had; its sheets are not typeset, which one test does."""
    monkeypatch.setattr(verbs, "sheet_pages", lambda *_: b"%PDF-")
    home, folder = copy_of(office, tmp_path), tmp_path / "sheets"
    folder.mkdir()
    case = new_case(home)
    record_consent(home, case, consent_to(home, "prosecutor", "lawyer"), doer(home))
    yield SheetDesk(home, case, folder)
    home.engine.dispose()


@dataclass(frozen=True)
class SeenGroup:
    """What a watch saw in one group: an edited photo and a message that was deleted, by two accounts."""

    at: SheetDesk
    group: str
    accounts: tuple[str, str]


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SeenGroup]:
    with desk(tmp_path / "watched", monkeypatch) as watched:
        group, world = watched.group("Grupa", "grupa"), watched.telegram.world
        zogu, other = world.add_person(SHOWN, "zogu"), world.add_person("Other")
        shown = group.post_photo(picture(1), HER_NAME, sender=zogu)
        gone = group.post(f"more of {HER_NAME}", sender=other)
        watched.once()
        watched.clock.pass_by(minutes=5)
        group.edit(shown, text=f"{HER_NAME}, changed")
        group.delete([gone])
        watched.once()
        home, folder = watched.home, tmp_path / "sheets"
        folder.mkdir()
        case = new_case(home)
        record_consent(home, case, consent_to(home, "prosecutor", "lawyer"), doer(home))
        yield SeenGroup(SheetDesk(home, case, folder), str(group.id), (str(zogu.id), str(other.id)))
        home.engine.dispose()


def test_scenario_6_asked_who_posted_got_numeric_ids_links_and_utc_times_on_one_sheet_with_the_names_as_they_were(
    seen: SeenGroup,
) -> None:
    """Scenario 6: the prosecutor has a sheet that is ready for a request to Telegram."""
    done = seen.at.write()
    text = done.out.read_text(encoding="utf-8")
    zogu, other = seen.accounts
    for told in nonempty([zogu, other, seen.group, "https://t.me/grupa/1", f"https://t.me/c/{seen.group}/2"]):
        assert told in text
    first, second = done.sheet.posts
    posted_at, edited_at = str(first.posted_at), first.edited_at[0]
    for moment in (posted_at, edited_at, str(second.posted_at), second.deleted[0].recorded_at):
        assert f"{moment[:10]} {moment[11:19]} UTC" in text
    assert "shown as:             Zogu \\u202e\n" in text, "as it was then, and it moves nothing"
    assert "Telegram said so; recorded" in text
    assert f"photo {first.files[0].id}, data centre 2" in text
    assert f"address at posting may be gone after {int(posted_at[:4]) + 1}{posted_at[4:10]}" in text
    assert "suspect in a criminal case" in text
    assert text.count("\f") == 0, "one sheet"


def test_a_sheet_names_nobody_but_who_posted_and_shows_nothing_of_a_picture(seen: SeenGroup) -> None:
    home = seen.at.home
    opened = [record.values for record in records_of(home) if record.type == "observed"]
    secret = {str(values["sha256"]) for values in opened if values["sha256"]}
    secret |= {HER_NAME, "Milic", "069", "mila", "ann", "a test", home.settings.office.organisation}
    assert {len(each) for each in secret} >= {64, len(HER_NAME)}, "the control: there are such values"
    for kind in SheetKind:
        text = seen.at.write(kind, country="HR").out.read_text(encoding="utf-8")
        said = text.split("Law and rules")[0] + text.split("Account holders")[-1]
        words = set(said.replace(":", " ").replace(",", " ").split())
        assert [each for each in secret if each in words or (len(each) > len("mila") and each in said)] == []
        assert max(map(len, text.splitlines())) <= WIDTH
        if kind is SheetKind.NOTICE:
            assert not [account for account in seen.accounts if account in text], "a notice is about links"


def test_what_a_sheet_is_of_is_logged_after_the_look_and_before_it_has_its_name(
    at: SheetDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, types_then = size_of(at.home), list[str]()
    name: Callable[[Path, Path], None] = verbs.name_file

    def noted(part: Path, out: Path) -> None:
        types_then.extend(record.type for record in records_of(at.home, before))
        name(part, out)

    monkeypatch.setattr(verbs, "name_file", noted)
    done = at.write(country="RS")
    assert types_then == ["case_viewed", "sheet_made"] * 2, "once for each file"
    (record,) = at.made()
    told = [record.values[each] for each in ("case", "sheet", "language", "stamped", "reason", "actor")]
    assert told[:3] == [at.case, "disclosure", "en"]
    assert told[4:] == ["a test", "ann"]
    assert record.values["sheet_sha256"] == hashlib.sha256(done.out.read_bytes()).hexdigest()
    assert record.values["sheet_items"] == list(done.sheet.items)
    assert sorted(at.folder.iterdir()) == [done.pdf, done.out]
    report = run_audit(at.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report
    assert report.verdict is Verdict.PASSED, report.problems


def test_a_sheet_says_what_was_asked_before_about_its_items_and_a_notice_only_of_notices(at: SheetDesk) -> None:
    messages = [item.item_id for item in items_of(at.home) if item.kind == "message"]
    at.write(SheetKind.PRESERVATION, items=tuple(messages[:2]))
    assert at.write(items=tuple(messages[2:3])).sheet.asked_before == (), "of other items"
    other = replace(at, case=new_case(at.home))
    record_consent(at.home, other.case, consent_to(at.home, "prosecutor"), doer(at.home))
    assert other.write().sheet.asked_before == (), "another client's case"
    again = at.write(items=tuple(messages[1:3]))
    assert [(made.kind, made.same, made.items) for made in again.sheet.asked_before] == [
        (SheetKind.PRESERVATION, 1, 2),
        (SheetKind.DISCLOSURE, 1, 1),
    ]
    (before,) = (each for each in at.made() if each.values["sheet"] == "preservation")
    assert str(before.values["at"])[:10] in again.out.read_text(encoding="utf-8")
    notice = at.write(SheetKind.NOTICE)
    assert len(notice.sheet.asked_before) == 3
    assert "Nothing that is on record here." in notice.out.read_text(encoding="utf-8")
    assert "Notice: material shared" in at.write(SheetKind.NOTICE).out.read_text(encoding="utf-8").split("Asked")[1]


def test_a_notice_waits_for_a_stamp_over_its_items_unless_a_person_decides(
    at: SheetDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: object, **_more: object) -> None:
        raise StampUnreachableError("stamp_unreachable.not_now", cause=HomeError("home.read_only", where="x"))

    monkeypatch.setattr(verbs, "stamped_checkpoint", unreachable)
    monkeypatch.setattr(verbs, "newest", lambda _connection: None)
    assert at.refused(SheetKind.NOTICE) == []
    with pytest.raises(SheetError) as refused:
        at.write(SheetKind.NOTICE)
    assert refused.value.code == "sheet.not_stamped"
    assert at.write(SheetKind.PRESERVATION).made.stamped is False, "nothing is removed by that"
    assert at.write(SheetKind.NOTICE, before_stamp=True).made.stamped is False
    assert [record.values["stamped"] for record in at.made()] == ["no", "no"]
    monkeypatch.undo()
    assert at.write(SheetKind.NOTICE).made.stamped, "the control: with an office, it is stamped first"
    assert at.made()[-1].values["stamped"] == "yes"


@pytest.mark.parametrize("kind", SheetKind)
def test_the_clients_consent_covers_the_sheet_and_is_asked_before_anything_is_opened(
    at: SheetDesk, kind: SheetKind
) -> None:
    other = {"prosecutor": "lawyer", "lawyer": "prosecutor"}[SCOPE[kind]]
    yesterday = at.home.today() - timedelta(days=1)
    for consent in nonempty(
        [
            consent_to(at.home, other),
            consent_to(at.home, given=False),
            consent_to(at.home, SCOPE[kind], until=yesterday),
        ]
    ):
        record_consent(at.home, at.case, consent, doer(at.home))
        assert at.refused(kind) == []
    record_consent(at.home, at.case, consent_to(at.home, SCOPE[kind]), doer(at.home))
    assert at.write(kind).sheet.posts


def test_nothing_is_made_without_a_reason_a_law_a_place_or_items(at: SheetDesk) -> None:
    casework = at.home.keys.unlock(PASSPHRASE).casework
    wish, nobody = SheetWish(at.case, SheetKind.NOTICE, at.folder / "a.txt"), Doer("ann", TOOL, at.home.clock())
    with pytest.raises(AuthorityError, match="needs a reason"):
        write_sheet(at.home, wish, nobody, casework)
    taken, printed = at.folder / "taken.txt", at.folder / "printed.pdf"
    taken.write_text("hers")
    printed.write_text("hers")
    for more in nonempty(
        [
            {"country": "FR"},
            {"out": at.folder / "a.pdf"},
            {"out": at.folder / "none" / "a.txt"},
            {"out": taken},
            {"out": printed.with_suffix(".txt")},
            {"items": ("0" * 32,)},
            {"case_id": new_case(at.home, [])},
            {"case_id": "case-none"},
        ]
    ):
        assert at.refused(**more) == []
    assert (taken.read_text(), printed.read_text()) == ("hers", "hers")


def test_a_name_that_is_taken_meanwhile_keeps_what_has_it(at: SheetDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    out, log = at.folder / "a.txt", verbs._log

    def others_first(*args: object) -> int:
        logged = log(*args)  # type: ignore[arg-type]
        out.write_text("hers")
        return logged

    monkeypatch.setattr(verbs, "_log", others_first)
    with pytest.raises(HomeError):
        at.write(out=out)
    assert [file.read_text() for file in at.folder.iterdir()] == ["hers"]


def test_a_disk_without_hard_links_takes_a_sheet_too(at: SheetDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(verbs.os, "link", refuses)
    done = at.write()
    assert hashlib.sha256(done.out.read_bytes()).hexdigest() == done.made.sha256
    assert sorted(at.folder.iterdir()) == [done.pdf, done.out]


def test_a_sheet_lies_beside_itself_as_pdf_or_says_why_not(at: SheetDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the typesetter itself
    done = at.write()
    assert done.pdf == done.out.with_suffix(".pdf")
    assert done.pdf.read_bytes().startswith(b"%PDF-1.7")
    assert str(done.pdf) in _sheet_words(done)

    def refuse(*_: object) -> bytes:
        raise PagesError("pages.not_made", system="a panic")

    monkeypatch.setattr(verbs, "sheet_pages", refuse)
    alone = at.write()
    assert (alone.pdf, alone.unprinted and alone.unprinted.code) == (None, "pages.not_made")
    assert not alone.out.with_suffix(".pdf").exists()
    assert _sheet_entry(alone)["sheet_pdf"] is None
    assert ".pdf" not in _sheet_words(alone)


def test_a_frozen_item_is_on_no_sheet_and_is_counted(at: SheetDesk) -> None:
    messages = [item for item in items_of(at.home) if item.kind == "message"]
    frozen = messages[0]
    assert str(frozen.message_id) in {post.message for post in at.write().sheet.posts}
    freeze(at.home, [frozen.item_id], doer(at.home, approver=None))
    done = at.write()
    assert done.frozen >= 1
    assert frozen.item_id not in done.sheet.items
    assert str(frozen.message_id) not in {post.message for post in done.sheet.posts}
    assert at.refused(items=(frozen.item_id,)) == []
    freeze(at.home, [item.item_id for item in items_of(at.home)], doer(at.home, approver=None))
    with pytest.raises(UnknownItemError) as refused:
        at.write()
    assert refused.value.code == "unknown_item.case_is_frozen"


def _frozen(at: SheetDesk) -> None:
    freeze(at.home, [items_of(at.home)[0].item_id], doer(at.home, approver=None))


def _removed(at: SheetDesk) -> None:
    remove_items(at.home, at.case, (items_of(at.home)[0].item_id,), doer(at.home))


def _withdrawn(at: SheetDesk) -> None:
    record_consent(at.home, at.case, consent_to(at.home, given=False), doer(at.home))


def _of_another(at: SheetDesk) -> None:
    record_consent(at.home, new_case(at.home, []), consent_to(at.home, given=False), doer(at.home))


@pytest.mark.parametrize(
    ("change", "kept"), [(_frozen, False), (_removed, False), (_withdrawn, False), (_of_another, True)]
)
def test_what_changes_while_a_sheet_is_made_ends_it(
    at: SheetDesk, monkeypatch: pytest.MonkeyPatch, change: Callable[[SheetDesk], None], *, kept: bool
) -> None:
    made = verbs.sheet_text

    def slow(*args: object) -> str:
        change(at)
        return made(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(verbs, "sheet_text", slow)
    if kept:
        assert at.write().sheet.posts
        return
    assert "sheet_made" not in at.refused()
