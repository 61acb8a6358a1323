"""One message from an export, a saved page and a second export is linked, compared, and none is preferred."""

import json
from pathlib import Path

import pytest

from api.home import Home
from api.office.addition import Addition, Brought, add_files, begin_addition, keep_addition
from api.office.audit import run_audit
from api.office.case import add_items, open_case, show_case
from api.office.freeze import freeze
from api.office.item import show_item
from evidence.observation import Kind, Mode
from monitor.errors import BroughtFileError
from monitor.pages import SavedPage
from tests.casefiles.forge import members_of
from tests.homes import PASSPHRASE, doer, export_of, items_of, new_case, new_home, records_of, take_in
from tests.nonempty import nonempty
from tests.saved_pages import mhtml, post, saved_page

ADDRESS = "https://t.me/s/kanali/12"
CHANNEL = "1234567890"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")[0]


def export(folder: Path, *texts: tuple[int, str]) -> Path:
    messages = [
        {
            "id": number,
            "type": "message",
            "date": "2026-09-30T09:37:00",
            "date_unixtime": "1790753820",
            "from": "Kanali & co",
            "from_id": f"channel{CHANNEL}",
            "text": text,
            "text_entities": [{"type": "plain", "text": text}],
        }
        for number, text in texts
    ]
    chat = {"name": "Kanali & co", "type": "public_channel", "id": int(CHANNEL), "messages": messages}
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(chat))
    return folder


def bring(home: Home, folder: Path, *posts: str, chat: str | None = CHANNEL, case: str | None = None) -> Addition:
    file = folder / "Kanali.html"
    file.write_text(saved_page(*posts))
    page = SavedPage(ADDRESS, file, chat)
    return add_files(home, Brought((), "her browser", "ana", doer(home, approver=None), case, pages=[page]))


def test_a_saved_page_is_a_second_witness_of_a_message(home: Home, tmp_path: Path) -> None:
    take_in(home, export(tmp_path / "export", (12, "as it was"), (13, "the same")), Mode.METADATA_ONLY)
    exported = {each.message_id: each.item_id for each in items_of(home)}
    case = new_case(home)
    done = bring(home, tmp_path, post(12, "as it is now"), post(13, "the same"), case=case)
    assert [(each.channel_id, each.message_id) for each in done.posts] == [(CHANNEL, 12), (CHANNEL, 13)]
    assert [each.preserved for each in done.posts] == [(exported[12],), (exported[13],)]
    assert done.in_case == 2  # the page, and the message that its address names
    add_items(home, case, (done.posts[1].item_id,), doer(home))
    shown = show_case(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework)
    told = {
        item: [(each.item_id, each.method, each.differs) for each in sights] for item, sights in shown.sources.items()
    }
    first, second = (each.item_id for each in done.posts)
    assert told == {
        exported[12]: [(first, "web-page", ("text",))],
        exported[13]: [(second, "web-page", ())],
        first: [(exported[12], "desktop-json", ("text",))],
        second: [(exported[13], "desktop-json", ())],
    }
    assert [each.item_id for each in show_item(home, first).sources] == [exported[12]]
    assert show_item(home, done.files[0].item_id or "").sources == ()
    run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report.require_passed()
    export_of(home, case, tmp_path / "case.asice")  # which verifies what it made
    shown_in = b"".join(members_of((tmp_path / "case.asice").read_bytes()).values())
    assert all(each in shown_in for each in nonempty((b"as it was", b"as it is now", b"web-page")))


def test_a_page_that_comes_first_is_linked_to_the_export_that_comes_later(home: Home, tmp_path: Path) -> None:
    done = bring(home, tmp_path, post(12, "words"))
    assert done.posts[0].preserved == ()
    take_in(home, export(tmp_path / "export", (12, "words")), Mode.METADATA_ONLY)
    (later,) = [each.item_id for each in items_of(home) if each.kind == Kind.MESSAGE][1:]
    assert [each.item_id for each in show_item(home, done.posts[0].item_id).sources] == [later]


def test_an_edit_of_one_source_is_no_other_source(home: Home, tmp_path: Path) -> None:
    take_in(home, export(tmp_path / "one", (12, "before")), Mode.METADATA_ONLY)
    take_in(home, export(tmp_path / "two", (12, "after")), Mode.METADATA_ONLY)
    case = new_case(home)
    assert show_case(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework).sources == {}
    assert len(show_item(home, items_of(home)[0].item_id).sources) == 1  # but a version


def test_a_page_adds_its_words_and_no_file_and_the_page_itself_is_sealed(home: Home, tmp_path: Path) -> None:
    done = bring(home, tmp_path, post(12, "words"))
    assert [(each.kind, each.mode) for each in items_of(home)] == [("file", "sealed"), ("message", "metadata_only")]
    (said,) = [
        each.values for each in records_of(home) if each.values.get("method") == "web-page" and "text" in each.values
    ]
    assert (said["text"], said["declared_by"], said["authority"]) == ("words", "ana", done.begun.request)


