"""``evidence add`` says what it kept, what it did not, and that the originals still lie open."""

from pathlib import Path

import pytest

from api.cli import addition
from api.office.addition import AddedFile, Addition, Brought
from evidence.authority import Grant
from tests.commands import DONE, REFUSED, USAGE, Life, run

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
    page.write_text("<html></html>")
    done = run("evidence", "add", "--page", "https://example.org/a", "--html", page, *SAID, home=home)
    assert done.out.splitlines()[0] == "Kept 1 item."
    assert "unencrypted" in done.err


@pytest.mark.parametrize("option", ["--page", "--html"])
def test_a_page_without_its_address_or_its_file_is_a_wrong_call(home: Path, option: str) -> None:
    assert run("evidence", "add", option, "https://example.org/a", *SAID, home=home).code == USAGE


def test_what_is_no_link_is_refused_with_a_remedy(home: Path) -> None:
    done = run("evidence", "add", "--link", "her phone", *SAID, "--json", home=home)
    assert (done.code, done.error["code"]) == (REFUSED, "brought_link.no_link")


def test_a_file_that_was_not_kept_ends_it_with_an_error_code(
    home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_home: object, brought: Brought) -> Addition:
        file = AddedFile(str(brought.paths[0]), None, "broke_off")
        return Addition("local0011223344556677", Grant("0" * 32, (), None), [file], None, None, None)

    monkeypatch.setattr(addition, "_added", broken)
    done = run("evidence", "add", picture, *SAID, home=home)
    assert done.code == REFUSED
    assert f"{picture} was not kept this time (broke_off)" in done.err
