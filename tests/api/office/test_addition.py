"""What somebody brings is sealed and logged at once, and stands beside nothing of another time."""

import base64
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from api.home import Home
from api.office.addition import AddedFile, Addition, Brought, Tally, add_files, tally_of
from api.office.audit import run_audit
from api.office.case import open_case
from api.office.freeze import freeze
from api.office.intake import Heard
from api.office.request import find_request
from casefiles.case import held_items
from evidence.authority import Doer
from evidence.canonical import jcs
from evidence.errors import AuthorityError, UnknownItemError
from evidence.intake.keep import Intake, Kept
from evidence.intake.sight import Provenance
from evidence.observation import Mode, Observation
from evidence.pictures import find_encoded
from evidence.store import database
from evidence.store.database import reading
from monitor import files as brought_module
from monitor.errors import BroughtFileError, BroughtLinkError
from monitor.pages import SavedPage
from tests.casefiles.forge import members_of
from tests.homes import (
    PASSPHRASE,
    doer,
    export_of,
    items_of,
    new_home,
    records_of,
    reviews_of,
    size_of,
    take_in,
    write_pictured,
)
from tests.nonempty import nonempty


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")[0]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path, noise = tmp_path / "Screenshot.png", np.random.default_rng(1)
    Image.fromarray(noise.integers(0, 255, (64, 64, 3), dtype="uint8")).save(path)
    return path


def bring(
    home: Home,
    *paths: Path,
    by: Doer | None = None,
    declared_by: str = "ana",
    source: str = "her phone",
    case: str | None = None,
    links: Sequence[str] = (),
    pages: Sequence[SavedPage] = (),
) -> Addition:
    return add_files(home, Brought(paths, source, declared_by, by or doer(home, approver=None), case, links, pages))


def test_a_file_is_an_item_that_is_sealed_and_stamped(home: Home, picture: Path) -> None:
    done = bring(home, picture)
    (item,) = items_of(home)
    assert [each.item_id for each in done.files] == [item.item_id]
    assert (item.channel_id, item.kind, item.mode, item.message_id) == (
        done.begun.place,
        "file",
        Mode.SEALED.value,
        None,
    )
    assert done.unstamped is None
    run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report.require_passed()


def test_who_brought_it_and_what_they_said_stand_in_its_record(home: Home, picture: Path) -> None:
    bring(home, picture, source="her phone, shown to us")
    (said,) = [each.values for each in records_of(home) if each.values.get("file_name")]
    assert (said["declared_by"], said["channel_title"], said["method"]) == ("ana", "her phone, shown to us", "file")
    assert said["file_name"] == "Screenshot.png"


def test_a_second_person_reviews_what_one_added(home: Home, picture: Path) -> None:
    done = bring(home, picture)
    ((request, _due),) = reviews_of(home)
    assert (request, done.begun.review_by is not None) == (done.begun.request, True)
    agreed = bring(home, picture, by=doer(home), source="another")
    assert agreed.begun.review_by is None
    assert len(reviews_of(home)) == 1  # and no more


def test_what_is_brought_again_is_an_item_of_its_own_at_a_place_of_its_own(home: Home, tmp_path: Path) -> None:
    paths = [tmp_path / "long", tmp_path / "card.vcf"]
    paths[0].write_bytes(b"x" * 5000)
    paths[1].write_text("TEL:+38970000000")
    places = {bring(home, *paths).begun.place, bring(home, *paths).begun.place}
    assert (len(places), len(items_of(home))) == (2, 4)
    assert {each.channel_id for each in nonempty(items_of(home))} == places


