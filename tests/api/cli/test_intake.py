"""``import`` counts what it took in, and takes nothing in twice."""

import json
import re
import shutil
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from api.cli.intake import _ABSENT
from api.home import Home
from api.office.intake import ABSENT, Wish
from evidence.errors import AuthorityError, StorageFullError
from evidence.intake.keep import Intake
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.commands import DONE, REFUSED, REPORT, UNDECIDED, USAGE, Life, Terminal, run
from tests.homes import doer, size_of
from tests.nonempty import nonempty


def test_an_import_counts_what_the_export_holds(life: Life) -> None:
    imported, facts = life.ran["import"].printed, life.export
    assert (imported["channel_id"], imported["messages"]) == (facts.channel_id, facts.ordinary)
    assert imported["media"] == imported["sealed"] == len(facts.media)
    assert imported["already_known"] == 0


def test_the_same_export_again_adds_nothing(life: Life, home: Path) -> None:
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    imported = run("import", life.export.folder, "--declared-by", "mila", *sealed, "--json", home=home).printed
    assert (imported["messages"], imported["media"], imported["already_known"]) == (0, 0, len(life.items))


def test_the_same_export_again_is_told_in_one_sentence(life: Life, home: Path) -> None:
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    first, *others = run("import", life.export.folder, "--declared-by", "mila", *sealed, home=home).out.splitlines()
    known = len(life.items)
    chat = life.export.channel_id
    assert first == f"Nothing new from chat {chat}: this export's {known} messages and files were already known."
    assert not any(line.startswith("Kept") for line in others)


