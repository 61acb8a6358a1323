"""Nothing leaves without its event, and each receiver sees what is theirs to see."""

import base64
import errno
import hashlib
import importlib.metadata
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.cli.bundle import export_fields, export_words
from api.home import Home, Writer, read_roots
from api.office import bundle as office_bundle
from api.office.bundle import Exported, Order, export_case, stamped_checkpoint, stream_case
from api.office.case import add_items, record_consent, remove_items
from api.office.check import check_picture
from api.office.intake import Wish, import_export
from api.office.receiver import add_receiver
from api.office.verify import verify_bundle
from casefiles.bundle import destination
from casefiles.bundle.destination import Destination, Parts
from casefiles.bundle.presets import AUDIENCES, withheld
from casefiles.bundle.sign import make_seal
from casefiles.errors import PagesError
from casefiles.format import layout
from casefiles.format.entries import read_entries
from casefiles.format.records import ITEM
from casefiles.pages import made
from config.errors import CatalogueError
from config.words import load_words
from evidence.authority import Doer
from evidence.custody.append import tree_size
from evidence.custody.event import Record
from evidence.custody.sequencer import Also, Choose, Sequencer
from evidence.errors import (
    AuthorityError,
    HomeError,
    LeafError,
    NoMatchingKeyError,
    StampUnreachableError,
    StorageFullError,
    StoreError,
    UnknownItemError,
)
from evidence.finding import Verdict
from evidence.log.schema import SCHEMAS
from evidence.observation import Mode
from evidence.seal.age import Identity
from evidence.seal.recipients import generate_identity
from evidence.stamp.certificate import fingerprint
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.projection import Placed
from evidence.times import format_time
from tests.homes import (
    PASSPHRASE,
    Office,
    consent_to,
    copy_of,
    doer,
    items_of,
    legal_basis,
    new_case,
    new_home,
    records_of,
    reviews_of,
    size_of,
    take_in,
    write_pictured,
)

OBSERVER = {"actor", "approver", "declared_by"}


@dataclass(frozen=True)
class ExportDesk:
    """A home with a case that holds everything, and its casework key."""

    home: Home
    case: str
    casework: Identity
    texts: tuple[str, ...]

    def export(
        self,
        name: str,
        audience: str = "court",
        language: str = "en",
        by: Doer | None = None,
        to: str | None = None,
    ) -> Exported:
        order = Order(self.case, audience, language, by or doer(self.home), to)
        return export_case(self.home, order, self.casework, self.at(name))

    def at(self, name: str) -> Destination:
        return Destination(self.home.path.parent / name)

    def size(self) -> int:
        return size_of(self.home)

    def records(self, since: int) -> list[Record]:
        return records_of(self.home, since)


@pytest.fixture(scope="module")
def desk(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExportDesk]:
    home = copy_of(office, tmp_path_factory.mktemp("desk"))
    yield ExportDesk(home, new_case(home), home.keys.unlock(PASSPHRASE).casework, tuple(office.export.texts.values()))
    home.engine.dispose()


def disclosed(bundle: Path) -> dict[str, set[str]]:
    """Every value by name that the bundle shows, decoded from its disclosures."""
    shown: dict[str, set[str]] = {}
    with zipfile.ZipFile(bundle) as container:
        for entry in read_entries(container.read(layout.ENTRIES)):
            for line in entry.lines:
                if " " in line:  # a withheld name and its commitment
                    continue
                _salt, value_name, value = json.loads(base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)))
                shown.setdefault(value_name, set()).add(json.dumps(value))
    return shown


def everything(bundle: Path) -> bytes:
    with zipfile.ZipFile(bundle) as container:
        return b"".join(container.read(name) for name in container.namelist())


# Refused


def test_an_export_needs_a_reason_or_a_second_person(desk: ExportDesk) -> None:
    before = desk.size()
    for reason in (None, " "):
        with pytest.raises(AuthorityError, match="reason"):
            desk.export("refused", by=replace(doer(desk.home, approver=None), reason=reason))
    assert desk.size() == before


@pytest.mark.parametrize("name", ["refused.asice", "refused.asice.letter.txt", "refused.asice.letter.pdf"])
def test_what_lies_there_is_not_overwritten_even_a_dangling_link(desk: ExportDesk, name: str) -> None:
    place, before = desk.home.path.parent / name, desk.size()
    place.symlink_to("nowhere")
    with pytest.raises(HomeError, match="lies there") as raised:
        desk.export("refused")
    assert raised.value.where == str(place)
    place.unlink()
    assert desk.size() == before