def test_no_name_of_a_file_stands_beside_what_was_brought_at_another_time(home: Home, picture: Path) -> None:
    broken = picture.with_name("of-another-client.jpg")
    broken.write_bytes(b"\xff\xd8\xff" + b"x" * 5000)
    bring(home, broken)  # a hole says that it could not be decoded, and names it
    case = open_case(home, doer(home)).case_id
    bring(home, picture, case=case)
    bundle = picture.with_name("case.asice")
    export_of(home, case, bundle)
    shown = b"".join(members_of(bundle.read_bytes()).values())
    assert b"Screenshot.png" in shown  # the control
    assert b"of-another-client" not in shown


def test_what_a_picture_says_of_itself_is_in_the_report_as_its_claim(home: Home, picture: Path) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2026:05:01 12:34:56", 0xA431: "SERIAL-NUMBER"}
    Image.new("RGB", (64, 64)).save(picture, exif=exif)
    case = open_case(home, doer(home)).case_id
    bring(home, picture, case=case)
    shown = {}
    for audience in ("court", "partner"):
        bundle = picture.with_name(f"{audience}.asice")
        export_of(home, case, bundle, audience=audience)
        shown[audience] = b"".join(members_of(bundle.read_bytes()).values())
    assert b"the file says of itself, unchecked, that" in shown["court"]
    assert re.search(rb"it was taken: +2026-05-01 12:34:56\n", shown["court"])
    assert b"SERIAL-NUMBER" in picture.read_bytes()  # the control
    assert b"SERIAL-NUMBER" not in shown["court"]
    assert b"2026-05-01 12:34:56" not in shown["partner"]


def test_a_link_stands_in_the_bundle_as_it_was_given_and_names_its_message(home: Home, tmp_path: Path) -> None:
    case = open_case(home, doer(home)).case_id
    links = ("https://t.me/c/42/5", "https://example.org/a")
    done = bring(home, links=links, case=case)
    assert [each.file for each in done.files] == list(links)
    assert {each.kind for each in items_of(home)} == {"link"}
    assert done.in_case == 2
    for audience in ("court", "partner"):
        export_of(home, case, tmp_path / f"{audience}.asice", audience=audience)
    court, partner = (members_of((tmp_path / f"{each}.asice").read_bytes()) for each in ("court", "partner"))
    report = court["data/report.en.txt"].decode()
    assert "| https://example.org/a\n" in report
    assert re.search(r"the link names:\n +channel or group: +.*channel42.*\n +message: +5\n", report)
    assert b"example.org" not in b"".join(partner.values())
    run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report.require_passed()


def test_a_link_leads_to_the_message_that_is_preserved(home: Home, tmp_path: Path) -> None:
    take_in(home, write_pictured(tmp_path / "export", channel=42, number=5))
    preserved = [each.item_id for each in items_of(home)]
    assert set(bring(home, links=["https://t.me/c/42/5"]).files[0].preserved) == set(nonempty(preserved))
    freeze(home, preserved, doer(home, approver=None))
    assert {each.preserved for each in bring(home, links=["https://t.me/c/42/5", "https://t.me/c/42/6"]).files} == {()}


def test_a_saved_page_is_kept_with_its_parts_and_leads_to_the_message_that_is_preserved(
    home: Home, picture: Path
) -> None:
    take_in(home, write_pictured(picture.with_name("export"), channel=42, number=5))
    preserved = [each.item_id for each in items_of(home)]
    folder = picture.with_name("page_files")
    folder.mkdir()
    picture.rename(folder / "one.png")
    page = picture.with_name("page.html")
    page.write_text("<html></html>")
    case = open_case(home, doer(home)).case_id
    done = bring(home, pages=[SavedPage("https://t.me/c/42/5", page)], case=case)
    assert [Path(each.file).name for each in done.files] == ["page.html", "one.png"]
    assert [sorted(each.preserved) for each in done.files] == [sorted(nonempty(preserved)), []]
    export_of(home, case, picture.with_name("case.asice"))
    report = members_of(picture.with_name("case.asice").read_bytes())["data/report.en.txt"].decode()
    assert re.search(r"saved from the page: +https://t.me/c/42/5\n", report)
    assert "page_files/one.png" in report