def test_what_is_absent_and_what_leads_out_is_told(life: Life, home: Path) -> None:
    folder = home.parent / "export"
    shutil.copytree(life.export.folder, folder)
    names = ["photos/gone.jpg", "../../etc/passwd", "(File not included. Change data exporting settings to download.)"]
    told = json.loads((folder / "result.json").read_text())
    last = max(each["id"] for each in told["messages"])
    base = next(each for each in told["messages"] if each["type"] == "message" and "from_id" in each)
    plain = {key: base[key] for key in ("type", "date", "date_unixtime", "from", "from_id") if key in base}
    told["messages"] += [
        {"id": last + at, **plain, "photo": name, "width": 9, "height": 9, "text": "", "text_entities": []}
        for at, name in enumerate(names, start=1)
    ]
    (folder / "result.json").write_text(json.dumps(told, indent=1))
    command = ("import", folder, "--declared-by", "mila", "--mode", "sealed")
    basis = ("--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    printed = run(*command, *basis, "--json", home=home).printed
    assert printed["outside_the_export"] == 1
    assert printed["absent"]["not_included"] >= 1
    assert printed["absent"]["missing_file"] >= 1
    out = run(*command, *basis, home=home).out
    assert "not in the folder" in out
    assert "Careful: 1 name of a file leads out of the export's folder" in out


def test_a_mode_above_metadata_needs_counsel_and_a_second_person(life: Life, home: Path) -> None:
    watch = ["watch", "add", "kanal", *REPORT.split(), "--mode", "sealed", "--json"]
    taken = ["import", str(life.export.folder), "--declared-by", "mila", "--mode", "hash_only", "--json"]
    basis = ["--legal-basis", str(life.folder / "basis.toml")]
    for command in (watch, taken):
        assert "legal basis" in run(*command, "--approved-by", "bo", home=home).error["message"]
        waits = run(*command, *basis, home=home)
        assert (waits.code, waits.printed["waits"]) == (UNDECIDED, True)
        assert "--approved-by" in run(*command, *basis, "--approved-by", " ", home=home).error["fix"]
        assert run(*command, *basis, "--approved-by", "bo", home=home).code == DONE


def account(folder: Path) -> Path:
    """An export of a whole account: a group, a channel that was left, and what is private."""
    kinds = {1: "private_supergroup", 2: "personal_chat", 3: "saved_messages", 4: "bot_chat", 5: "public_channel"}
    message = {"type": "message", "date": "2024-11-14T09:15:44", "date_unixtime": "1731575744", "from": "a"}
    chats = [
        {
            **({} if kind == "saved_messages" else {"name": f"Title {number}"}),
            "type": kind,
            "id": number,
            "messages": [
                {"id": each, **message, "from_id": "user9", "text": f"secret {each}", "text_entities": []}
                for each in range(1, number + 2)
            ],
        }
        for number, kind in kinds.items()
    ]
    folder.mkdir()
    told = {"about": "x", "chats": {"about": "x", "list": chats[:4]}, "left_chats": {"about": "x", "list": chats[4:]}}
    (folder / "result.json").write_text(json.dumps(told))
    return folder


def test_a_whole_account_is_offered_by_title_kind_and_size_and_nothing_is_taken_in(home: Path) -> None:
    folder, before = account(home.parent / "account"), size_of(Home(home))
    ran = run("import", folder, "--declared-by", "mila", home=home)
    assert ran.code == USAGE
    head, *lines = ran.out.splitlines()
    assert head.split() == ["NO.", "MESSAGES", "SIZE", "KIND", "ID", "TITLE"]
    assert lines[0].split()[:2] == ["1", "2"]
    assert "private supergroup" in lines[0]
    assert lines[0].endswith("Title 1")
    assert "public channel, left" in lines[4]
    assert max(map(len, [head, *lines])) <= 80
    assert "secret" not in ran.out + ran.err
    assert "--chat" in ran.err
    told = run("import", folder, "--declared-by", "mila", "--json", home=home)
    assert told.code == USAGE
    assert told.printed["error"]["code"] == "usage.which_chat"
    assert [(chat["id"], chat["type"], chat["private"], chat["messages"]) for chat in told.printed["chats"]] == [
        ("1", "private_supergroup", False, 2),
        ("user2", "personal_chat", True, 3),
        ("user3", "saved_messages", True, 4),
        ("user4", "bot_chat", True, 5),
        ("5", "public_channel", False, 6),
    ]
    assert "secret" not in told.out
    assert size_of(Home(home)) == before
    for chat in told.printed["chats"]:
        more = ["--private-chat"] if chat["private"] else []
        taken = run("import", folder, "--declared-by", "mila", "--chat", chat["id"], *more, "--json", home=home).printed
        assert (taken["channel_id"], taken["messages"]) == (chat["id"], chat["messages"])


@pytest.mark.parametrize(("answer", "taken"), [("1", "1"), ("5", "5"), ("", None), ("6", None), ("one", None)])
def test_at_a_terminal_a_chat_is_chosen_from_the_list(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, taken: str | None
) -> None:
    folder = account(home.parent / "account")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: answer)
    ran = run("import", folder, "--declared-by", "mila", "--json", home=home)
    if taken is None:
        assert (ran.code, ran.printed["error"]["code"]) == (REFUSED, "stopped.by_hand")
        assert ran.err.endswith("Stopped. Nothing was changed.\n")
    else:
        assert (ran.code, ran.printed["channel_id"]) == (DONE, taken)
    assert "Title 2" in ran.err


@pytest.mark.parametrize("kind", ["personal_chat", "saved_messages", "bot_chat", "replies", "something_new"])
def test_a_private_chat_is_taken_in_only_after_a_yes(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    folder = account(home.parent / "account")
    told = json.loads((folder / "result.json").read_text())
    told["chats"]["list"] = [told["chats"]["list"][0] | {"type": kind}]
    del told["left_chats"]
    (folder / "result.json").write_text(json.dumps(told))
    command, before = ("import", folder, "--declared-by", "mila", "--json"), size_of(Home(home))
    refused = run(*command, home=home)
    assert refused.error["code"] == "authority.private_chat"
    assert "--private-chat" in refused.error["fix"]
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", Terminal())
        patch.setattr("click.confirm", lambda *_words, **_options: False)
        assert run(*command, home=home).code == REFUSED
        assert size_of(Home(home)) == before
        patch.setattr("click.confirm", lambda *_words, **_options: True)
        assert run(*command, home=home).printed["messages"] == 2
    assert run(*command, "--private-chat", home=home).printed["already_known"] == 2


@pytest.mark.parametrize(("kind", "told"), [("personal_chat", True), ("something_new", True), ("private_group", False)])
def test_a_chat_that_was_exported_by_itself_was_chosen(home: Path, kind: str, *, told: bool) -> None:
    folder = account(home.parent / "account")
    chat = json.loads((folder / "result.json").read_text())["chats"]["list"][0] | {"type": kind}
    (folder / "result.json").write_text(json.dumps(chat))
    taken = run("import", folder, "--declared-by", "mila", "--json", home=home)
    assert (taken.code, taken.printed["messages"]) == (DONE, 2)
    assert ("this is a private chat" in taken.err) is told


@pytest.mark.parametrize("name", [" ", "a\u200db", "\u3164"])
def test_nobody_brought_it_under_a_name_that_is_none(life: Life, home: Path, name: str) -> None:
    wish = partial(Wish, life.export.folder, None, mode=Mode.METADATA_ONLY, legal_basis=None, doer=doer(Home(home)))
    with pytest.raises(AuthorityError):
        wish(declared_by=name)
    assert wish(declared_by=" mila ").declared_by == "mila"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, StorageFullError])
