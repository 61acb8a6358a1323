"""What a client recognises enters her case as a code: of what a comparison bears out or what she saw; never a hash."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import TOOL
from api.home import DATABASE_FILE, Home, read_roots
from api.office import recognition
from api.office.case import add_items, record_consent, remove_items, show_case
from api.office.freeze import freeze, lift_freeze
from api.office.question import keep_question
from api.office.recognition import recognise_file, recognise_question, recognise_seen, take_back
from api.office.verify import verify_bundle
from casefiles.bundle.presets import AUDIENCES
from casefiles.errors import RecognitionError
from casefiles.format import layout
from casefiles.recognition import ComparedWith, HowAlike, Statement, statements_of
from evidence.authority import Doer
from evidence.custody.event import Record
from evidence.errors import AuthorityError, NotDecodedError, UnknownItemError
from evidence.finding import Verdict
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.question import receipt_of
from evidence.observation import Mode
from evidence.store.database import writing
from evidence.store.task import noted
from tests.api.office.test_audit import audited
from tests.appearing import agree, case_with, edits, jpeg, photo, post
from tests.asking import ask
from tests.homes import PASSPHRASE, consent_to, doer, export_of, items_of, records_of, size_of
from tests.nonempty import nonempty

WORDS = "That is my kitchen, and I took it in May."


@dataclass(frozen=True)
class StatingDesk:
    """A home with one posted picture in a case whose client agrees."""

    home: Home
    case: str
    item: str
    picture: bytes

    def says(self, **more: Any) -> Statement:  # noqa: ANN401 - fields of a statement
        said = Statement("mila", self.item, self.home.clock().date(), "sr-Latn")
        return replace(said, **more)

    def file(self, data: bytes, **more: Any) -> Statement:  # noqa: ANN401 - fields of a statement
        keys = self.home.keys.unlock(PASSPHRASE)
        done = recognise_file(self.home, self.case, self.says(**more), io.BytesIO(data), doer(self.home), keys)
        return done.statement

    def seen(self, **more: Any) -> Statement:  # noqa: ANN401 - fields of a statement
        casework = self.home.keys.unlock(PASSPHRASE).casework
        said = self.says(**{"text": WORDS, **more})
        return recognise_seen(self.home, self.case, said, doer(self.home), casework).statement

    def back(self, **more: Any) -> Statement:  # noqa: ANN401 - fields of a statement
        casework = self.home.keys.unlock(PASSPHRASE).casework
        return take_back(self.home, self.case, self.says(**more), doer(self.home), casework).statement

    def standing(self) -> list[tuple[str, HowAlike | None, ComparedWith | None]]:
        casework = self.home.keys.unlock(PASSPHRASE).casework
        told = statements_of(self.home.engine, self.case, casework)
        return [(each.statement.item_id, each.statement.how, each.statement.means) for each in told]

    def logged(self, since: int) -> list[Record]:
        return [record for record in records_of(self.home, since) if record.type in ("recognised", "checked")]


@pytest.fixture
def desk(home: Home, tmp_path: Path) -> StatingDesk:
    picture = jpeg(photo())
    (item,) = post(home, tmp_path / "posted", {5: picture})
    return StatingDesk(home, case_with(home, item), item, picture)


def test_her_file_is_the_same_file_or_very_similar_and_nothing_of_it_is_kept(desk: StatingDesk) -> None:
    for data, how in nonempty(
        [(desk.picture, HowAlike.SAME_FILE), (edits(photo())["all of it"], HowAlike.VERY_SIMILAR)]
    ):
        before = size_of(desk.home)
        assert desk.file(data).how is how
        (record,) = desk.logged(before)
        assert (record.values["recognition"], record.values["means"], record.values["given"]) == (how, "file", "yes")
        assert (record.values["item"], record.values["person"], record.values["actor"]) == (desk.item, "mila", "ann")
        prints, _crops = fingerprints_of(data)
        if how is HowAlike.VERY_SIMILAR:  # of the same file, the item has the digest as it had before
            assert prints.sha256 not in json.dumps(dict(record.values))
    assert desk.standing() == [
        (desk.item, HowAlike.SAME_FILE, ComparedWith.FILE),
        (desk.item, HowAlike.VERY_SIMILAR, ComparedWith.FILE),
    ]
    desk.home.engine.dispose()
    kept = b"".join(file.read_bytes() for file in desk.home.path.glob(f"{DATABASE_FILE}*"))
    unkept = fingerprints_of(edits(photo())["all of it"])[0].sha256
    assert unkept.encode() not in kept
    assert bytes.fromhex(unkept) not in kept


def test_what_is_not_alike_enough_is_no_statement_and_is_logged_as_a_check(desk: StatingDesk) -> None:
    before = size_of(desk.home)
    with pytest.raises(RecognitionError) as refused:
        desk.file(jpeg(photo(2)))
    assert refused.value.code == "recognition.not_alike"
    assert refused.value.facts == {}
    (checked,) = desk.logged(before)
    counts = [checked.values[name] for name in ("compared", "not_compared", "found", "case")]
    assert (checked.type, counts) == ("checked", ["1", "0", "0", desk.case])
    assert desk.standing() == []


@pytest.mark.parametrize("nearest", ["review", "match"])
def test_a_picture_of_the_tier_below_is_no_recognition(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch, nearest: str
) -> None:
    """The same edit, once within the tier that counts and once, with a narrower one, below it: the control."""
    edited = edits(photo())["bordered"]
    if nearest == "review":
        monkeypatch.setattr("evidence.match.pictures.MATCH_BITS", -1)
    before = size_of(desk.home)
    if nearest == "match":
        assert desk.file(edited).how is HowAlike.VERY_SIMILAR
        return
    with pytest.raises(RecognitionError, match="not alike enough"):
        desk.file(edited)
    (checked,) = desk.logged(before)
    assert (checked.values["found"], checked.values["review"]) == ("1", [desk.item])


def test_every_comparison_counts_for_the_day_whatever_it_says(desk: StatingDesk) -> None:
    def spent() -> int:
        with writing(desk.home.engine) as connection:
            return len(noted(connection, "checks")[desk.case].progress.split())

    desk.file(desk.picture)
    with pytest.raises(RecognitionError):
        desk.file(jpeg(photo(2)))
    assert spent() == 2
    limits = desk.home.settings.check.model_copy(update={"daily_per_case": 2})
    desk.home.settings = desk.home.settings.model_copy(update={"check": limits})
    before = size_of(desk.home)
    with pytest.raises(AuthorityError) as refused:
        desk.file(desk.picture)
    assert (refused.value.code, desk.logged(before)) == ("authority.checked_enough", [])


def test_a_question_that_she_sent_is_compared_by_the_prints_of_her_device(desk: StatingDesk) -> None:
    keys = desk.home.keys.unlock(PASSPHRASE)
    for picture, how in nonempty([(desk.picture, HowAlike.SAME_FILE), (jpeg(photo(), 40), HowAlike.VERY_SIMILAR)]):
        sealed = ask(desk.home, picture)
        keep_question(desk.home, sealed, desk.case, doer(desk.home))
        receipt = receipt_of(sealed)
        done = recognise_question(desk.home, desk.case, desk.says(), receipt, doer(desk.home), keys)
        assert (done.statement.how, done.statement.means) == (how, ComparedWith.QUESTION)
    other = case_with(desk.home, desk.item)
    with pytest.raises(UnknownItemError):  # of another case
        recognise_question(desk.home, other, desk.says(), receipt, doer(desk.home), keys)


def test_she_may_have_seen_an_item_and_then_her_own_words_say_so(desk: StatingDesk) -> None:
    before = size_of(desk.home)
    assert (desk.seen().how, desk.seen().means) == (HowAlike.SEEN, None)
    assert {record.values["text"] for record in desk.logged(before)} == {WORDS}
    for words in nonempty([None, "", "  "]):
        with pytest.raises(RecognitionError, match="own words"):
            desk.seen(text=words)


def message_of(home: Home) -> str:
    return next(item.item_id for item in reversed(items_of(home)) if item.kind == "message")


def test_a_message_can_be_seen_and_no_file_is_compared_with_it(desk: StatingDesk) -> None:
    message = message_of(desk.home)
    with pytest.raises(UnknownItemError, match="not in the case"):
        desk.seen(item_id=message)
    add_items(desk.home, desk.case, (message,), doer(desk.home))
    assert desk.seen(item_id=message).how is HowAlike.SEEN
    with pytest.raises(RecognitionError, match="not a file"):
        desk.file(desk.picture, item_id=message)


def test_without_prints_of_the_item_nothing_is_compared_or_counted(home: Home, tmp_path: Path) -> None:
    (item,) = post(home, tmp_path / "posted", {5: jpeg(photo())}, mode=Mode.METADATA_ONLY)
    desk = StatingDesk(home, case_with(home, item), item, jpeg(photo()))
    with pytest.raises(RecognitionError, match="no fingerprints of this item"):
        desk.file(desk.picture)
    with writing(home.engine) as connection:
        assert desk.case not in noted(connection, "checks")


def test_what_cannot_be_decoded_says_nothing(desk: StatingDesk) -> None:
    before = size_of(desk.home)
    with pytest.raises(NotDecodedError):
        desk.file(b"no picture")
    assert desk.logged(before) == []


def ended(home: Home, case: str) -> None:
    record_consent(home, case, consent_to(home, "check", until=home.clock().date() - timedelta(days=1)), doer(home))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda home, case: agree(home, case, given=False), "authority.consent_withdrawn"),
        (lambda home, case: record_consent(home, case, consent_to(home, "court"), doer(home)),
         "authority.consent_to_other"),
        (ended, "authority.consent_ended"),
    ],
)  # fmt: skip
def test_without_her_consent_nothing_is_compared_or_stated(
    desk: StatingDesk, change: Callable[[Home, str], None], code: str
) -> None:
    desk.file(desk.picture)  # the control
    change(desk.home, desk.case)
    before = size_of(desk.home)
    for act in nonempty([lambda: desk.file(desk.picture), desk.seen]):
        with pytest.raises(AuthorityError) as refused:
            act()
        assert refused.value.code == code
    assert desk.logged(before) == []


def test_a_case_without_a_consent_has_no_statements(home: Home, desk: StatingDesk) -> None:
    other = replace(desk, case=case_with(home, desk.item, consent=False))
    for act in nonempty([lambda: other.file(desk.picture), other.seen]):
        with pytest.raises(AuthorityError) as refused:
            act()
        assert refused.value.code == "authority.no_consent"


def test_a_statement_is_the_clients_own_and_of_a_day_that_came(desk: StatingDesk) -> None:
    assert desk.seen(person="Mila ").how is HowAlike.SEEN  # a reader takes it for the same name
    with pytest.raises(RecognitionError) as refused:
        desk.seen(person="vera")
    assert refused.value.code == "recognition.of_another_person"
    with pytest.raises(RecognitionError) as ahead:
        desk.seen(told_on=desk.home.clock().date() + timedelta(days=2))
    assert ahead.value.code == "recognition.in_the_future"


def test_what_she_takes_back_stands_no_more(desk: StatingDesk) -> None:
    with pytest.raises(RecognitionError, match="no statement"):
        desk.back()
    desk.file(desk.picture)
    desk.seen()
    with pytest.raises(RecognitionError, match="another person"):
        desk.back(person="vera")
    before = size_of(desk.home)
    assert desk.back().how is None
    (record,) = desk.logged(before)
    values = [record.values[name] for name in ("given", "recognition", "means", "item")]
    assert (values, desk.standing()) == (["no", None, None, desk.item], [])
    desk.seen()
    assert desk.standing() == [(desk.item, HowAlike.SEEN, None)]


def test_who_takes_back_her_consent_takes_back_what_she_stated_and_it_does_not_begin_again(desk: StatingDesk) -> None:
    desk.file(desk.picture)
    assert len(desk.standing()) == 1
    agree(desk.home, desk.case, given=False)
    assert desk.standing() == []
    agree(desk.home, desk.case)
    assert desk.standing() == []


def test_a_case_is_shown_with_what_she_states(desk: StatingDesk) -> None:
    desk.file(desk.picture, text=WORDS)
    shown = show_case(desk.home, desk.case, doer(desk.home), desk.home.keys.unlock(PASSPHRASE).casework)
    (told,) = shown.statements
    expected = {"item_id": desk.item, "recognition": "same_file", "means": "file", "language": "sr-Latn"}
    expected |= {"words": WORDS, "recorded_by": "ann", "date": desk.home.clock().date().isoformat()}
    assert told.told() == expected


@dataclass(frozen=True)
class StatedBundle:
    report: str
    events: list[dict[str, Any]]
    everything: bytes
    verdict: Verdict

    def stated(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == "recognised"]


def bundled(desk: StatingDesk, out: Path, audience: str = "court") -> StatedBundle:
    export_of(desk.home, desk.case, out, audience)
    roots = [root for file in (desk.home.path / "trust").glob("*.pem") for root in read_roots(file)]
    with zipfile.ZipFile(out) as members, out.open("rb") as stream:
        events = [json.loads(line) for line in members.read(layout.EVENTS_JSONL).splitlines()]
        report = " ".join(members.read(layout.report_name("en")).decode("utf-8").split())
        everything = b"".join(members.read(name) for name in members.namelist())
        return StatedBundle(report, events, everything, verify_bundle(stream, roots=roots).verdict)


@pytest.mark.every(2)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_bundle_tells_it_beside_the_exhibit_and_hides_who_she_is(
    desk: StatingDesk, tmp_path: Path, audience: str
) -> None:
    theirs = jpeg(photo(), 60)
    desk.file(theirs, text=WORDS)
    told = bundled(desk, tmp_path / "told.asice", audience)
    assert told.verdict is Verdict.PASSED
    beside = "client states: the picture that she has is very similar to this item; the program compared her file"
    assert beside in told.report
    assert "the client stated of the item in log entry" in told.report
    assert "What the client states of an item is recorded as she said it" in told.report
    (event,) = told.stated()
    assert set(event["withheld"]) == {"actor", "approver", "person", "reason", "text"}
    prints, _crops = fingerprints_of(theirs)
    for secret in nonempty([WORDS, '"mila"', prints.sha256]):
        assert secret.encode() not in told.everything


@pytest.mark.slow
def test_a_bundle_of_a_case_without_statements_speaks_of_none(desk: StatingDesk, tmp_path: Path) -> None:
    told = bundled(desk, tmp_path / "none.asice")
    assert (told.verdict, told.stated()) == (Verdict.PASSED, [])
    assert "client states" not in told.report


def test_what_was_taken_back_is_told_among_the_entries_and_not_beside_the_exhibit(
    desk: StatingDesk, tmp_path: Path
) -> None:
    desk.file(desk.picture)
    desk.back()
    told = bundled(desk, tmp_path / "back.asice")
    assert (told.verdict, len(told.stated())) == (Verdict.PASSED, 2)
    assert "client states:" not in told.report
    assert "the client took back what she had stated of the item in log entry" in told.report


def test_a_statement_goes_with_its_item(desk: StatingDesk, tmp_path: Path) -> None:
    message = message_of(desk.home)
    add_items(desk.home, desk.case, (message,), doer(desk.home))
    desk.file(desk.picture)
    remove_items(desk.home, desk.case, (desk.item,), doer(desk.home))
    gone = bundled(desk, tmp_path / "gone.asice")
    assert (gone.verdict, gone.stated()) == (Verdict.PASSED, [])
    assert desk.item.encode() not in gone.everything
    add_items(desk.home, desk.case, (desk.item,), doer(desk.home))
    assert len(bundled(desk, tmp_path / "again.asice").stated()) == 1


def test_the_audit_is_clean_after_it_all(desk: StatingDesk) -> None:
    desk.file(desk.picture)
    desk.back()
    desk.seen()
    assert audited(desk.home, passphrase=PASSPHRASE).report.verdict is Verdict.PASSED


def test_of_what_is_frozen_nothing_is_stated_shown_or_told(desk: StatingDesk, tmp_path: Path) -> None:
    (other,) = post(desk.home, tmp_path / "other", {9: jpeg(photo(seed=9))})
    add_items(desk.home, desk.case, (other,), doer(desk.home))
    desk.file(desk.picture)
    desk.seen(item_id=other)
    freeze(desk.home, [desk.item], doer(desk.home))
    for act in nonempty((lambda: desk.file(desk.picture), desk.seen)):
        with pytest.raises(UnknownItemError):
            act()
    shown = show_case(desk.home, desk.case, doer(desk.home), desk.home.keys.unlock(PASSPHRASE).casework)
    assert [each.statement.item_id for each in shown.statements] == [other]
    told = bundled(desk, tmp_path / "frozen.asice")
    assert (told.verdict, len(told.stated())) == (Verdict.PASSED, 1)
    assert desk.item.encode() not in told.everything


def once_behind(patch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Let somebody else act once, right behind what a statement is decided by."""
    real, pending = getattr(recognition, name), [act]

    def raced(*told: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it is given
        answer = real(*told, **more)
        while pending:
            pending.pop()()
        return answer

    patch.setattr(recognition, name, raced)


def test_of_two_who_take_back_at_once_one_does_and_the_other_is_told(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk.file(desk.picture)
    before = size_of(desk.home)
    once_behind(monkeypatch, "statements_of", desk.back)
    with pytest.raises(RecognitionError) as refused:
        desk.back()
    assert refused.value.code == "recognition.nothing_stated"
    assert [record.values["given"] for record in desk.logged(before)] == ["no"]
    assert bundled(desk, tmp_path / "back.asice").verdict is Verdict.PASSED


def test_a_consent_or_statement_of_another_case_meanwhile_changes_nothing(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(desk, case=case_with(desk.home, desk.item))
    desk.file(desk.picture)
    once_behind(monkeypatch, "statements_of", other.seen)
    assert desk.back().how is None
    assert (desk.standing(), len(other.standing())) == ([], 1)


@pytest.mark.every(2)
@pytest.mark.parametrize("behind", ["fingerprints_of", "consent_of", "prints_of"])
@pytest.mark.parametrize("given", [True, False])
def test_a_statement_is_not_logged_once_her_consent_was_withdrawn_meanwhile(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch, behind: str, *, given: bool
) -> None:
    """Recorded anew it changes nothing: the control."""
    before = size_of(desk.home)
    once_behind(monkeypatch, behind, lambda: agree(desk.home, desk.case, given=given))
    if given:
        assert desk.file(desk.picture).how is HowAlike.SAME_FILE
        return
    with pytest.raises(AuthorityError) as refused:
        desk.file(desk.picture)
    assert (refused.value.code, desk.logged(before), desk.standing()) == ("authority.consent_withdrawn", [], [])


def test_what_is_not_alike_is_no_check_of_a_case_that_was_withdrawn_meanwhile(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = size_of(desk.home)
    once_behind(monkeypatch, "prints_of", lambda: agree(desk.home, desk.case, given=False))
    with pytest.raises(AuthorityError) as refused:
        desk.file(jpeg(photo(seed=9)))
    assert (refused.value.code, desk.logged(before)) == ("authority.consent_withdrawn", [])


@pytest.mark.parametrize("given", [True, False])
def test_what_she_saw_is_not_logged_once_her_consent_was_withdrawn_meanwhile(
    desk: StatingDesk, monkeypatch: pytest.MonkeyPatch, *, given: bool
) -> None:
    once_behind(monkeypatch, "consent_of", lambda: agree(desk.home, desk.case, given=given))
    if given:
        assert desk.seen().how is HowAlike.SEEN
        return
    with pytest.raises(AuthorityError):
        desk.seen()
    assert desk.standing() == []


@pytest.mark.parametrize("is_frozen", [True, False])
def test_what_left_the_case_is_told_of_no_more_also_once_it_is_frozen(desk: StatingDesk, *, is_frozen: bool) -> None:
    desk.file(desk.picture, text=WORDS)
    remove_items(desk.home, desk.case, (desk.item,), doer(desk.home))
    if is_frozen:
        freeze(desk.home, [desk.item], doer(desk.home))
    shown = show_case(desk.home, desk.case, doer(desk.home), desk.home.keys.unlock(PASSPHRASE).casework)
    assert shown.statements == []
    assert len(desk.standing()) == 1  # it is in the log, and comes back with the item


def test_she_takes_back_a_statement_of_an_item_that_left_the_case(desk: StatingDesk, tmp_path: Path) -> None:
    desk.file(desk.picture)
    remove_items(desk.home, desk.case, (desk.item,), doer(desk.home))
    assert desk.back().how is None
    with pytest.raises(RecognitionError, match="no statement"):
        desk.back()
    add_items(desk.home, desk.case, (desk.item,), doer(desk.home))
    assert desk.standing() == []
    told = bundled(desk, tmp_path / "again.asice")
    assert (told.verdict, [event["values"]["given"] for event in told.stated()]) == (Verdict.PASSED, ["yes", "no"])
    assert "client states:" not in told.report


def test_she_takes_back_a_statement_of_a_frozen_item(desk: StatingDesk) -> None:
    desk.file(desk.picture)
    freeze(desk.home, [desk.item], Doer("ann", TOOL, desk.home.clock(), reason="it may show a child"))
    assert desk.back().how is None
    two = Doer("bo", TOOL, desk.home.clock(), reason="it shows none", approver="cy")
    lift_freeze(desk.home, [desk.item], two, desk.home.keys.unlock(PASSPHRASE).casework)
    assert desk.standing() == []
