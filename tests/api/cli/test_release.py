"""``release`` on the command line, as ``docs/operations.md`` has it, and its slips."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.cli.release import AUDIENCES
from api.office.release import ReleasedTo
from evidence.canonical import sha256_hex
from evidence.seal.recipients import X25519Identity
from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Life, run
from tests.manual import page_commands
from tests.nonempty import nonempty
from tests.recipients import certified, pem

SECRET = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLASSICAL = X25519Identity(b"\x07" * 32)
PAGE = "## Hand over a picture"
WHOM = ("--to", "Court", "--for", "authority", "--reference", "1/26", "--asked-on", "2026-01-02", "--reason", "r")


@pytest.fixture
def item(life: Life) -> str:
    return next(str(each["item_id"]) for each in life.items if each["kind"] == "file" and each["sha256"])


def digest_of(life: Life, item: str) -> str:
    return next(str(each["sha256"]) for each in life.items if each["item_id"] == item)


@pytest.fixture
def desk(life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page names: the cards, and the recipients' keys."""
    monkeypatch.chdir(tmp_path)
    for number, card in enumerate(sorted((life.folder / "cards").iterdir()), 1):
        (tmp_path / f"card-{number}.txt").write_text(card.read_text())
    certificate = certified(SECRET, begins=datetime(2026, 1, 1, tzinfo=UTC), days=4000)
    (tmp_path / "prosecutor.pem").write_bytes(pem(certificate))
    secret = SECRET.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "prosecutor.key").write_bytes(secret)
    (tmp_path / "key.txt").write_text(f"{CLASSICAL.secret_string()}\n")
    (tmp_path / "age.txt").write_text(f"{CLASSICAL.recipient}\n")
    return tmp_path


def test_the_page_is_followed_word_by_word(life: Life, home: Path, item: str, desk: Path) -> None:
    ask, approve, hand_over, openssl, age, seven_zip = page_commands(PAGE)
    meant = {"ITEM": item[:12], "CASE": life.case}
    asked = run(*(meant.get(word, word) for word in ask[1:]), "--json", home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "release"), asked.err
    meant["REQUEST"] = asked.printed["request"]
    agreed = run(*(meant.get(word, word) for word in approve[1:]), home=home)
    assert agreed.code == DONE, agreed.err
    assert "KT 12/26" in agreed.err  # it is shown before anybody agrees
    done = run(*(meant.get(word, word) for word in hand_over[1:]), home=home)
    assert done.code == DONE, done.err
    assert done.out.startswith("Released to Prosecutor of Example: 1 file, in stick.\n")
    subprocess.run(openssl, check=True, capture_output=True, cwd=next_to(desk, "stick"))
    assert sha256_hex((desk / "stick" / "1.jpg").read_bytes()) == digest_of(life, item)
    named = ("--case", life.case, "--approved-by", "bo", "--card", "card-1.txt", "--card", "card-3.txt")
    for folder, key, command in nonempty([("b", ("--key", "age.txt"), age), ("c", ("--zip",), seven_zip)]):
        whom = ("--to", f"Court {folder}", *WHOM[2:])
        ran = run("release", item, *named, *whom, *key, "--out", folder, "--json", home=home)
        assert ran.code == DONE, ran.err
        told = [f"-p{ran.printed['passphrase']}"] if folder == "c" else []
        subprocess.run([*command, *told], check=True, capture_output=True, cwd=next_to(desk, folder))
        assert sha256_hex((desk / folder / "1.jpg").read_bytes()) == digest_of(life, item)
    assert run("audit", home=home).code == DONE


def next_to(desk: Path, folder: str) -> Path:
    """The recipient's keys, beside what was handed over."""
    for name in ("prosecutor.key", "key.txt"):
        (desk / folder / name).write_bytes((desk / name).read_bytes())
    return desk / folder


def test_who_may_have_it_is_what_the_office_has() -> None:
    assert set(AUDIENCES) == {each.value for each in ReleasedTo}


def test_a_passphrase_is_told_once_and_what_was_cut_off_is_named(
    life: Life, home: Path, item: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = (
        item,
        "--case",
        life.case,
        *WHOM,
        "--zip",
        "--approved-by",
        "bo",
        "--card",
        "card-1.txt",
        "--card",
        "card-2.txt",
    )

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("api.offline.release._copy", full)
        stopped = run("release", *named, "--out", "stick", "--json", home=home)
    assert stopped.code == REFUSED
    (finding,) = (each for each in run("doctor", "--json", home=home).printed["findings"] if each["id"] == "releases")
    assert (finding["verdict"], finding["code"]) == ("INDETERMINATE", "release.not_handed_over")
    request = ("--request", finding["facts"]["where"], "--card", "card-2.txt", "--card", "card-3.txt", "--out", "stick")
    done = run("release", *request, home=home)
    assert (done.code, "which is not stored anywhere: " in done.out, "already been" in done.out) == (
        DONE,
        True,
        True,
    )
    again = run("release", *request, "--json", home=home)
    assert (again.code, again.error["code"]) == (REFUSED, "release.done")


def test_what_a_release_needs_is_asked_for_first(life: Life, home: Path, item: str, desk: Path) -> None:
    meant = {"ITEM": [item], "CASE": [life.case], "WHOM": WHOM}
    slips = [
        "",
        "ITEM --case CASE",
        "ITEM --case CASE WHOM",
        "ITEM --case CASE WHOM --zip --key age.txt",
        "ITEM --case CASE WHOM --zip --approved-by bo",
        "ITEM --case CASE WHOM --zip --out stick",
        "--request 00 --zip --out stick",
        "--request 00",
    ]
    for words in nonempty(slips):
        typed = [part for word in words.split() for part in meant.get(word, [word])]
        assert run("release", *typed, home=home).code == USAGE, words
    assert not (desk / "stick").exists()


def test_approve_says_that_the_cards_come_next(life: Life, home: Path, item: str, desk: Path) -> None:
    asked = run("release", item, "--case", life.case, *WHOM, "--key", "age.txt", "--json", home=home)
    request = asked.printed["request"]
    assert run("approve", request, "--yes", "--by", "bo", home=home).code == DONE
    again = run("approve", request, "--yes", "--by", "bo", "--json", home=home)
    assert (again.code, again.error["code"]) == (REFUSED, "authority.release_next")
    strange = run("release", "--request", request, "--out", "stick", "--by", "zana", "--json", home=home)
    assert (strange.code, strange.error["code"]) == (REFUSED, "authority.release_of_others")
