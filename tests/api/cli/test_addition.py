"""``evidence add`` says what it kept, what it did not, and that the originals still lie open."""

import re
from pathlib import Path

import pytest

from api.cli import addition
from api.office.addition import AddedFile, Addition, Begun, Brought, Tally
from tests.commands import DONE, REFUSED, USAGE, Life, run
from tests.contracts.test_docs import OPERATIONS, calls, section
from tests.nonempty import nonempty
from tests.saved_pages import post, saved_page

SAID = ("--declared-by", "ana", "--source", "her phone")


@pytest.fixture
def picture(tmp_path: Path, life: Life) -> Path:
    return life.picture()


def test_it_keeps_files_and_names_their_items(home: Path, picture: Path) -> None:
    done = run("evidence", "add", picture, *SAID, "--json", home=home)
    assert done.code == DONE
    (item,) = done.printed["items"]
    assert (item["file"], item["hole"]) == (str(picture), None)
    assert done.printed["channel_id"].startswith("local")
    listed = run("evidence", "list", "--channel", done.printed["channel_id"], "--json", home=home).printed["items"]
    assert [each["item_id"] for each in listed] == [item["item_id"]]
    assert "still where they were, unencrypted" in done.err


def test_it_says_who_must_review_it(home: Path, picture: Path) -> None:
    first, second, *others = run("evidence", "add", picture, *SAID, home=home).out.splitlines()
    assert first == "Kept 1 item."
    assert second.endswith(str(picture))
    assert others[-1].startswith("  nisisama approve ")
    agreed = run("evidence", "add", picture, *SAID, "--approved-by", "bo", home=home).out
    assert "reviews" not in agreed


def test_it_adds_them_to_a_case(home: Path, picture: Path, life: Life) -> None:
    done = run("evidence", "add", picture, *SAID, "--case", life.case, home=home)
    assert f"Added 1 item to case {life.case}." in done.out


@pytest.mark.parametrize("what", ["folder", "missing"])
def test_what_is_no_file_is_refused_with_a_remedy(home: Path, tmp_path: Path, what: str) -> None:
    path = tmp_path if what == "folder" else tmp_path / "nothing.png"
    done = run("evidence", "add", path, *SAID, "--json", home=home)
    assert (done.code, done.error["code"]) == (REFUSED, f"brought_file.{what}")
    assert done.error["where"] == str(path)


def test_without_a_source_it_is_a_wrong_call(home: Path, picture: Path) -> None:
    assert run("evidence", "add", picture, "--declared-by", "ana", home=home).code == USAGE
    assert run("evidence", "add", *SAID, home=home).code == USAGE


def test_a_link_is_kept_and_nothing_is_said_of_originals(home: Path) -> None:
    done = run("evidence", "add", "--link", "https://example.org/a?b=1", *SAID, home=home)
    first, second, *_others = done.out.splitlines()
    assert first == "Kept 1 item."
    assert second.endswith("  https://example.org/a?b=1")
    assert "unencrypted" not in done.err
    (item,) = run("evidence", "list", "--kind", "link", "--json", home=home).printed["items"]
    assert (item["message_id"], item["mode"]) == (None, "sealed")


def test_a_page_is_kept_from_where_it_was(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(saved_page(post(5, "words")))
    done = run("evidence", "add", "--page", "https://example.org/a", "--html", page, *SAID, home=home)
    assert done.out.splitlines()[0] == "Kept 1 item."
    assert "unencrypted" in done.err


def test_a_picture_that_cannot_be_opened_is_kept_and_named_while_she_is_there(home: Path, life: Life) -> None:
    good, other = life.picture(), life.picture().with_name("notes.txt")
    other.write_text("words")
    bad = [good.with_name("empty.png"), good.with_name("cut.jpg")]
    bad[0].write_bytes(b"")
    bad[1].write_bytes(b"\xff\xd8\xff" + b"x" * 999)
    done = run("evidence", "add", good, *bad, other, *SAID, "--json", home=home)
    assert done.code == DONE
    assert [each["undecoded"] for each in done.printed["items"]] == [False, True, True, False]
    for each in nonempty(bad):
        assert f"{each} was kept as it is, but cannot be opened" in done.err
    assert f"{good} was kept" not in done.err


def test_what_a_page_has_and_nobody_can_read_is_said(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(saved_page(post(5, "words"), post(6, "others", name="tjeter")))
    done = run("evidence", "add", "--page", "https://example.org/a", "--html", page, *SAID, home=home)
    assert "The page is kept; not read: messages of the page: 1 of another channel\n" in done.out


@pytest.mark.parametrize("option", ["--page", "--html"])
def test_a_page_without_its_address_or_its_file_is_a_wrong_call(home: Path, option: str) -> None:
    assert run("evidence", "add", option, "https://example.org/a", *SAID, home=home).code == USAGE


def test_what_is_no_link_is_refused_with_a_remedy(home: Path) -> None:
    done = run("evidence", "add", "--link", "her phone", *SAID, "--json", home=home)
    assert (done.code, done.error["code"]) == (REFUSED, "brought_link.no_link")


def test_the_second_person_is_told_how_much_of_it_there_is(
    home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = run("evidence", "add", picture, *SAID, "--json", home=home).printed["request"]
    done = run("approve", request, "--by", "bo", "--json", home=home)
    assert done.printed["files"] == {"said": 1, "kept": 1, "missed": 0, "lost": 0}
    assert "never kept" not in done.err
    request = run("evidence", "add", picture, *SAID, "--json", home=home).printed["request"]
    monkeypatch.setattr("api.office.addition.tally_of", lambda *_asked: Tally(5, 3, 1))
    assert "1 of 5 files and links were never kept" in run("approve", request, "--by", "bo", home=home).err


PAGES = ("## A client brings a screenshot", "## A client has only a link")


@pytest.mark.parametrize("title", PAGES)
def test_a_caseworker_who_follows_the_page_to_the_letter_has_kept_it(
    home: Path, picture: Path, life: Life, tmp_path: Path, title: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(saved_page(post(5, "words")))
    words = {"FILE...": picture, "LINK": "https://t.me/kanal/5", "PAGE": page, "PSEUDONYM": "client-1"}
    words |= {"CASE": life.case, "ITEM": life.items[0]["item_id"]}
    ended: dict[str, int] = {}
    for call in nonempty(list(calls(section(OPERATIONS, title)))):
        by = ("--by", "bo") if call[0] == "approve" else ()
        done = run(*(words.get(word, word) for word in call), *by, home=home)
        assert "--html" not in call or re.search(r"The page shows 1 message of chat export[0-9a-f]{16}:", done.out)
        command = " ".join(call[:2] if call[0] in ("evidence", "case") else call[:1])
        assert ended.setdefault(command, done.code) == done.code, done.err
        if found := re.search(r"nisisama approve ([0-9a-f]{32})", done.out):
            words["REQUEST"] = found[1]
    # nothing here has an account of Telegram, so that a capture says what it lacks
    assert ended == {each: REFUSED if each == "capture" else DONE for each in ended}
    assert ended.keys() >= {"evidence add", "capture", "approve"}


def test_a_file_that_was_not_kept_ends_it_with_an_error_code(
    home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_home: object, brought: Brought) -> Addition:
        file = AddedFile(str(brought.paths[0]), None, "broke_off")
        return Addition(Begun("local0011223344556677", "0" * 32, None, bytes(32)), [file], None, [], [], None, None)

    monkeypatch.setattr(addition, "_added", broken)
    done = run("evidence", "add", picture, *SAID, home=home)
    assert done.code == REFUSED
    assert f"{picture} was not kept this time (broke_off)" in done.err
