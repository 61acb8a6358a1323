"""``freeze`` hides at once what may show a child: no command names it, says its words or its digest from then on."""

import zipfile
from pathlib import Path

import click
import pytest

from api.cli.main import COMMANDS, LazyGroup, cli
from api.home import Home
from tests.appearing import agree, jpeg, photo
from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Ran, run
from tests.freezing import AGAIN, CHANNEL, FIRST, OTHER, SAID, SECOND, SEEDS, Posts, posts_of, take_posts
from tests.homes import new_case, new_home
from tests.nonempty import nonempty


class Walked:
    """A home with posts, and what its commands say."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        home, _cards = new_home(self.home)
        take_posts(home, folder / "export")
        self.posts: Posts = posts_of(home)
        self.case = new_case(home)
        self.few = new_case(home, [self.posts.files[AGAIN]])
        agree(home, self.few)
        home.engine.dispose()
        self.picture = folder / "asked.jpg"
        self.picture.write_bytes(jpeg(photo(seed=SEEDS[FIRST])))

    def run(self, *words: str | Path) -> Ran:
        return run(*words, home=self.home)


def every_command() -> set[str]:
    """Each command that does something, as people type it."""
    found, context = set(), click.Context(cli)
    assert isinstance(cli, LazyGroup)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            found |= {f"{name} {below}" for below in command.commands}
            found |= {name} if command.invoke_without_command else set()
        else:
            found.add(name)
    return found


READS = {
    "evidence list": ["--json"],
    "evidence show": ["ITEM", "--json"],
    "evidence search": ["fjale", "--case", "CASE", "--reason", "she asked"],
    "evidence completeness": [str(CHANNEL)],
    "case list": [],
    "case show": ["CASE", "--json"],
    "case export": ["CASE", "--out", "OUT", "--for", "court", "--reason", "the hearing", "--approved-by", "bo"],
    "case add": ["CASE", "ITEM"],
    "case remove": ["CASE", "ITEM", "--reason", "not hers"],
    "check": ["IMAGE", "--case", "CASE", "--json"],
    "alerts": ["--all", "--json"],
    "alerts look": [],
    "alerts dismiss": ["CASE", "ITEM", "--reason", "no"],
    "question list": [],
    "watch list": [],
    "monitor status": [],
    "approve": ["--list"],
    "receiver list": [],
    "audit": ["--json"],
    "doctor": ["--json"],
}
"""Commands that tell something of what is kept, with their arguments."""
MOST = {
    **READS,
    "freeze": ["--list"],
}
OTHERS = {
    "init": "makes a home",
    "demo": "makes a home of its own",
    "watch add": "the register",
    "watch reported": "a catalogue",
    "watch remove": "the register",
    "monitor login": "asks Telegram",
    "monitor run": "asks Telegram, and counts",
    "monitor rehearse": "a home of its own",
    "capture": "asks Telegram: tests/monitor/telegram/test_capture.py",
    "retention list": "how many items are due, and none of them",
    "retention rule": "days that two persons agree to",
    "retention run": "leaves what is frozen: tests/evidence/store/test_retention.py",
    "hotline": "is for what is frozen, and shows no word of it: tests/api/office/test_hotline.py",
    "hold": "names what a person holds, and shows nothing of it: tests/api/office/test_hold.py",
    "erase": "what is frozen goes only as a child's: tests/api/office/test_erase.py",
    "release": "refuses what is frozen: tests/api/offline/test_release.py",
    "import": "counts what it took in: tests/api/office/test_freeze.py",
    "evidence add": "names no item that is frozen: tests/api/office/test_addition.py",
    "verifier": "writes two programs that are the same for everybody",
    "case open": "makes an empty case",
    "case consent": "what a client said",
    "case withdraw": "what a client said, and how many items wait: tests/api/office/test_withdrawal.py",
    "case answer": "names no item: tests/api/office/test_withdrawal.py",
    "case recognise": "refuses what is frozen: tests/api/office/test_recognition.py",
    "case countersign": "takes a bundle that another office sent, and shows nothing of it",
    "case renew": "takes a bundle that left before, and shows nothing of it",
    "case sheet": "leaves out what is frozen: tests/api/office/test_sheet.py",
    "alerts mail": "the same words, whatever there is",
    "hash-list add": "what a list holds, not an item",
    "hash-list list": "what a list holds, not an item",
    "hash-list remove": "what a list holds, not an item",
    "question page": "a page without evidence",
    "question ticket": "words for a client",
    "question answered": "a question, not an item",
    "question withdraw": "a question, not an item",
    "receiver add": "the register of receivers",
    "receiver remove": "the register of receivers",
    "key cards": "cards",
    "key check": "cards",
    "key drill": "counts what it opened; what is frozen stays closed: tests/api/offline/test_audit.py",
    "key passphrase": "keys",
    "key recover": "keys",
    "key renew": "keys",
    "key renew-seal": "keys",
    "key api": "keys of the API",
    "serve": "tests/api/http/test_freeze.py",
    "backup": "copies ciphertext",
    "restore": "copies ciphertext",
    "database move": "copies ciphertext",
    "verify": "reads a bundle alone",
    "help": "words",
}
"""Commands that tell nothing of what is kept, each with its reason."""


def test_every_command_is_walked_or_excused() -> None:
    assert every_command() - MOST.keys() - OTHERS.keys() == set()
    assert MOST.keys() | OTHERS.keys() == every_command()


def said(at: Walked, name: str, item: str) -> str:
    """All that a command says and writes."""
    out = at.folder / "out" / "case.asice"
    out.parent.mkdir(exist_ok=True)
    for file in out.parent.iterdir():
        file.unlink()
    places: dict[str, str | Path] = {"CASE": at.case, "ITEM": item, "OUT": out, "IMAGE": at.picture}
    ran = at.run(*name.split(), *(places.get(word, word) for word in READS[name]))
    assert ran.code in (DONE, REFUSED, UNDECIDED), ran.err
    written = [ran.out, ran.err]
    for file in out.parent.iterdir():
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                written += [archive.read(each).decode("utf-8", "replace") for each in archive.namelist()]
        else:
            written.append(file.read_bytes().decode("utf-8", "replace"))  # a PDF has the words of its text
    return "\n".join(written)


def test_no_command_tells_anything_of_what_is_frozen(tmp_path: Path, me: None) -> None:
    at = Walked(tmp_path)
    hidden = at.posts.telling(FIRST) | at.posts.telling(SECOND)
    told = {name: said(at, name, at.posts.files[FIRST]) for name in nonempty(READS)}
    before = {what for what in hidden if any(what in text for text in told.values())}
    assert before == hidden  # the control: all of it was told, one way or another
    at.run("case", "add", at.case, at.posts.files[FIRST])  # since one command removed it
    froze = at.run("freeze", at.posts.files[SECOND], "--reason", "a child, perhaps", "--json")
    assert set(froze.printed["frozen"]) == at.posts.of(FIRST, SECOND)
    assert set(froze.printed["copies"]) == at.posts.of(AGAIN)
    hidden |= at.posts.telling(AGAIN)
    for name in nonempty(READS):
        found = said(at, name, at.posts.files[FIRST])
        assert [what for what in hidden if what in found] == [], name
    after = "".join(said(at, name, at.posts.files[OTHER]) for name in ("evidence list", "case show", "case export"))
    assert all(what in after for what in at.posts.telling(OTHER))
    listed = at.run("freeze", "--list", "--json")
    assert [what for what in hidden - at.posts.of(FIRST, SECOND, AGAIN) if what in listed.out] == []
    home = Home.open(at.home)
    log = b"".join(file.read_bytes() for file in nonempty(list(home.path.glob("nisisama.log*")))).decode()
    assert [what for what in hidden if what in log] == []
    home.engine.dispose()


def test_a_case_counts_what_is_frozen_and_an_export_leaves_it_out(tmp_path: Path, me: None) -> None:
    at = Walked(tmp_path)
    assert "frozen" not in at.run("case", "show", at.case).out
    at.run("freeze", at.posts.messages[OTHER], "--reason", "a child, perhaps")
    shown = at.run("case", "show", at.case)
    assert "    2 items are frozen. Two persons decide: nisisama freeze --list" in shown.out
    assert SAID[OTHER] not in shown.out
    assert at.run("case", "show", at.case, "--json").printed["frozen_items"] == 2


def test_one_person_freezes_without_a_passphrase_and_the_list_says_who_only_with_it(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Walked(tmp_path)
    assert at.run("freeze").out == "Nothing is frozen.\n"
    needs = at.run("freeze", at.posts.files[FIRST], "--json")
    assert (needs.code, needs.error["code"]) == (REFUSED, "authority.needs_reason")
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    done = at.run("freeze", at.posts.files[FIRST][:12], "--reason", "she looks very young", "--what", "a girl")
    assert (done.code, "Frozen: 4 items" in done.out, "needs the passphrase" in done.out) == (DONE, True, True)
    again = at.run("freeze", at.posts.files[FIRST], "--reason", "again")
    assert "Frozen before: 1 item named here. Nothing more was logged." in again.out
    untold = at.run("freeze", "--list").out
    assert ("ann" not in untold, "a girl" not in untold) == (True, True)
    monkeypatch.setenv("NISISAMA_PASSPHRASE", "correct horse battery")
    told = at.run("freeze", "--list").out
    assert "by ann: a girl" in told
    assert f"{at.posts.files[FIRST]}  {CHANNEL}/{FIRST}" in told
    (entry,) = at.run("freeze", "--list", "--json").printed["freezes"]
    assert (entry["frozen_by"], entry["hint"], entry["what"], entry["late"]) == ("ann", "person", "a girl", False)


def test_a_mistake_is_ended_by_two_persons_and_not_by_the_one_who_froze(tmp_path: Path, me: None) -> None:
    at = Walked(tmp_path)
    at.run("freeze", at.posts.files[OTHER], "--reason", "a child, perhaps")
    asked = at.run("freeze", at.posts.files[OTHER], "--lift", "--reason", "a mistake", "--json", "--by", "zana")
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "lift")
    request = asked.printed["request"]
    assert at.run("approve", request, "--yes", "--json").printed["error"]["code"] == "authority.froze_it"
    done = at.run("approve", request, "--yes", "--by", "bo")
    assert (done.code, "No longer frozen: 2 items." in done.out) == (DONE, True)
    assert at.run("evidence", "show", at.posts.files[OTHER]).code == DONE
    lift = ("--lift", "--reason", "a mistake", "--json")
    assert at.run("freeze", at.posts.files[OTHER], *lift).error["code"] == "unknown_item.not_frozen"
    at.run("freeze", at.posts.files[OTHER], "--reason", "a child, perhaps", "--by", "zana")
    at_once = at.run("freeze", at.posts.files[OTHER], *lift, "--approved-by", "bo")
    assert set(at_once.printed["lifted"]) == at.posts.of(OTHER)


def test_an_item_that_is_not_there_is_not_frozen(tmp_path: Path, me: None) -> None:
    at = Walked(tmp_path)
    ran = at.run("freeze", "0" * 32, "--reason", "x", "--json")
    assert (ran.code, ran.error["code"]) == (REFUSED, "unknown_item.no_such_item")
    nobody = run("freeze", at.posts.files[OTHER], "--reason", "x", "--by", "", "--json", home=at.home)
    assert nobody.code == USAGE


SLIPS = ("freeze ITEM --list", "freeze --list --lift", "freeze --lift", "freeze --reason x", "freeze --what x")


def test_a_slip_is_refused_and_freezes_and_lists_nothing(tmp_path: Path, me: None) -> None:
    at = Walked(tmp_path)
    for slip in nonempty(SLIPS):
        ran = at.run(*(at.posts.files[OTHER] if word == "ITEM" else word for word in slip.split()), "--json")
        assert (ran.code, ran.error["code"]) == (USAGE, "usage.freeze_what"), slip
    assert at.run("freeze", "--list", "--json").printed["freezes"] == []


def test_a_wrong_passphrase_keeps_nobody_from_freezing(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Walked(tmp_path)
    monkeypatch.setenv("NISISAMA_PASSPHRASE", "not the passphrase of this office")
    ran = at.run("freeze", at.posts.files[OTHER], "--reason", "she looks young", "--json")
    assert (ran.code, ran.printed["copies"]) == (DONE, None)
    assert "passphrase" in ran.err
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    assert len(at.run("freeze", "--list", "--json").printed["freezes"]) == 1