def test_a_folder_that_is_not_there_is_told_before_anything_is_logged(desk: ExportDesk) -> None:
    before = desk.size()
    with pytest.raises(HomeError, match="no such folder"):
        desk.export("none/bundle")
    assert desk.size() == before


def test_an_empty_or_unknown_case_is_not_exported(desk: ExportDesk) -> None:
    empty = new_case(desk.home, [])
    for case, words in ((empty, "no items"), ("case-0", "no such case")):
        with pytest.raises(UnknownItemError, match=words):
            replace(desk, case=case).export("refused")


@pytest.mark.every(2)
@pytest.mark.parametrize("language", ["sq", "sr-Latn"])
def test_a_bundle_and_its_letter_are_in_the_language_that_was_asked_for(desk: ExportDesk, language: str) -> None:
    desk.export(language, language=language)
    words, bundle, letter = load_words(language), desk.at(language).bundle, desk.at(language).letter
    roots = [root for file in desk.home.trust.glob("*.pem") for root in read_roots(file)]
    assert verify_bundle(io.BytesIO(bundle.read_bytes()), roots=roots).verdict is Verdict.PASSED
    with zipfile.ZipFile(bundle) as container:
        report = container.read(layout.report_name(language)).decode("utf-8")
    assert words.say("report.title") in report.splitlines()
    assert words.say("letter.title") in letter.read_text(encoding="utf-8").splitlines()


def test_a_language_without_words_writes_and_logs_nothing(desk: ExportDesk) -> None:
    before = desk.size()
    with pytest.raises(CatalogueError):
        desk.export("refused", language="xx")
    types = {record.type for record in desk.records(before)}
    assert "exported" not in types
    assert not desk.at("refused").bundle.exists()


def test_another_casework_key_exports_nothing(desk: ExportDesk) -> None:
    with pytest.raises(NoMatchingKeyError):
        replace(desk, casework=generate_identity()).export("refused")