def test_a_channel_that_nobody_knows_has_a_place_that_names_it_to_nobody(home: Home, tmp_path: Path) -> None:
    places = {bring(home, tmp_path, post(12, "words"), chat=None).posts[0].channel_id for _time in range(2)}
    assert len(places) == 2
    assert all(each.startswith("export") and "kanali" not in each for each in nonempty(places))


def test_a_page_that_cannot_be_read_is_kept_as_a_file_with_a_hole_that_says_so(home: Home, tmp_path: Path) -> None:
    done = bring(home, tmp_path, post(12, post(13, "within")))
    assert (len(done.missed), len(done.posts)) == (0, 0)
    (hole,) = [each.values for each in records_of(home) if each.type == "hole"]
    assert (hole["hole"], hole["channel_id"]) == ("unread", done.begun.place)
    assert done.unread == ["messages of the page: a message begins inside another one, or is not closed"]


@pytest.mark.parametrize("posts", [(post(12, "words"), post(13, "x", name="tjeter")), (post(0, "words"),)], ids=len)
def test_a_page_that_has_more_than_its_messages_has_a_hole_that_counts_it(
    home: Home, tmp_path: Path, posts: tuple[str, ...]
) -> None:
    done = bring(home, tmp_path, *posts)
    assert len(done.posts) == len(posts) - 1
    (hole,) = [each.values for each in records_of(home) if each.type == "hole"]
    assert (hole["hole"], hole["channel_id"]) == ("unread", done.begun.place)
    assert len(done.unread) == 1


def test_a_page_without_messages_is_a_file_alone(home: Home, tmp_path: Path) -> None:
    assert len(bring(home, tmp_path).posts) == 0
    assert [each.type for each in records_of(home) if each.type == "hole"] == []


def test_what_is_frozen_is_not_named_beside_another_source(home: Home, tmp_path: Path) -> None:
    take_in(home, export(tmp_path / "export", (12, "words")), Mode.METADATA_ONLY)
    (exported,) = [each.item_id for each in items_of(home)]
    case = open_case(home, doer(home)).case_id
    freeze(home, (exported,), doer(home))
    done = bring(home, tmp_path, post(12, "words"), case=case)
    assert len(done.posts) == 0  # it is of a message that is frozen
    assert exported not in str(done.told())


def test_a_number_that_the_register_contradicts_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.office.addition._registered", lambda _home: lambda _link: "42")
    with pytest.raises(BroughtFileError) as refused:
        bring(home, tmp_path, post(12, "words"))
    assert refused.value.code == "brought_file.other_channel"
    assert bring(home, tmp_path, post(12, "words"), chat="42").posts[0].channel_id == "42"


def test_a_channel_that_is_registered_while_a_page_is_kept_loses_nothing_of_what_was_brought(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Kanali.html"
    file.write_text(saved_page(post(12, "words")))
    brought = Brought((), "her browser", "ana", doer(home, approver=None), pages=[SavedPage(ADDRESS, file, CHANNEL)])
    begun = begin_addition(home, brought, bytes(32))
    monkeypatch.setattr("api.office.addition._registered", lambda _home: lambda _link: "42")
    done = keep_addition(home, brought, begun)
    assert (len(done.missed), len(done.posts), len(done.unread)) == (0, 0, 1)
    assert [each.kind for each in items_of(home)] == [Kind.FILE]
    assert [each.values["hole"] for each in records_of(home) if each.type == "hole"] == ["unread"]


@pytest.mark.parametrize("chat", ["local0011223344556677", "user7", "Kanali", ""])
def test_what_is_no_number_of_a_channel_is_refused_and_nothing_is_kept(home: Home, tmp_path: Path, chat: str) -> None:
    with pytest.raises(BroughtFileError) as refused:
        bring(home, tmp_path, post(12, "words"), chat=chat)
    assert refused.value.code == "brought_file.no_channel_number"
    assert str(tmp_path) not in str(refused.value)
    assert items_of(home) == []


def test_a_page_in_one_file_is_the_same_witness_and_a_damaged_one_a_file(home: Home, tmp_path: Path) -> None:
    whole = mhtml(saved_page(post(12, "words = zbor")))
    for name, data, told in (("whole", whole, [12]), ("cut off", whole[:600], [])):
        file = tmp_path / f"{name}.mhtml"
        file.write_bytes(data)
        page = SavedPage(ADDRESS, file, CHANNEL)
        done = add_files(home, Brought((), "her browser", "ana", doer(home, approver=None), None, pages=[page]))
        assert [each.message_id for each in done.posts] == told
        assert len(done.files) == 1
    holes = [record.values["hole"] for record in records_of(home) if record.type == "hole"]
    assert holes.count("unread") == 1