def test_what_stops_an_import_says_how_much_is_kept_and_how_to_go_on(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    (home / "nisisama.toml").write_text(
        (home / "nisisama.toml").read_text().replace("[log]", "[intake]\nbatch = 5\n\n[log]", 1)
    )
    keep, batches = Intake.keep_batch, count()

    def stopped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        if next(batches) == 2:
            raise (
                KeyboardInterrupt if kind is KeyboardInterrupt else StorageFullError("storage_full.no_space", where="x")
            )
        return keep(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "keep_batch", stopped)
        ran = run("import", life.export.folder, "--declared-by", "another", home=home)
    assert ran.code == REFUSED
    told = re.search(r"([0-9]+) of ([0-9]+) messages are kept, with their files\.", ran.err)
    assert told, ran.err
    assert 0 < int(told[1]) < int(told[2])
    assert "again" in ran.err
    listed = run("evidence", "list", "--json", home=home).printed["items"]
    kept = [item for item in listed if item["kind"] != "file"]
    assert len(kept) - len([item for item in life.items if item["kind"] != "file"]) == int(told[1])
    done = run("import", life.export.folder, "--declared-by", "another", "--json", home=home)
    assert done.code == DONE


def test_every_reason_for_an_absent_file_has_words() -> None:
    assert tuple(_ABSENT) == ABSENT


def test_a_dry_run_says_what_would_be_new_and_keeps_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = write_export(tmp_path / "given" / "ChatExport", seed=8, messages=30, photos=2)
    (facts.folder / "photos" / "photo_77.jpg").write_bytes(b"nobody names it")
    before = size_of(Home(home))
    command = ("import", facts.folder, "--declared-by", "mila", "--dry-run")
    ran = run(*command, home=home)
    assert (ran.code, size_of(Home(home))) == (DONE, before)
    assert f"holds {facts.ordinary} messages" in ran.out
    assert "Posted from 2024-11-14" in ran.out
    assert "photo_77.jpg" in ran.out
    assert ran.out.rstrip().endswith("Nothing was kept.")
    monkeypatch.delenv("NISISAMA_ACTOR")  # nothing is logged, so nobody need act
    told = run(*command, "--json", home=home).printed
    assert run(*command[:-1], "--json", home=home).error["code"] == "authority.nobody_named"
    assert (told["dry_run"], told["new"]["messages"], told["holds"]["unnamed_files"]) == (True, facts.ordinary, 1)
    assert size_of(Home(home)) == before


def test_a_dry_run_of_an_account_offers_its_chats(home: Path) -> None:
    folder = account(home.parent / "account")
    ran = run("import", folder, "--declared-by", "mila", "--dry-run", home=home)
    assert (ran.code, "Title 1" in ran.out, "secret" in ran.out) == (DONE, True, False)
    told = run("import", folder, "--declared-by", "mila", "--dry-run", "--json", home=home).printed
    assert [chat["id"] for chat in told["chats"]] == ["1", "user2", "user3", "user4", "5"]


def test_an_import_says_where_the_originals_still_lie(life: Life, home: Path) -> None:
    command = ("import", life.export.folder, "--declared-by", "mila")
    ran = run(*command, home=home)
    assert f"The originals still lie unencrypted at {life.export.folder}" in ran.out
    told = run(*command, "--json", home=home).printed
    assert told["source"] == {"paths": [str(life.export.folder)], "destroyed": False}


@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_originals_go_once_they_are_sealed_and_a_person_says_so(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    folder = write_export(home.parent / "given", seed=8, messages=20, photos=1).folder
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    command = ("import", folder, "--declared-by", "mila", *sealed, "--destroy-source")
    assert run(*command, "--json", home=home).error["code"] == "usage.destroy_unasked"
    assert folder.exists()
    monkeypatch.setattr("sys.stdin", Terminal())
    asked: list[str] = []

    def confirm(question: str, **_options: object) -> bool:
        asked.append(question)
        return answer == "y"

    monkeypatch.setattr("click.confirm", confirm)
    told = run(*command, "--json", home=home).printed
    assert (told["source"]["destroyed"], folder.exists()) == (answer == "y", answer == "n")
    assert ("source_removed" in (home / "nisisama.log").read_text(encoding="ascii")) == (answer == "y")
    assert str(folder) in asked[0]


def test_a_script_that_agrees_is_told_what_a_disk_may_keep(life: Life, home: Path) -> None:
    folder = write_export(home.parent / "given", seed=8, messages=20, photos=1).folder
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    ran = run("import", folder, "--declared-by", "mila", *sealed, "--destroy-source", "--yes", home=home)
    assert (ran.code, folder.exists()) == (DONE, False)
    assert "SSD" in ran.out
    assert "phone" in ran.out


def test_an_archive_is_imported_like_its_folder(home: Path, tmp_path: Path) -> None:
    facts = write_export(tmp_path / "given", seed=8, messages=20, photos=1)
    archive = shutil.make_archive(str(tmp_path / "sent"), "zip", facts.folder.parent, facts.folder.name)
    told = run("import", archive, "--declared-by", "mila", "--json", home=home).printed
    assert (told["messages"], told["media"]) == (facts.ordinary, len(facts.media))


def test_the_manual_for_a_clients_export_goes_word_by_word(life: Life, home: Path) -> None:
    manual = Path(__file__).parents[3].joinpath("docs", "operations.md").read_text()
    section = manual.partition("\n## A client brings her phone's export\n")[2].partition("\n## ")[0]
    commands = re.findall(r"`nisisama (import [^`]*)`", section)
    facts = write_export(home.parent / "given" / "ChatExport", seed=8, messages=20, photos=1)
    given = {
        "PATH...": str(facts.folder.parent / "sent.zip"),
        "PSEUDONYM": "client-7",
        "FILE.toml": str(life.folder / "basis.toml"),
        "NAME": "bo",
        "PAGE.txt": str(home.parent / "page.txt"),
    }
    shutil.make_archive(given["PATH..."].removesuffix(".zip"), "zip", facts.folder.parent, facts.folder.name)
    looked, kept = (run(*[given.get(word, word) for word in each.split()], home=home) for each in nonempty(commands))
    assert (looked.code, kept.code) == (DONE, DONE)
    assert looked.out.rstrip().endswith("Nothing was kept.")
    assert "not included by the exporter's settings" in looked.out
    assert f"{len(facts.media)} files ({len(facts.media)} sealed)" in kept.out
    assert given["PATH..."] in kept.out.splitlines()[-1]
    page = Path(given["PAGE.txt"]).read_text()
    assert str(facts.folder) not in page
    assert "Çfarë sollët dhe çfarë ruajtëm".upper() in page.upper()
    taken = run(*[given.get(word, word) for word in commands[-1].split()], home=home)
    assert (taken.code, "page.txt" in taken.err) == (REFUSED, True)  # it takes the place of no file
    given["PAGE.txt"] = str(home.parent / "page-2.txt")
    again = [given.get(word, word) for word in commands[-1].split()]
    refused = run(*again, "--destroy-source", "--yes", "--json", home=home)
    assert (refused.error["code"], Path(given["PATH..."]).exists()) == ("authority.source_not_whole", True)
    folder = [str(facts.folder) if word == given["PATH..."] else word for word in again]
    last = run(*folder, "--destroy-source", "--yes", home=home)
    assert (last.code, facts.folder.exists()) == (DONE, False)
