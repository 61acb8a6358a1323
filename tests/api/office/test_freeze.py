"""What may show a child is frozen at once and leaves every list; two persons end it, and never whoever froze alone."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import TOOL
from api.home import Home, read_roots
from api.office.alert import alerts_of, dismiss_alert
from api.office.approval import Answered, Means, approve
from api.office.audit import run_audit
from api.office.bundle import Exported, Order, export_case
from api.office.case import add_items, list_cases, messages_of, remove_items, show_case
from api.office.check import check_picture
from api.office.freeze import ListedFreeze, freeze, lift_freeze, list_freezes, require_seen
from api.office.handout import HandedFile, hand_out
from api.office.health import check_health
from api.office.intake import Heard, Wish, import_export
from api.office.item import show_item
from api.office.opened import OpenOffice
from api.office.request import Waiting, find_request
from api.office.search import Quest, search_items
from api.office.short import item_of
from api.office.verify import verify_bundle
from casefiles.bundle.destination import Destination, Parts
from casefiles.format import layout
from evidence.authority import Doer
from evidence.errors import AuthorityError, UnknownItemError
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.times import system_clock
from tests.appearing import agree, jpeg, look_out, photo
from tests.freezing import (
    AGAIN,
    ALONE,
    CHANNEL,
    FIRST,
    OTHER,
    SAID,
    SECOND,
    SEEDS,
    Posts,
    posts_of,
    write_album,
)
from tests.homes import (
    PASSPHRASE,
    Office,
    copy_of,
    doer,
    items_of,
    legal_basis,
    new_case,
    records_of,
    size_of,
)
from tests.nonempty import nonempty
from tests.working import WorkerDesk


@dataclass(frozen=True)
class Frozen:
    """A copy of the home with a case that holds everything."""

    home: Home
    posts: Posts
    case: str

    def person(self, name: str = "mira", *, approver: str | None = None) -> Doer:
        return Doer(name, TOOL, self.home.clock(), reason="she looks very young", approver=approver)

    def freeze(self, *numbers: int, by: str = "mira", office: OpenOffice | None = None) -> list[str]:
        items = [self.posts.files[number] for number in numbers]
        return list(freeze(self.home, items, self.person(by), office=office).items.frozen)

    @property
    def casework(self) -> Any:  # noqa: ANN401 - an identity
        return self.home.keys.unlock(PASSPHRASE).casework

    def listed(self) -> set[str]:
        return {item.item_id for item in items_of(self.home)}

    def shown(self) -> list[str]:
        return [item.item_id for item in show_case(self.home, self.case, self.person(), self.casework).items.entries]

    def waiting(self, *, opened: bool = True) -> list[ListedFreeze]:
        return list(list_freezes(self.home, self.casework if opened else None).entries)

    def ask(self, *numbers: int, by: str = "zana") -> str:
        items = [self.posts.files[number] for number in numbers]
        asked = lift_freeze(self.home, items, self.person(by), None)
        assert isinstance(asked, Waiting)
        return asked.request

    def answer(self, request: str, by: str) -> Answered:
        asked = find_request(self.home, request, self.casework)
        return approve(self.home, asked, self.person(by), Means(self.casework))

    def export(self, name: str, stages: Any = None) -> Exported:  # noqa: ANN401 - of an export
        order = Order(self.case, "court", "en", self.person(approver="bo"))
        more = {} if stages is None else {"stages": stages}
        done = export_case(self.home, order, self.casework, self.at(name), **more)
        assert isinstance(done, Exported)
        return done

    def at(self, name: str) -> Destination:
        return Destination(self.home.path.parent / name)

    def matched(self, number: int) -> set[str]:
        """The files that a check of a message's picture finds."""
        file = self.home.path.parent / "asked.jpg"
        file.write_bytes(jpeg(photo(seed=SEEDS[number])))
        with file.open("rb") as stream:
            done = check_picture(self.home, stream, self.case, self.person(), self.home.keys.unlock(PASSPHRASE))
        return {match.item_id for picture in done.pictures for match in picture.matches}

    def require_clean(self) -> None:
        done = run_audit(self.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
        assert done.report.problems == ()


@pytest.fixture
def at(posted: Office, tmp_path: Path) -> Iterator[Frozen]:
    home = copy_of(posted, tmp_path)
    yield Frozen(home, posts_of(home), new_case(home))
    home.engine.dispose()


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises((UnknownItemError, AuthorityError)) as raised:
        call()
    return raised.value.code


def test_an_item_is_frozen_with_its_message_and_album_and_nothing_else(at: Frozen) -> None:
    before, everything, album = size_of(at.home), at.listed(), at.posts.of(FIRST, SECOND)
    assert set(at.freeze(FIRST)) == album
    assert everything - at.listed() == album
    (record,) = (record for record in records_of(at.home, before) if record.type == "frozen")
    assert (record.values["actor"], record.values["hint"]) == ("mira", "person")
    assert (record.values["what"], record.values["approver"]) == ("she looks very young", None)
    assert set(map(str, record.values["frozen_items"] or ())) == album
    at.require_clean()


LOOKS: dict[str, Callable[[Frozen, str], object]] = {
    "show": lambda at, item: show_item(at.home, item),
    "a beginning": lambda at, item: item_of(at.home, item[:12]),
    "add to a case": lambda at, item: add_items(at.home, at.case, (item,), at.person()),
    "remove from a case": lambda at, item: remove_items(at.home, at.case, (item,), at.person()),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_frozen_item_is_named_to_nobody_who_asks_for_it(at: Frozen, look: Callable[[Frozen, str], object]) -> None:
    frozen, other = at.posts.files[SECOND], at.posts.files[OTHER]
    look(at, frozen)
    look(at, other)
    at.home.engine.dispose()
    if look is LOOKS["remove from a case"]:
        add_items(at.home, at.case, (frozen, other), at.person())
    at.freeze(FIRST)
    before = size_of(at.home)
    assert code_of(lambda: look(at, frozen)) == "unknown_item.frozen"
    assert size_of(at.home) == before
    look(at, other)


def test_a_case_says_how_many_are_frozen_and_nothing_of_them(at: Frozen) -> None:
    assert set(at.shown()) == at.listed()
    at.freeze(FIRST)
    shown = show_case(at.home, at.case, at.person(), at.casework)
    assert (shown.frozen, set(at.shown())) == (4, at.listed())
    (row,) = list_cases(at.home).entries
    assert row.items == len(at.listed())
    found = messages_of(at.home, str(CHANNEL), [(ALONE, OTHER)])
    assert set(found.items) == {at.posts.messages[number] for number in (ALONE, AGAIN, OTHER)}


@pytest.mark.parametrize(("number", "found"), [(FIRST, 0), (ALONE, 1)])
def test_a_search_opens_no_frozen_record(at: Frozen, number: int, found: int) -> None:
    def hits() -> tuple[int, int]:
        quest = Quest(at.case, at.person(), (SAID[number],))
        done = search_items(at.home, quest, at.casework, lambda _more: None)
        return done.records, sum(len(page.entries) for page in done.pages)

    records, before = hits()
    assert before == 1
    at.freeze(FIRST)
    assert hits() == (records - 4, found)


def test_what_is_frozen_already_is_not_logged_again(at: Frozen) -> None:
    at.freeze(FIRST)
    frozen = sum(record.type == "frozen" for record in records_of(at.home))
    for number in (FIRST, SECOND):
        done = freeze(at.home, [at.posts.messages[number]], at.person("bo"))
        assert (done.items.frozen, done.items.left) == ((), (at.posts.messages[number],))
    assert sum(record.type == "frozen" for record in records_of(at.home)) == frozen
    assert at.freeze(ALONE, FIRST)
    assert sum(record.type == "frozen" for record in records_of(at.home)) == frozen + 1


def test_a_freeze_needs_a_reason_and_an_item(at: Frozen) -> None:
    item = at.posts.files[FIRST]
    assert code_of(lambda: freeze(at.home, [item], replace(at.person(), reason=None))) == "authority.needs_reason"
    assert code_of(lambda: freeze(at.home, [item, "0" * 32], at.person())) == "unknown_item.no_such_item"
    assert at.waiting() == []


def test_whoever_reaches_a_case_sees_its_items_alone(at: Frozen) -> None:
    only = new_case(at.home, [at.posts.files[ALONE]])
    require_seen(at.home, at.posts.files[ALONE], [only])
    require_seen(at.home, at.posts.files[FIRST], None)
    assert code_of(lambda: require_seen(at.home, at.posts.files[FIRST], [only])) == "unknown_item.no_such_item"


# The same file elsewhere, and what comes later


def test_a_copy_elsewhere_is_frozen_by_the_machine_where_the_keys_are_open(at: Frozen) -> None:
    office = OpenOffice.of(at.home, at.home.keys.unlock(PASSPHRASE))
    at.freeze(FIRST, office=office)
    hidden = at.posts.of(FIRST, SECOND, AGAIN)
    assert at.listed() == at.posts.of(ALONE, OTHER) | {item for item in at.listed() if item not in at.posts.of(*SAID)}
    assert not at.listed() & hidden
    machine = [record.values for record in records_of(at.home) if record.type == "frozen"][-1]
    assert (machine["hint"], machine["actor"], machine["approver"]) == ("machine", None, None)
    at.require_clean()


def test_without_the_keys_a_copy_is_hidden_from_matches_and_frozen_at_the_next_look(at: Frozen) -> None:
    assert at.matched(FIRST) == {at.posts.files[FIRST], at.posts.files[AGAIN]}
    at.freeze(FIRST)
    assert at.posts.files[AGAIN] in at.listed()
    assert at.matched(FIRST) == set()
    assert at.matched(OTHER) == {at.posts.files[OTHER]}
    look_out(at.home)
    assert not at.listed() & at.posts.of(AGAIN)
    assert at.posts.of(OTHER) <= at.listed()


def test_what_is_taken_in_later_of_a_frozen_post_is_hidden_and_its_files_are_not_read(
    at: Frozen, tmp_path: Path
) -> None:
    at.freeze(FIRST)
    before, listed = size_of(at.home), at.listed()
    later = {FIRST: "it was edited", 101: "a third part of the album", 12: "another"}
    take_in_again(at.home, write_album(tmp_path / "later", later))
    added = records_of(at.home, before)
    holes = [record.values for record in added if record.type == "hole"]
    assert sorted(str(each["lo"]) for each in holes if each["hole"] == "frozen") == ["101", str(FIRST)]
    files = [record.values["message_id"] for record in added if record.values.get("kind") == "file"]
    assert files == ["12"]
    (message, file) = at.listed() - listed
    assert {show_item(at.home, each).item.message_id for each in (message, file)} == {12}
    at.require_clean()


def take_in_again(home: Home, folder: Path) -> None:
    person = replace(doer(home), approver="bo")
    import_export(home, Wish(folder, None, "mila", Mode.SEALED, legal_basis(folder.parent), person))


def test_a_freeze_while_an_import_runs_hides_what_the_import_adds_after_it(
    at: Frozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISISAMA_INTAKE__BATCH", "1")
    home, frozen = Home.open(at.home.path), list[str]()
    folder = write_album(tmp_path / "more", {101: "the first of three", 102: "a second", 13: "no part of it"})

    def durable(_more: int) -> None:
        if not frozen:
            new = next(item for item in items_of(at.home) if item.message_id == 101)
            frozen.extend(freeze(at.home, [new.item_id], at.person()).items.frozen)

    wish = Wish(folder, None, "mila", Mode.SEALED, legal_basis(tmp_path), doer(home))
    import_export(home, wish, lambda _messages, _files: Heard(durable=durable))
    home.engine.dispose()
    assert frozen
    assert {item.message_id for item in items_of(at.home)} & {101, 102, 13} == {13}
    at.require_clean()


# Bundles


def members_of(bundle: Path) -> tuple[dict[str, str], Verdict]:
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    with bundle.open("rb") as stream:
        roots = [root for file in (bundle.parent / "home" / "trust").glob("*.pem") for root in read_roots(file)]
        return members, verify_bundle(stream, roots=roots).verdict


def test_a_bundle_leaves_out_what_is_frozen_says_so_and_holds(at: Frozen) -> None:
    at.export("before.asice")
    before, verdict = members_of(at.at("before.asice").bundle)
    assert verdict is Verdict.PASSED
    assert all(any(told in text for text in before.values()) for told in at.posts.telling(FIRST))  # the control
    at.freeze(FIRST)
    at.export("after.asice")
    after, verdict = members_of(at.at("after.asice").bundle)
    assert verdict is Verdict.PASSED
    gone = {told for told in at.posts.telling(FIRST) | at.posts.telling(SECOND) if told != at.posts.digests[AGAIN]}
    assert [told for told in nonempty(gone) if any(told in text for text in after.values())] == []
    events = [json.loads(line) for line in after[layout.EVENTS_JSONL].splitlines()]
    (event,) = (event for event in events if event["type"] == "frozen")
    assert event["withheld"] == ["actor", "approver", "frozen_items", "hint", "reason", "what"]
    unnamed = [event["type"] for event in events if "item" in event["withheld"]]
    assert unnamed == ["case_item_added"] * 4
    report = " ".join(after[layout.report_name("en")].split())
    assert "4 items were added to the case but are not in this file" in report
    assert "items were frozen: nobody can view or export them" in report


def test_a_case_of_frozen_items_alone_is_not_exported(at: Frozen) -> None:
    only = replace(at, case=new_case(at.home, list(at.posts.of(FIRST))))
    only.export("one.asice")
    at.freeze(FIRST)
    assert code_of(lambda: only.export("two.asice")) == "unknown_item.case_is_frozen"
    empty = replace(at, case=new_case(at.home, []))
    assert code_of(lambda: empty.export("three.asice")) == "unknown_item.case_is_empty"


@pytest.mark.every(2)
@pytest.mark.parametrize(("number", "stops"), [(FIRST, True), (AGAIN, False)])
def test_a_freeze_while_a_bundle_is_made_stops_it(at: Frozen, number: int, *, stops: bool) -> None:
    case = new_case(at.home, list(at.posts.of(FIRST, OTHER)))
    desk, other = replace(at, case=case), Home.open(at.home.path)

    def stages(_label: object, unit: Any) -> Any:  # noqa: ANN401 - as an export has them
        def counting(_total: int) -> Callable[[int], object]:
            if unit.code == "unit.checks":
                freeze(other, [at.posts.files[number]], at.person())
            return lambda _more: None

        return counting

    before = sum(record.type == "exported" for record in records_of(at.home))
    if stops:
        assert code_of(lambda: desk.export("raced.asice", stages)) == "authority.frozen_meanwhile"
        assert list(at.home.path.parent.glob("raced.asice*")) == []
        assert sum(record.type == "exported" for record in records_of(at.home)) == before
        assert desk.export("raced.asice").facts.items == 2
    else:
        assert desk.export("raced.asice", stages).facts.items == 4
    other.engine.dispose()
    at.require_clean()


class CutError(BaseException):
    """The program ends here."""


@pytest.mark.every(2)
@pytest.mark.parametrize("is_frozen", [True, False])
def test_a_bundle_that_was_cut_short_does_not_come_back_with_what_was_frozen_since(
    at: Frozen, monkeypatch: pytest.MonkeyPatch, *, is_frozen: bool
) -> None:
    def stop(_parts: Parts, **_more: object) -> None:
        raise CutError

    monkeypatch.setattr(Parts, "hand_over", stop)
    with pytest.raises(CutError):
        at.export("cut.asice")
    monkeypatch.undo()
    whole = len(at.listed())
    if is_frozen:
        at.freeze(FIRST)
    done = at.export("cut.asice")
    assert (done.finished, done.facts.items) == (not is_frozen, whole - 4 * is_frozen)


def test_a_bundle_of_the_api_with_a_frozen_item_is_no_longer_handed_out(desk: WorkerDesk) -> None:
    bundle, home = desk.ask_bundle(), desk.home
    desk.do_all()
    for which in HandedFile:
        hand_out(home, bundle, which, lambda _case: True)
    shown = show_case(home, desk.case, desk.by(), desk.casework())
    freeze(home, [shown.items.entries[0].item_id], desk.by())
    for which in HandedFile:
        assert code_of(lambda which=which: hand_out(home, bundle, which, lambda _case: True)) == (  # type: ignore[misc]
            "unknown_item.bundle_is_frozen"
        )
    again = desk.ask_bundle()
    desk.do_all()
    assert hand_out(home, again, HandedFile.BUNDLE, lambda _case: True).file.is_file()


# Alerts


def test_a_frozen_file_raises_no_alert_and_one_that_it_raised_is_listed_no_more(at: Frozen) -> None:
    case = new_case(at.home, [at.posts.files[AGAIN], at.posts.files[ALONE]])
    agree(at.home, case)
    look_out(at.home)
    assert [alert.item_id for alert in alerts_of(at.home).entries] == [at.posts.files[FIRST]]
    at.freeze(FIRST)
    assert alerts_of(at.home, every=True).entries == ()
    dismiss = code_of(lambda: dismiss_alert(at.home, case, at.posts.files[FIRST], at.person()))
    assert dismiss == "unknown_item.frozen"
    other = new_case(at.home)
    told = code_of(lambda: dismiss_alert(at.home, other, at.posts.files[FIRST], at.person()))
    assert told == "unknown_item.no_such_alert"
    look_out(at.home)
    assert alerts_of(at.home, every=True).entries == ()
    assert show_case(at.home, case, at.person(), at.casework).alerts == 0


def test_a_frozen_repost_of_a_case_is_not_told_to_it(at: Frozen) -> None:
    at.freeze(OTHER)
    case = new_case(at.home, [at.posts.files[AGAIN]])
    agree(at.home, case)
    before = [record.type for record in records_of(at.home)].count("alerted")
    look_out(at.home)
    alerted = [record.values["item"] for record in records_of(at.home) if record.type == "alerted"]
    assert len(alerted) == before + 1
    assert alerted[-1] == at.posts.files[FIRST]


# The end of a freeze


def test_what_waits_tells_who_and_why_only_with_the_passphrase(at: Frozen) -> None:
    at.freeze(FIRST)
    (told,) = at.waiting()
    assert (told.by, told.hint, told.what, told.late) == ("mira", "person", "she looks very young", False)
    assert set(told.freeze.items) == at.posts.of(FIRST, SECOND)
    assert set(told.freeze.places) == {(str(CHANNEL), FIRST), (str(CHANNEL), SECOND)}
    (untold,) = at.waiting(opened=False)
    assert (untold.by, untold.hint, untold.what, untold.freeze) == (None, None, None, told.freeze)
    page = list_freezes(at.home, None, after=str(told.freeze.index))
    assert page.entries == ()


def test_two_persons_end_a_freeze_and_everything_is_as_before(at: Frozen) -> None:
    everything = at.listed()
    at.freeze(FIRST)
    request = at.ask(SECOND, by="mira")
    assert at.listed() < everything
    assert at.answer(request, "zana").done is not None
    assert (at.listed(), set(at.shown()), at.waiting()) == (everything, everything, [])
    assert at.matched(SECOND) == {at.posts.files[SECOND]}
    (record,) = (record for record in records_of(at.home) if record.type == "unfrozen")
    assert (record.values["actor"], record.values["approver"]) == ("mira", "zana")
    at.export("lifted.asice")
    assert members_of(at.at("lifted.asice").bundle)[1] is Verdict.PASSED
    at.require_clean()


def test_whoever_froze_does_not_approve_the_end_of_it(at: Frozen) -> None:
    at.freeze(FIRST)
    hidden = at.listed()
    request = at.ask(FIRST, by="zana")
    assert code_of(lambda: at.answer(request, "zana")) == "authority.names_too_like"  # nobody approves their own
    assert code_of(lambda: at.answer(request, "mira")) == "authority.froze_it"
    item = [at.posts.files[FIRST]]
    for one, other, code in (("zana", "mira", "authority.froze_it"), ("bo", "bo", "authority.names_too_like")):
        person = at.person(one, approver=other)
        assert code_of(lambda person=person: lift_freeze(at.home, item, person, at.casework)) == code  # type: ignore[misc]
    assert at.listed() == hidden
    lift_freeze(at.home, item, at.person("zana", approver="bo"), at.casework)
    assert at.listed() > hidden
    assert code_of(lambda: at.answer(request, "bo")) == "authority.answered"
    at.require_clean()


def test_what_is_not_frozen_needs_no_end(at: Frozen) -> None:
    assert code_of(lambda: at.ask(FIRST)) == "unknown_item.not_frozen"


def test_an_approval_covers_the_freeze_that_was_asked_about_and_no_later_one(at: Frozen) -> None:
    at.freeze(FIRST)
    request = at.ask(FIRST)
    at.answer(at.ask(FIRST), "bo")
    at.freeze(FIRST, by="bo")
    assert code_of(lambda: at.answer(request, "ana")) == "authority.answered"
    assert not at.listed() & at.posts.of(FIRST)
    at.require_clean()


def test_a_machine_does_not_freeze_again_what_two_persons_looked_at(at: Frozen) -> None:
    at.freeze(FIRST)
    look_out(at.home)
    at.answer(at.ask(AGAIN), "bo")
    look_out(at.home)
    assert at.posts.of(AGAIN) <= at.listed()
    assert not at.posts.of(FIRST) & at.listed()
    assert at.matched(FIRST) == {at.posts.files[AGAIN]}
    assert at.freeze(AGAIN, by="ana")
    assert not at.posts.of(AGAIN) & at.listed()


@pytest.mark.parametrize(("hours", "verdict"), [(23, Verdict.PASSED), (25, Verdict.FAILED)])
def test_doctor_is_red_while_a_freeze_waits_for_longer_than_a_day(at: Frozen, hours: int, verdict: Verdict) -> None:
    def found() -> list[Verdict]:
        report = check_health(at.home.path, lambda: system_clock() + timedelta(hours=hours))
        return [finding.verdict for finding in report.findings if finding.id == "freezes" and finding.code]

    assert found() == []
    at.freeze(FIRST)
    assert found() == [verdict]
    at.answer(at.ask(FIRST), "bo")
    assert found() == []


def test_rows_of_freezes_that_do_not_follow_from_the_log_are_found(at: Frozen) -> None:
    at.freeze(FIRST)
    changes = (
        database.frozen.delete(),
        database.frozen.update().values(idx=0),
        database.frozen.update().values(lifted_idx=1),
        database.frozen.update().values(frozen_at="2020-01-01T00:00:00.000Z"),
        database.frozen.update().values(message_id=99),
    )
    for change in nonempty(changes):
        with at.home.engine.connect() as connection, connection.begin() as begun:
            connection.execute(change)
            begun.commit()
        done = run_audit(at.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
        assert done.report.problems
        restore(at)
    at.require_clean()


def restore(at: Frozen) -> None:
    """Put back the rows of the one freeze, from its entry."""
    with reading(at.home.engine) as connection:
        items = {row.item_id: row for row in connection.execute(database.item.select())}
        leaves = connection.execute(database.event.select()).all()
    (index,) = (row.idx for row in leaves if bytes(row.leaf).endswith(b'"type":"frozen"}'))
    (record,) = (record for record in records_of(at.home) if record.type == "frozen")
    with at.home.engine.connect() as connection, connection.begin() as begun:
        connection.execute(database.frozen.delete())
        for item in record.values["frozen_items"] or ():
            row = items[str(item)]
            place = {"channel_id": row.channel_id, "message_id": row.message_id}
            values = {"idx": index, "item_id": str(item), "frozen_at": record.values["at"], **place}
            connection.execute(database.frozen.insert(), values)
        begun.commit()
