"""``hash-list`` adds, lists and removes; it says what is not compared, and no hash."""

from pathlib import Path

import pytest

from api.home import Home
from tests.appearing import edits, jpeg, photo, post
from tests.commands import DONE, REFUSED, USAGE, run
from tests.listing import md5_hex, rows_of
from tests.nonempty import nonempty

SAID = ("--name", "known pictures", "--from", "Hotline", "--obtained-on", "2020-01-02", "--declared-by", "mila")
MEANS = ("--meaning", "shared_without_consent", "--reason", "the hotline asks")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "list.csv"
    file.write_bytes(rows_of(pdq=[jpeg(photo())]) + b"\r\nHASH_MD5," + md5_hex(b"1").encode() + b"\r\nHASH_SHA1,x")
    return file


def test_a_list_from_its_adding_to_its_removal(home: Path, table: Path) -> None:
    opened = Home.open(home)
    (item,) = post(opened, home.parent / "first", {1: edits(photo())["mirrored"]})
    opened.engine.dispose()
    assert run("hash-list", "list", home=home).out == "There is no list of hashes.\n"
    added = run("hash-list", "add", str(table), *SAID, *MEANS, home=home)
    assert added.out.startswith("Added 2 hashes as case-")
    assert "Compared: 1 md5, 1 pdq. Not compared: 1 sha1." in added.out
    case = added.out.split()[4].rstrip(".")
    assert added.out.endswith(f"See what it finds: nisisama alerts --case {case}\n")
    again = run("hash-list", "add", str(table), *SAID, *MEANS, home=home)
    assert again.out == f"This file was added before, as {case}; nothing was added.\n"
    assert "1 new alert." in run("alerts", "look", home=home).out
    (alert,) = run("alerts", "--case", case, "--json", home=home).printed["alerts"]
    assert (alert["case_id"], alert["item_id"]) == (case, item)
    listed = run("hash-list", "list", home=home).out
    assert listed.startswith(f"{case}  known pictures, from Hotline on 2020-01-02, shared_without_consent\n    added ")
    (one,) = run("hash-list", "list", "--json", home=home).printed["lists"]
    assert {"case_id": case, "name": "known pictures", "from": "Hotline", "whole": True}.items() <= one.items()
    assert one["counts"] == {"md5": 1, "pdq": 1, "not_sha1": 1, "twice": 0, "bad_lines": 0}
    assert run("hash-list", "remove", case, "--json", home=home).error["type"] == "AuthorityError"
    removed = run("hash-list", "remove", case[5:12], "--reason", "taken back", home=home)
    assert removed.out == f"Removed the list {case}; its hashes are destroyed.\n"
    assert run("hash-list", "list", "--json", home=home).printed["lists"] == []
    assert run("hash-list", "remove", case, "--reason", "again", home=home).code == REFUSED


def test_a_list_is_told_from_a_client_s_case_and_is_not_taken_for_one(home: Path, table: Path) -> None:
    client = run("case", "open", "--reason", "she asked", "--json", home=home).printed["case_id"]
    opened = Home.open(home)
    (item,) = post(opened, home.parent / "first", {1: edits(photo())["mirrored"]})
    opened.engine.dispose()
    added = run("hash-list", "add", str(table), *SAID, *MEANS, "--json", home=home).printed["case_id"]
    run("alerts", "look", home=home)
    listed = run("case", "list", "--json", home=home).printed["cases"]
    assert {client: False, added: True}.items() <= {each["case_id"]: each["hash_list"] for each in listed}.items()
    assert f"{added}  opened" in run("case", "list", home=home).out
    assert run("case", "list", home=home).out.count("list of hashes") == 1
    assert "(list of hashes)" in run("alerts", home=home).out
    assert [run("case", "show", each, "--json", home=home).printed["hash_list"] for each in (client, added)] == [0, 1]
    assert "a list of hashes, with no client" in run("case", "show", added, home=home).out
    paper = f"--given --person mila --scope check --paper-sha256 {64 * '0'} --language sr --date 2026-01-01".split()
    picture = home.parent / "hers.jpeg"
    picture.write_bytes(jpeg(photo()))
    acts = (("case", "add", "CASE", item), ("case", "consent", "CASE", *paper), ("check", picture, "--case", "CASE"))
    for words in nonempty(acts):
        of_client, of_list = (
            run(*[case if word == "CASE" else word for word in words], "--json", home=home) for case in (client, added)
        )
        assert of_client.code == DONE, of_client.err
        assert "list of hashes" in of_list.error["message"]


def test_bad_lines_refuse_the_list_until_somebody_leaves_them_out(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"md5\n{md5_hex(b'1')}\n{md5_hex(b'1')}\nnothing\n{md5_hex(b'2')}\n", encoding="utf-8")
    refused = run("hash-list", "add", str(file), *SAID, *MEANS, "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "hash_list.bad_lines")
    assert refused.error["facts"] == {"lines": "4", "count": 1}
    done = run("hash-list", "add", str(file), *SAID, *MEANS, "--skip-bad-lines", home=home)
    assert "Compared: 2 md5. 1 hash was there twice. 1 line left out." in done.out


def test_a_list_in_common_with_another_says_so(home: Path, tmp_path: Path) -> None:
    for name, lines in (("one", (b"1", b"2")), ("two", (b"2", b"3"))):
        (tmp_path / name).write_text("\n".join(md5_hex(each) for each in lines), encoding="utf-8")
        done = run("hash-list", "add", str(tmp_path / name), *SAID, *MEANS, home=home)
        assert ("    1 hash is in other lists too." in done.out) is (name == "two")


def test_what_64_digits_are_has_to_be_said(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("0f" * 32, encoding="utf-8")
    refused = run("hash-list", "add", str(file), *SAID, *MEANS, "--json", home=home)
    assert refused.error["code"] == "hash_list.kind_unclear"
    done = run("hash-list", "add", str(file), *SAID, *MEANS, "--kind", "sha256", "--json", home=home)
    assert (done.code, done.printed["counts"]["sha256"]) == (DONE, 1)
    assert run("hash-list", "add", str(file), *SAID[:-4], *MEANS, home=home).code == USAGE


def test_who_adds_a_list_of_child_abuse_is_sent_to_what_is_frozen(home: Path, table: Path) -> None:
    added = run("hash-list", "add", str(table), *SAID, "--meaning", "child_abuse", "--reason", "x", home=home)
    assert added.out.endswith("See what it finds: nisisama freeze --list\n")