def test_whoever_reviews_an_addition_that_was_killed_is_told_what_is_not_there(
    home: Home, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    casework = home.keys.unlock(PASSPHRASE).casework

    def tally(grant: str) -> Tally | None:
        return tally_of(home, find_request(home, grant, casework), casework)

    whole = bring(home, picture, links=["https://example.org/a"])
    assert tally(whole.begun.request) == Tally(2, 2, 0)
    plain = Intake.keep_batch

    def killed(intake: Intake, group: Sequence[Observation], provenance: Provenance) -> Kept:
        plain(intake, group[:1], provenance)
        raise KeyboardInterrupt

    monkeypatch.setattr(Intake, "keep_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        bring(home, picture, links=["https://example.org/a", "https://example.org/b"])
    ((_first, _due), (request, _later)) = reviews_of(home)
    found = tally(request)
    assert found is not None
    assert (found, found.lost) == (Tally(3, 1, 0), 2)


def test_a_hole_in_the_place_of_a_file_is_counted_and_one_beside_it_is_not(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + b"x" * 5000)
    casework = home.keys.unlock(PASSPHRASE).casework
    beside = bring(home, broken)  # a hole says that it could not be decoded
    monkeypatch.setattr("monitor.files._opened", lambda path: (path / "below").open("rb"))
    monkeypatch.setattr("api.office.addition.require_files", lambda _paths: 0)
    instead = bring(home, broken)
    for done, expected in nonempty(((beside, Tally(1, 1, 0)), (instead, Tally(1, 0, 1)))):
        found = tally_of(home, find_request(home, done.begun.request, casework), casework)
        assert found == expected
        assert found.lost == 0


def test_one_link_brought_twice_is_kept_twice(home: Home) -> None:
    link = "https://example.org/a"
    bring(home, links=[link, link])
    assert len({each.item_id for each in items_of(home)}) == 2


def test_a_link_that_leads_nowhere_keeps_nothing(home: Home, picture: Path) -> None:
    before = size_of(home)
    with pytest.raises(BroughtLinkError):
        bring(home, picture, links=["her phone"])
    assert size_of(home) == before


def test_a_copy_of_a_frozen_file_leaves_in_no_bundle(home: Home, picture: Path) -> None:
    case = open_case(home, doer(home)).case_id
    kept = bring(home, picture, case=case).files[0].item_id
    assert kept is not None
    out = picture.with_name("case.asice")
    export_of(home, case, out)  # the control
    freeze(home, [kept], doer(home, approver=None))
    copy = bring(home, picture, case=case).files[0].item_id
    with pytest.raises(UnknownItemError) as raised:
        export_of(home, case, picture.with_name("again.asice"))
    assert (raised.value.code, raised.value.found) == ("unknown_item.copy_of_frozen", copy)


def test_two_files_that_cannot_be_read_are_two_holes(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for each in nonempty(paths):
        each.write_bytes(b"x")
    monkeypatch.setattr("monitor.files._opened", lambda path: (path / "below").open("rb"))
    monkeypatch.setattr("api.office.addition.require_files", lambda _paths: 0)
    done = bring(home, *paths)
    assert [each.hole for each in done.files] == ["missing_file", "missing_file"]
    with reading(home.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(database.hole)).scalar_one() == 2


def test_it_is_added_to_a_case(home: Home, picture: Path) -> None:
    case = open_case(home, doer(home)).case_id
    done = bring(home, picture, case=case)
    assert done.in_case == 1
    with reading(home.engine) as connection:
        assert held_items(connection, case) == {done.files[0].item_id}


@pytest.mark.parametrize("case", [None, "case-000000000000"])
def test_of_what_is_refused_nothing_is_kept(home: Home, picture: Path, tmp_path: Path, case: str | None) -> None:
    before = size_of(home)
    paths = [picture] if case else [picture, tmp_path / "nothing"]
    with pytest.raises(UnknownItemError if case else BroughtFileError):
        bring(home, *paths, case=case)
    assert size_of(home) == before
    bring(home, picture)  # the control
    assert size_of(home) > before


def test_a_blank_source_or_nobody_is_refused(home: Home, picture: Path) -> None:
    with pytest.raises(AuthorityError) as raised:
        bring(home, picture, source=" ")
    assert raised.value.code == "authority.blank_source"
    with pytest.raises(AuthorityError):
        bring(home, picture, declared_by=" ")


def test_a_file_that_breaks_off_is_a_hole_and_the_others_are_kept(
    home: Home, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone.png"
    gone.write_bytes(b"x" * 5000)
    plain = brought_module.require_files

    def then_gone(paths: list[Path]) -> int:
        length = plain(paths)
        monkeypatch.setattr(
            brought_module, "_opened", lambda path: (path / "below").open("rb") if path == gone else path.open("rb")
        )
        return length

    monkeypatch.setattr("api.office.addition.require_files", then_gone)
    done = bring(home, gone, picture)
    assert [(each.item_id is None, each.hole) for each in done.files] == [(True, "missing_file"), (False, None)]
    assert done.missed == [AddedFile(str(gone), None, "missing_file")]
    assert len(items_of(home)) == 1


def test_each_file_is_heard_of(home: Home, picture: Path, tmp_path: Path) -> None:
    other, heard = tmp_path / "other", list[int]()
    other.write_bytes(b"x")
    add_files(home, Brought([picture, other], "s", "ana", doer(home)), Heard(read=heard.append))
    assert heard == [1, 1]


def test_more_files_than_one_batch_are_kept(home: Home, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(home.settings.intake.batch + 3)]
    for number, path in enumerate(nonempty(paths)):
        path.write_text(f"file {number}")
    done = bring(home, *paths)
    assert len({each.item_id for each in done.files}) == len(paths) == len(items_of(home))


# Pictures spelled in letters: none reaches a record, which another key opens than the one of pictures


HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb"
SPELLED = base64.urlsafe_b64encode(HEAD).decode()
"""The beginning of a picture, short enough for a file name and an EXIF tag."""


def test_a_picture_that_a_name_or_a_camera_spells_stays_out_of_the_record_and_keeps_nothing_from_leaving(
    home: Home, tmp_path: Path
) -> None:
    assert any(find_encoded(SPELLED.encode()))  # the control
    exif = Image.Exif()
    exif[0x0131], exif[0x0110] = SPELLED, "Phone 7"
    photo = tmp_path / f"{SPELLED}.jpg"
    Image.new("RGB", (64, 64)).save(photo, exif=exif)
    case = open_case(home, doer(home)).case_id
    before = size_of(home)
    assert bring(home, photo, case=case).files[0].item_id
    records = records_of(home, before)
    (kept,) = (each for each in records if each.type == "observed")
    assert "Phone 7" in str(kept.values["content"])
    assert not any(found for each in records for found in find_encoded(jcs(each.values)))
    assert export_of(home, case, tmp_path / "a.asice").facts.items == 1


LINK = f"https://example.org/?q={SPELLED}"
SPELLING: dict[str, Callable[[Home, Path], object]] = {
    "source": lambda home, picture: bring(home, picture, source=f"her phone {SPELLED}"),
    "link": lambda home, _picture: bring(home, links=[LINK]),
    "page": lambda home, picture: bring(home, pages=[SavedPage(LINK, picture)]),
}


@pytest.mark.parametrize("place", SPELLING)
def test_a_picture_that_a_source_or_a_link_spells_is_refused_and_nothing_is_logged(
    home: Home, picture: Path, place: str
) -> None:
    before = size_of(home)
    with pytest.raises((AuthorityError, BroughtLinkError)) as refused:
        SPELLING[place](home, picture)
    assert refused.value.code.endswith("spells_a_picture")
    assert size_of(home) == before