def test_a_seal_of_another_kind_is_refused(desk: ExportDesk, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = desk.home.keys.path / "seal.age"
    before = file.read_bytes()
    file.unlink()
    desk.home.keys.write_sealed("seal.age", key, desk.home.recipients.casework)
    with pytest.raises(HomeError, match="another kind"):
        desk.export("refused")
    file.write_bytes(before)


def test_without_a_time_stamp_office_nothing_is_exported(desk: ExportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", "[]")
    home = Home.open(desk.home.path)
    new_case(home, [])  # so that there is something that is not stamped
    before = desk.size()
    with pytest.raises(StampUnreachableError, match="no time-stamp office") as raised:
        replace(desk, home=home).export("refused")
    assert "offices" in raised.value.fix
    assert desk.size() == before
    assert not desk.at("refused").bundle.exists()
    home.engine.dispose()


def test_no_file_gets_its_name_when_its_event_cannot_be_logged(desk: ExportDesk) -> None:
    before = desk.size()

    @sa.event.listens_for(desk.home.engine, "before_cursor_execute")
    def refuse(*arguments: object) -> None:
        if str(arguments[2]).startswith("INSERT INTO event") and left_of(desk):  # not the anchor before it
            raise sa.exc.OperationalError("INSERT", None, Exception("refused"))

    try:
        with pytest.raises(StoreError):
            desk.export("refused")
    finally:
        sa.event.remove(desk.home.engine, "before_cursor_execute", refuse)
    assert {file.suffix for file in left_of(desk)} == {".part"}
    assert "exported" not in {record.type for record in desk.records(before)}
    assert not desk.export("refused").finished  # the next run asks the log, and removes what was not logged
    assert sorted(file.name for file in left_of(desk)) == both_of(desk)
    for file in left_of(desk):
        file.unlink()


@pytest.mark.slow
def test_a_later_export_proves_the_same_early_time_of_each_item(desk: ExportDesk) -> None:
    def rows(name: str) -> tuple[dict[str, str], str]:
        desk.export(name)
        with zipfile.ZipFile(desk.at(name).bundle) as container:
            items = [json.loads(line) for line in container.read(layout.ITEMS_JSONL).splitlines()]
            case = json.loads(container.read(layout.CASE))
        return {row["index"]: row["stamped_at"] for row in items}, case["checkpoint"]["stamped_at"]

    early, first = rows("early.asice")
    new_case(desk.home, [])
    with desk.home.writing() as writer:
        writer.beat(now=True)
    late, second = rows("late.asice")
    assert late == early
    assert max(early.values()) <= first <= second


def left_of(desk: ExportDesk, name: str = "refused") -> list[Path]:
    return [file for file in desk.home.path.parent.iterdir() if file.name.startswith(name)]


def both_of(desk: ExportDesk, name: str = "refused") -> list[str]:
    return [file.name for file in (desk.at(name).bundle, desk.at(name).letter_pdf, desk.at(name).letter)]


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def everything_of(letter: Path) -> str:
    return "".join(letter.read_text().split())


@pytest.mark.slow
def test_a_letter_that_cannot_be_printed_is_a_text_alone_and_that_is_said(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = desk.export("printed")
    assert (done.unprinted, desk.at("printed").letter_pdf.read_bytes()[:8]) == (None, b"%PDF-1.7")

    def refuse(*_: object) -> bytes:
        raise PagesError("pages.not_made", system="a panic")

    monkeypatch.setattr(office_bundle, "letter_pages", refuse)
    done = desk.export("text-alone")
    file = desk.at("text-alone")
    assert [file.bundle.exists(), file.letter.exists(), file.letter_pdf.exists()] == [True, True, False]
    assert done.facts.sha256 in everything_of(file.letter)
    assert str(file.letter_pdf) not in export_words(file, done)
    assert "only the text was made, not the PDF: the PDF cannot be made" in capsys.readouterr().err
    assert export_fields(file, done)["letter_pdf"] is None


@pytest.mark.parametrize("broken", ["its version", "its process"])
def test_without_a_typesetter_nothing_is_exported_and_the_program_is_named(
    broken: str, desk: ExportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    before = desk.size()
    if broken == "its version":
        monkeypatch.setattr(made.importlib.metadata, "version", missing)
        made.edition.cache_clear()
    else:
        monkeypatch.setattr(made.sys, "executable", "/bin/false")
    with pytest.raises(PagesError) as refused:
        desk.export("refused")
    made.edition.cache_clear()
    assert refused.value.code == ("pages.incomplete" if broken == "its version" else "pages.not_made")
    assert "rogram" in refused.value.said.fix
    assert {record.type for record in desk.records(before)} <= {"requested", "approved", "case_viewed", "anchor"}
    assert left_of(desk) == []


def test_the_letter_names_the_roots_that_its_bundle_leads_to_and_no_other(desk: ExportDesk) -> None:
    stray = desk.home.trust / "a-stray-certificate.pem"
    stranger = make_seal("Somebody else", desk.home.clock())[0]
    stray.write_bytes(stranger.public_bytes(Encoding.PEM))
    with pytest.raises(HomeError, match="no root of the seal"):
        desk.export("refused")  # nothing leaves while a stranger's root would be handed out
    stray.unlink()
    desk.export("two-roots")
    letter = everything_of(desk.at("two-roots").letter)
    roots = [x509.load_pem_x509_certificate(file.read_bytes()) for file in desk.home.trust.glob("*.pem")]
    assert len(roots) == 2
    assert all(fingerprint(root) in letter for root in roots)
    assert fingerprint(stranger) not in letter
    assert "ROOT2.pem" in letter
    assert "ROOT3.pem" not in letter


def test_a_full_disk_is_met_before_anything_is_logged(desk: ExportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = desk.size()
    monkeypatch.setattr("casefiles.bundle.destination._written", full)
    with pytest.raises(StorageFullError):
        desk.export("refused")
    assert "exported" not in {record.type for record in desk.records(before)}
    assert left_of(desk) == []


def test_till_its_event_is_logged_no_file_has_its_name(desk: ExportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = desk.size()
    seen: list[tuple[str, list[str]]] = []

    def look(parts: Parts) -> None:
        seen.append((desk.records(before)[-1].type, sorted(file.suffix for file in left_of(desk, "looked-at"))))
        hand_over(parts)

    hand_over = Parts.hand_over
    monkeypatch.setattr(Parts, "hand_over", look)
    desk.export("looked-at")
    assert seen == [("exported", [".part", ".part", ".part"])]
    assert sorted(file.name for file in left_of(desk, "looked-at")) == both_of(desk, "looked-at")


class PowerCutError(BaseException):
    """The program ends here, and nothing that it would do later is done."""


def cut(monkeypatch: pytest.MonkeyPatch, what: str, after: int = 0) -> None:
    """End the program at the call number ``after`` of a function of the destination."""
    real, calls = getattr(destination, what), iter(range(100))

    def stop(*arguments: Any) -> object:  # noqa: ANN401 - passed on
        if next(calls) == after:
            raise PowerCutError
        return real(*arguments)

    monkeypatch.setattr(destination, what, stop)


def interrupted(desk: ExportDesk, name: str, what: str, after: int = 0) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cut(patch, what, after)
        patch.setattr(Parts, "drop", lambda parts: parts.close())  # what a dead program does not do
        with pytest.raises(PowerCutError):
            desk.export(name)


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("what", "after"), [("give_name", 0), ("give_name", 1), ("give_name", 2), ("sync_directory", 1)]
)
def test_an_export_that_was_logged_and_cut_short_is_finished_by_the_next(
    desk: ExportDesk, tmp_path: Path, what: str, after: int
) -> None:
    name = f"cut-{what}-{after}"
    interrupted(desk, name, what, after)
    before = desk.size()
    done = desk.export(name)
    assert done.finished
    file = desk.at(name)
    assert (done.facts.sha256, done.facts.bytes) == (digest_of(file.bundle), file.bundle.stat().st_size)
    assert done.facts.seal_fingerprint in everything_of(file.letter)
    assert done.facts.sha256 in everything_of(file.letter)
    assert "exported" not in {record.type for record in desk.records(before)}
    assert sorted(each.name for each in left_of(desk, name)) == both_of(desk, name)


@pytest.mark.every(2)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), StoreError("store.refused")], ids=["ctrl-c", "connection lost"])
def test_an_export_whose_commit_was_done_and_reported_as_failed_is_finished_by_the_next(
    desk: ExportDesk, error: BaseException
) -> None:
    name, before = f"reported-{type(error).__name__}", desk.size()
    turn = Sequencer.turn

    def fail(sequencer: Sequencer, choose: Choose, also: Also | None = None) -> list[Placed]:
        placed = turn(sequencer, choose, also)
        if any(event.type == "exported" for event in placed):
            raise error
        return placed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sequencer, "turn", fail)
        with pytest.raises(type(error)):
            desk.export(name)
    assert {file.suffix for file in left_of(desk, name)} == {".part"}
    done = desk.export(name)
    assert done.finished
    exports = [record for record in desk.records(before) if record.type == "exported"]
    assert [record.values["bundle_sha256"] for record in exports] == [done.facts.sha256]
    assert digest_of(desk.at(name).bundle) == done.facts.sha256
    assert sorted(file.name for file in left_of(desk, name)) == both_of(desk, name)


@pytest.mark.slow
def test_the_control_an_export_that_was_cut_short_before_its_event_is_made_anew(desk: ExportDesk) -> None:
    before = desk.size()
    interrupted(desk, "never-logged", "sync_directory")
    assert "exported" not in {record.type for record in desk.records(before)}
    assert {file.suffix for file in left_of(desk, "never-logged")} == {".part"}
    done = desk.export("never-logged")
    assert not done.finished
    assert [record.type for record in desk.records(before)].count("exported") == 1
    assert sorted(file.name for file in left_of(desk, "never-logged")) == both_of(desk, "never-logged")


def test_another_export_to_a_place_with_a_logged_one_is_told_of_it(desk: ExportDesk) -> None:
    interrupted(desk, "for-court", "give_name")
    before, left = desk.size(), left_of(desk, "for-court")
    with pytest.raises(HomeError, match="logged and cut short") as raised:
        desk.export("for-court", "partner")
    assert raised.value.where.endswith(".part")
    assert raised.value.found == f"{desk.case} for court"
    assert (desk.size(), left_of(desk, "for-court")) == (before, left)
    assert desk.export("for-court").finished


def test_a_file_that_came_to_its_name_meanwhile_stays_and_the_export_is_whole_beside_it(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, place = desk.size(), desk.at("taken")

    def take(parts: Parts) -> None:
        place.bundle.write_bytes(b"mine")
        hand_over(parts)

    hand_over = Parts.hand_over
    monkeypatch.setattr(Parts, "hand_over", take)
    with pytest.raises(HomeError, match="something lies at its name") as raised:
        desk.export("taken")
    assert place.bundle.read_bytes() == b"mine"
    part = place.bundle.with_name(raised.value.found.removeprefix("the whole file is "))
    assert digest_of(part) == desk.records(before)[-1].values["bundle_sha256"]
    monkeypatch.undo()
    place.bundle.unlink()
    assert desk.export("taken").finished


def test_an_export_that_goes_on_is_not_taken_for_one_that_was_cut_short(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beside(parts: Parts) -> None:
        monkeypatch.undo()
        with parts.destination.leftovers() as leftovers:
            assert leftovers == []
        hand_over(parts)

    hand_over = Parts.hand_over
    monkeypatch.setattr(Parts, "hand_over", beside)
    assert not desk.export("beside").finished


@pytest.mark.every(2)
@pytest.mark.parametrize("refused", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_gets_whole_files_too(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    def no_links(_part: Path, file: Path) -> None:
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, "File exists")
        raise OSError(refused, "refused")

    monkeypatch.setattr("os.link", no_links)
    done, place = desk.export(f"stick-{refused}"), desk.at(f"stick-{refused}")
    assert digest_of(place.bundle) == done.facts.sha256
    assert len(left_of(desk, f"stick-{refused}")) == 3
    place.bundle.unlink()
    with pytest.raises(HomeError, match="lies there"):
        desk.export(f"stick-{refused}")


def test_beside_a_monitor_an_export_does_not_wait_for_what_is_newer_than_its_case(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.export("stamps-all.asice")
    new_case(desk.home, [])  # news that is not stamped, and that no entry of this case stands behind
    with reading(desk.home.engine) as connection:
        stamped = connection.execute(sa.select(sa.func.max(database.token.c.size))).scalar_one()
    with desk.home.writing() as writer:
        assert stamped_checkpoint(writer, covers=stamped - 1).size == stamped
        assert desk.size() > stamped
        monkeypatch.setattr(Writer, "stamp", lambda _writer: StampUnreachableError("no answer"))
        assert stamped_checkpoint(writer, covers=0).size == stamped
        with pytest.raises(StampUnreachableError, match="no answer"):
            stamped_checkpoint(writer, covers=stamped)


def test_the_largest_stamped_checkpoint_is_the_newest_though_a_smaller_one_was_stamped_late(
    office: Office, tmp_path: Path
) -> None:
    home = copy_of(office, tmp_path)
    with writing(home.engine) as connection:
        sizes = connection.execute(sa.select(database.token.c.size).order_by(database.token.c.size)).scalars().all()
        late = sa.select(sa.literal(10**6), sizes[0], database.token.c.token, database.token.c.reply).limit(1)
        connection.execute(sa.insert(database.token).from_select(["idx", "size", "token", "reply"], late))
    assert sizes[0] < sizes[-1]
    with home.writing() as writer:
        assert stamped_checkpoint(writer, covers=sizes[-1] - 1).size == sizes[-1]


def test_an_export_into_streams_is_logged_before_the_first_byte(desk: ExportDesk) -> None:
    before = desk.size()

    class Watched(io.BytesIO):
        def write(self, data: Any) -> int:  # noqa: ANN401 - a buffer
            assert desk.records(before)[-1].type == "exported"
            return super().write(data)

    bundle, letter = Watched(), Watched()
    order = Order(desk.case, "court", "en", doer(desk.home))
    done = stream_case(desk.home, order, desk.casework, bundle=bundle, letter=letter)
    assert hashlib.sha256(bundle.getvalue()).hexdigest() == done.facts.sha256
    assert done.facts.sha256 in "".join(letter.getvalue().decode().split())
    assert verify_bundle(io.BytesIO(bundle.getvalue()), roots=()).verdict is Verdict.INDETERMINATE


def test_a_log_whose_first_record_is_gone_is_named(desk: ExportDesk, office: Office, tmp_path: Path) -> None:
    home = copy_of(replace(office, home=desk.home), tmp_path)
    with writing(home.engine) as connection:
        connection.execute(sa.delete(database.sealed).where(database.sealed.c.idx == 0))
    with pytest.raises(LeafError, match="a record is missing") as raised:
        replace(desk, home=home).export("refused")
    assert raised.value.where == "record of leaf 0"
    assert "nisisama audit" in raised.value.fix
    home.engine.dispose()


# Done


@pytest.fixture(scope="module")
def bundles(desk: ExportDesk) -> dict[str, tuple[Exported, list[Record]]]:
    """One bundle for each receiver, with what was logged for it."""
    made: dict[str, tuple[Exported, list[Record]]] = {}
    for audience in AUDIENCES:
        before = desk.size()
        made[audience] = desk.export(f"{audience}.asice", audience), desk.records(before)
    return made


@pytest.mark.every(4)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_event_file_and_letter_name_the_same_digest(
    bundles: dict[str, tuple[Exported, list[Record]]], audience: str, desk: ExportDesk
) -> None:
    done, records = bundles[audience]
    file = desk.at(f"{audience}.asice")
    digest = digest_of(file.bundle)
    assert [record.type for record in records] == ["requested", "approved", "exported"]
    exported = records[-1].values
    assert (exported["bundle_sha256"], exported["audience"], exported["case"]) == (digest, audience, desk.case)
    assert exported["items"] == str(done.facts.items) == str(len(items_of(desk.home)))
    assert done.facts.sha256 == digest
    assert digest in everything_of(file.letter)
    assert file.letter.name == f"{audience}.asice.letter.txt"
    for each in (file.bundle, file.letter):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_what_was_removed_does_not_leave_and_the_report_counts_it(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    case, casework, items = new_case(home), home.keys.unlock(PASSPHRASE).casework, items_of(home)
    gone, back = (item.item_id for item in items[:2])
    remove_items(home, case, (gone, back), doer(home))
    add_items(home, case, (back,), doer(home))
    desk = ExportDesk(home, case, casework, ())
    assert desk.export("removed.asice").facts.items == len(items) - 1
    bundle = desk.at("removed.asice").bundle
    with zipfile.ZipFile(bundle) as members, bundle.open("rb") as stream:
        shown = {json.loads(line)["event"] for line in members.read(layout.ITEMS_JSONL).splitlines()}
        events = [json.loads(line) for line in members.read(layout.EVENTS_JSONL).splitlines()]
        report = " ".join(members.read(layout.report_name("en")).decode("utf-8").split())
        roots = [root for file in (home.path / "trust").glob("*.pem") for root in read_roots(file)]
        checks = verify_bundle(stream, roots=roots)
    assert shown == {item.item_id for item in items} - {gone}
    assert gone not in json.dumps(events)
    unnamed = [event["type"] for event in events if "item" in event["withheld"]]
    assert unnamed == ["case_item_added", "case_item_removed"]
    assert "an item was removed from the case and is not in this file" in report
    assert f"the item in log entry {index_of(home, back)} was removed from the case" in report
    assert checks.verdict is Verdict.PASSED
    home.engine.dispose()


@dataclass(frozen=True)
class Reported:
    """What a bundle says, what it says of parts that it does not show, and whether it holds."""

    report: str
    received: list[str]
    verdict: Verdict
    facts: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def section(self) -> str:
        """What was not seen."""
        return self.report.partition("6. What was not seen")[2].partition("7. ")[0]


def reported(home: Home, case: str, audience: str = "court") -> Reported:
    desk = ExportDesk(home, case, home.keys.unlock(PASSPHRASE).casework, ())
    name = f"{case}-{audience}-{size_of(home)}.asice"
    desk.export(name, audience)
    bundle = desk.at(name).bundle
    with zipfile.ZipFile(bundle) as members, bundle.open("rb") as stream:
        report = " ".join(members.read(layout.report_name("en")).decode("utf-8").split())
        told = json.loads(members.read(layout.CASE))
        tables = (layout.ITEMS_JSONL, layout.EVENTS_JSONL)
        items, events = ([json.loads(line) for line in members.read(table).splitlines()] for table in tables)
        roots = [root for file in (home.path / "trust").glob("*.pem") for root in read_roots(file)]
        verdict = verify_bundle(stream, roots=roots).verdict
    return Reported(report, told["received"], verdict, items, events)


Way = Callable[[Home, Path], None]


def in_two_modes(home: Home, export: Path) -> None:
    take_in(home, write_pictured(export), Mode.METADATA_ONLY)
    take_in(home, export, Mode.SEALED)


def missing_then_there(home: Home, export: Path) -> None:
    take_in(home, write_pictured(export, there=False))
    take_in(home, write_pictured(export))


def of_two_people(home: Home, export: Path) -> None:
    take_in(home, write_pictured(export, there=False))
    basis, another = legal_basis(export.parent), write_pictured(export.parent / "another")
    import_export(home, Wish(another, None, "vera", Mode.SEALED, basis, doer(home)))


@pytest.mark.every(3)
@pytest.mark.parametrize("way", [in_two_modes, missing_then_there, of_two_people])
def test_a_part_that_a_later_import_brought_is_told_with_the_item_that_it_is(tmp_path: Path, way: Way) -> None:
    home, _cards = new_home(tmp_path / "home")
    way(home, tmp_path / "export")
    case = new_case(home)
    court = reported(home, case)
    (number,) = (at for at, item in enumerate(court.facts, start=1) if item["values"]["kind"] == "file")
    assert (court.verdict, court.received) == (Verdict.PASSED, [])
    assert "Not seen 1, but received later: the" in court.section
    assert f"of message 5, received later as item {number}: photos/one.bin" in court.section
    assert "Not seen 1: " not in court.section
    home.engine.dispose()


def test_a_part_that_is_kept_and_is_no_item_of_the_case_is_told_as_the_sender_says(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    missing_then_there(home, tmp_path / "export")
    message = next(item.item_id for item in items_of(home) if item.kind == "message")
    court = reported(home, new_case(home, [message]))
    assert (court.verdict, len(court.received), len(court.facts)) == (Verdict.PASSED, 1, 1)
    told = "Not seen 1, but received at another time, according to the sender: the file was not where"
    assert told in court.section
    # a partner's bundle does not show the place of a file, so that the sender alone can say it there
    partner = reported(home, new_case(home), "partner")
    assert (partner.verdict, len(partner.received), len(partner.facts)) == (Verdict.PASSED, 1, 2)
    assert told in partner.section
    home.engine.dispose()


def test_a_file_of_the_message_as_it_read_later_is_perhaps_what_was_missing(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export", there=False))
    take_in(home, write_pictured(tmp_path / "export", text="look again"))
    court = reported(home, new_case(home))
    assert (court.verdict, court.received) == (Verdict.PASSED, [])
    assert "Not seen 1, and perhaps received at another time: the file was not where" in court.section
    home.engine.dispose()


@pytest.mark.every(2)
@pytest.mark.parametrize("mode", [Mode.METADATA_ONLY, Mode.HASH_ONLY])
def test_what_no_import_kept_stays_not_seen(tmp_path: Path, mode: Mode) -> None:
    # the control: whatever is told above, a bundle whose file nobody kept says so
    home, _cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export"), mode)
    take_in(home, tmp_path / "export", Mode.METADATA_ONLY)
    court = reported(home, new_case(home))
    assert (court.verdict, court.received) == (Verdict.PASSED, [])
    assert "Not seen 1: the chosen mode does not keep it" in court.section
    assert "received" not in court.section.replace("received at another time is listed", "")
    home.engine.dispose()


def test_a_comparison_says_which_items_it_found_where_all_are_of_the_case(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    keys, case = home.keys.unlock(PASSPHRASE), new_case(home, [])
    picture = next(office.export.folder / name for name in sorted(office.export.media) if name.endswith(".jpg"))
    with picture.open("rb") as stream:
        matches = check_picture(home, stream, case, doer(home), keys).pictures[0].matches
    same = [match.item_id for match in matches if match.tier == "identical"]
    others = [item.item_id for item in items_of(home) if item.item_id not in {match.item_id for match in matches}]
    add_items(home, case, (others[0],), doer(home))
    unnamed = reported(home, case)
    assert unnamed.verdict is Verdict.PASSED
    count = f"{len(matches)} item{'s' if len(matches) > 1 else ''} that "
    assert f"; {count}" in unnamed.report
    assert "is the same file as item" not in unnamed.report
    assert not any(item in json.dumps(unnamed.events) for item in same)
    add_items(home, case, tuple(match.item_id for match in matches), doer(home))
    for audience in ("court", "partner"):
        named = reported(home, case, audience)
        numbers = [number for number, item in enumerate(named.facts, start=1) if item["event"] in same]
        assert named.verdict is Verdict.PASSED
        assert f"the file that the client brought is the same file as item {numbers[0]}" in named.report
        assert "not named in this file" not in named.report
    home.engine.dispose()


def index_of(home: Home, item: str) -> int:
    with reading(home.engine) as connection:
        return connection.execute(sa.select(database.item.c.idx).where(database.item.c.item_id == item)).scalar_one()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_receiver_sees_what_is_theirs_to_see(
    bundles: dict[str, tuple[Exported, list[Record]]], audience: str, desk: ExportDesk
) -> None:
    shown = disclosed(desk.at(f"{audience}.asice").bundle)
    assert shown
    assert shown.keys() & withheld(audience, "observed") == set()
    assert withheld(audience, "observed") >= OBSERVER & SCHEMAS["observed"].names
    assert shown.keys() & OBSERVER == set()
    assert {"channel_id", "sha256", "posted_at"} <= shown.keys()
    body = everything(desk.at(f"{audience}.asice").bundle)
    long = [text for text in desk.texts if len(text) > 12]
    spelled = [form for text in long for form in (text.encode(), json.dumps(text)[1:-1].encode())]
    seen = [text for text in spelled if text in body]
    assert (seen == []) is (audience == "partner")
    assert ("text" in shown) is (audience != "partner")


def test_every_kind_of_entry_that_a_bundle_shows_has_words(
    desk: ExportDesk, bundles: dict[str, tuple[Exported, list[Record]]]
) -> None:
    with zipfile.ZipFile(desk.at("court.asice").bundle) as container:
        leaves = [json.loads(entry.leaf) for entry in read_entries(container.read(layout.ENTRIES))]
    kinds = {f"entry.{leaf['type']}" for leaf in leaves if leaf["type"] != ITEM}
    assert {"entry.log_opened", "entry.case_opened"} <= kinds <= load_words("en").texts.keys()


def slices(export: bytes) -> list[bytes]:
    """The whole of an export and every JSON object in it, as its bytes lie there: what a guess would be tested on."""
    text, read = export.decode("utf-8"), json.JSONDecoder().raw_decode
    begins = [at for at, character in enumerate(text) if character == "{"]
    return [export, *(text[at : read(text, at)[1]].encode("utf-8") for at in begins)]


def test_a_partner_cannot_test_a_guess_at_what_is_withheld(
    desk: ExportDesk, bundles: dict[str, tuple[Exported, list[Record]]], office: Office
) -> None:
    export = (office.export.folder / "result.json").read_bytes()
    digests = [hashlib.sha256(part).hexdigest().encode() for part in slices(export)]
    shown = {audience: everything(desk.at(f"{audience}.asice").bundle) for audience in bundles}
    assert [digest for digest in digests if digest in shown["partner"]] == []
    assert len([digest for digest in digests if digest in shown["court"]]) > len(office.export.texts)
    assert "offset" in disclosed(desk.at("court.asice").bundle)  # two of them give the length of what lies between
    assert "offset" not in disclosed(desk.at("partner.asice").bundle)


def test_one_person_exports_and_a_second_is_asked_to_review(desk: ExportDesk) -> None:
    alone = doer(desk.home, approver=None)
    record_consent(desk.home, desk.case, consent_to(desk.home, "court"), alone)
    add_receiver(desk.home, "Court", "court", doer(desk.home))
    before = desk.size()
    done = desk.export("alone.asice", by=alone, to="Court")
    records = desk.records(before)
    assert [record.type for record in records] == ["requested", "exported"]
    assert reviews_of(desk.home) == [(records[-1].values["authority"], format_time(alone.at + timedelta(days=7)))]
    assert done.review_by is not None


def test_a_receiver_s_name_is_checked_where_two_persons_export_too(desk: ExportDesk) -> None:
    before = desk.size()
    with pytest.raises(AuthorityError) as raised:
        desk.export("unseen.asice", to="Cou\u200brt")
    assert (raised.value.code, desk.size()) == ("authority.name_not_seen", before)
    desk.export("spaced.asice", to=" Court ")
    assert [record.values["receiver"] for record in desk.records(before) if record.type == "exported"] == ["Court"]


def test_the_log_is_stamped_again_after_an_export(
    desk: ExportDesk, bundles: dict[str, tuple[Exported, list[Record]]]
) -> None:
    assert {done.unstamped for done, _records in bundles.values()} == {None}
    desk.export("last.asice")
    with reading(desk.home.engine) as connection:
        newest = connection.execute(sa.select(sa.func.max(database.token.c.size))).scalar_one()
        assert newest == tree_size(connection) - 1  # all but the anchor itself


def consented(home: Home, case: str, *scope: str) -> None:
    record_consent(home, case, consent_to(home, *scope, given=bool(scope)), doer(home))


def behind_step(patch: pytest.MonkeyPatch, step: str, home: Home, act: Callable[[Home], None]) -> None:
    """Let another process act right behind a step of an export."""
    real = getattr(office_bundle, step)

    def raced(*told: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it is given
        answer, there = real(*told, **more), Home.open(home.path)
        act(there)
        there.engine.dispose()
        return answer

    patch.setattr(office_bundle, step, raced)


@pytest.mark.every(5)
@pytest.mark.parametrize("behind", ["make_letter", "_require_agreed"])
@pytest.mark.parametrize("into", ["files", "streams"])
@pytest.mark.parametrize("meanwhile", ["withdrawn", "anew", "another case"])
def test_a_bundle_does_not_leave_once_the_consent_was_changed_while_it_was_made(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: str, into: str, meanwhile: str
) -> None:
    """What is recorded of another case stops nothing: the control."""
    home = copy_of(office, tmp_path)
    case, other, casework = new_case(home), new_case(home), home.keys.unlock(PASSPHRASE).casework
    add_receiver(home, "Court", "court", doer(home))
    consented(home, case, "court")
    acts: dict[str, Callable[[Home], None]] = {
        "withdrawn": lambda there: consented(there, case),
        "anew": lambda there: consented(there, case, "court"),
        "another case": lambda there: consented(there, other),
    }
    behind_step(monkeypatch, behind, home, acts[meanwhile])
    order, before = Order(case, "court", "en", doer(home, approver=None), "Court"), size_of(home)
    bundle, letter, out = io.BytesIO(), io.BytesIO(), tmp_path / "out.asice"

    def export() -> object:
        if into == "files":
            return export_case(home, order, casework, Destination(out))
        return stream_case(home, order, casework, bundle=bundle, letter=letter)

    if meanwhile == "another case":
        assert isinstance(export(), Exported)
        assert bool(bundle.getvalue()) or out.exists()
    else:
        with pytest.raises(AuthorityError) as refused:
            export()
        assert refused.value.code == "authority.consent_meanwhile"
        assert (bundle.getvalue(), letter.getvalue(), list(tmp_path.glob("out.asice*"))) == (b"", b"", [])
    exported = sum(record.type == "exported" for record in records_of(home, before))
    assert exported == (meanwhile == "another case")
    home.engine.dispose()
