"""Acceptance scenarios in plain words, each as one way from a command to what a person then holds.

Scenario 6 is in tests/api/office/test_sheet.py, beside the watch that it needs, and scenario 12 in
tests/api/office/test_withdrawal.py; the page of scenario 5 is opened in a browser by
tests/browser/test_scenario_5.py.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from casefiles.bundle.presets import AUDIENCES
from config.words import languages, load_words
from tests.commands import DONE, ENVIRONMENT, REFUSED, REPORT, UNDECIDED, Ran, run
from tests.evidence.fingerprint.pictures import encoded, image
from tests.homes import legal_basis
from tests.leaks import PICTURES, hashes, pieces, spellings
from tests.nonempty import nonempty

PHONE = "069 555 1234"
SHAMING = re.compile(r"revenge|\u043e\u0434\u043c\u0430\u0437\u0434|osvetni|hakmarr|sramot|turp", re.IGNORECASE)
LETTERS = {"sq": "\u00eb\u00e7", "sr-Cyrl": "\u0452\u045b\u0436\u0448", "sr-Latn": "\u0111\u0107\u017e\u0161\u010d",
           "mk": "\u0453\u045c\u0436\u0448"}  # fmt: skip


@dataclass(frozen=True)
class LawyersDesk:
    """An office with an export of a group in which a reply contradicts."""

    home: Path
    folder: Path
    picture: bytes
    items: dict[int, str]

    def pick(self, *numbers: int) -> str:
        """A case of messages with these numbers, and of their pictures."""
        case = str(run("case", "open", "--json", home=self.home).printed["case_id"])
        picked = [self.items[number] for number in numbers]
        assert run("case", "add", case, *picked, "--with-picture", home=self.home).code == DONE
        return case

    def export(self, case: str, out: Path, *more: str, audience: str = "court") -> Ran:
        asked = ("--out", out, "--for", audience, "--approved-by", "bo", "--reason", "asked", "--json")
        return run("case", "export", case, *asked, *more, home=self.home)

    def exported(self, out: Path, *more: str, audience: str = "court") -> Path:
        """A bundle of the three messages, the reply left out for a reason."""
        done = self.export(self.pick(30, 31, 33), out, "--leaving-out", "Said elsewhere.", *more, audience=audience)
        assert done.code == DONE, done.err
        return out


def group(folder: Path, picture: bytes) -> Path:
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "1.jpg").write_bytes(picture)
    said = {
        30: f"Ana, {PHONE}",
        31: "Zogu \u0453\u045c \u0452\u045b \u00eb\u00e7",
        32: "that is not her",
        33: "more tomorrow",
        34: "good night",  # which no case has
    }
    more = {30: {"photo": "photos/1.jpg", "width": 320, "height": 240}, 32: {"reply_to_message_id": 30}}
    messages = [
        {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": str(1731574800 + number)}
        | {"from": "Zogu", "from_id": "user7", "text": text, **more.get(number, {})}
        for number, text in said.items()
    ]
    chat = {"name": "Grupa", "type": "public_supergroup", "id": 42, "messages": messages}
    (folder / "result.json").write_text(json.dumps(chat), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LawyersDesk]:
    folder, picture = tmp_path_factory.mktemp("lawyer"), encoded(image(), "JPEG", quality=90)
    home, export = folder / "home", group(folder / "export", picture)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        run("init", "--org", "Office of tests", "--cards", folder / "cards", "--rehearsal", home=home)
        told = ("--declared-by", "mila", "--mode", "sealed", "--legal-basis", legal_basis(folder))
        assert run("import", export, *told, "--approved-by", "bo", "--reason", "asked", home=home).code == DONE
        listed = run("evidence", "list", "--json", home=home).printed["items"]
        items = {int(item["message_id"]): item["item_id"] for item in listed if item["kind"] == "message"}
        yield LawyersDesk(home, folder, picture, items)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who acts, and her passphrase."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def report_of(bundle: Path, language: str = "en") -> str:
    with zipfile.ZipFile(bundle) as members:
        return members.read(f"data/report.{language}.txt").decode("utf-8")


def test_scenario_3_the_tool_stops_the_lawyer_who_left_out_a_reply_until_she_keeps_it_or_writes_why_not(
    at: LawyersDesk, tmp_path: Path
) -> None:
    """Picked three messages, left out a reply that says "that is not her"."""
    case, out = at.pick(30, 31, 33), tmp_path / "left.asice"
    shown = run("case", "show", case, home=at.home)
    assert f"not in the case: message 32, a reply to message 30: {at.items[32]}" in shown.out
    stopped = at.export(case, out, audience="lawyer")
    assert (stopped.code, stopped.error["code"]) == (REFUSED, "authority.replies_left_out")
    assert f"case show {case}" in stopped.error["fix"]
    assert not out.exists()
    why = "The account holder speaks of another picture."
    assert at.export(case, out, "--leaving-out", why, audience="lawyer").code == DONE
    assert why in " ".join(report_of(out).split())
    # the other way: she keeps it
    assert at.export(at.pick(30, 31, 32, 33), tmp_path / "kept.asice", audience="lawyer").code == DONE
    assert "that is not her" in report_of(tmp_path / "kept.asice")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_scenario_4_an_ordinary_archive_program_finds_no_picture_no_thumbnail_and_no_print(
    audience: str, at: LawyersDesk, tmp_path: Path
) -> None:
    """And for a partner no full phone number; to whoever reads the texts, they are shown as they were posted."""
    with zipfile.ZipFile(at.exported(tmp_path / "a.asice", audience=audience)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    secrets = [each for secret in (*pieces(at.picture), *hashes(at.picture)) for each in spellings(secret)]
    for name, content in nonempty(members.items()):
        assert not PICTURES.search(content), name
        assert [each for each in secrets if each in content] == [], name
        assert not re.search(r"\.(jpe?g|png|gif|webp|mp4)$", name)
    digits = re.sub(r"\s", "", PHONE)
    shown = any(digits in re.sub(rb"\s", b"", content).decode("latin-1") for content in members.values())
    assert shown is (audience != "partner"), "the control: it is there for those who read texts"


@pytest.fixture
def copied(at: LawyersDesk, tmp_path: Path) -> LawyersDesk:
    """The office again, where something is frozen, or somebody tries what is not theirs to do."""
    for end in ("", ".keys"):
        shutil.copytree(f"{at.home}{end}", tmp_path / f"home{end}")
    return replace(at, home=tmp_path / "home")


def test_scenario_9_what_may_be_a_child_left_search_and_export_stayed_closed_and_a_sheet_without_picture_was_ready(
    copied: LawyersDesk, tmp_path: Path
) -> None:
    """Worker marks "may be a child": its file cannot be opened by the administrator either, who has all cards."""
    home, case, item = copied.home, copied.pick(30, 31, 32, 33), copied.items[30]
    listed = run("evidence", "list", "--json", home=home).printed["items"]
    file = next(each["item_id"] for each in listed if each["kind"] == "file")
    searching = ("evidence", "search", "Ana", "--case", case, "--reason", "she asked", "--json")
    cards = [word for card in sorted((copied.folder / "cards").iterdir()) for word in ("--card", card)]
    asked = ("--to", "Police", "--for", "authority", "--reference", "1/26", "--asked-on", "2026-01-02", "--zip", *cards)
    releasing = ("release", file, "--case", case, *asked, "--reason", "r", "--approved-by", "bo", "--json")
    # the control: it is found and handed over before
    assert [each["item_id"] for each in run(*searching, home=home).printed["hits"]] == [item]
    assert run(*releasing, "--out", tmp_path / "before", home=home).code == DONE

    assert run("freeze", item, "--reason", "she looks very young", "--by", "worker", home=home).code == DONE

    assert run(*searching, home=home).printed["hits"] == []
    assert not {item, file} & {
        each["item_id"] for each in run("evidence", "list", "--json", home=home).printed["items"]
    }
    assert copied.export(case, tmp_path / "out.asice").code == DONE
    with zipfile.ZipFile(tmp_path / "out.asice") as members:
        whole = b"".join(members.read(name) for name in members.namelist())
    digest = hashlib.sha256(copied.picture).hexdigest().encode()
    assert [each for each in (item.encode(), file.encode(), digest, b"Ana, ") if each in whole] == []
    opened = run(*releasing, "--out", tmp_path / "after", "--by", "admin", home=home)
    assert (opened.code, opened.error["code"]) == (REFUSED, "unknown_item.frozen")
    assert not (tmp_path / "after").exists()
    sheet = tmp_path / "sheet.txt"
    ready = run(
        "hotline", "--out", sheet, "--lang", "mk", "--country", "MK", "--reason", "the law", "--json", home=home
    )
    assert ready.code == DONE, ready.err
    text = sheet.read_text(encoding="utf-8")
    assert [told for told in (item, file, "https://t.me/c/42/30") if told not in text] == []
    assert digest.decode() in "".join(text.split())
    assert not [each for each in (sheet, sheet.with_suffix(".pdf")) if PICTURES.search(each.read_bytes())]
    assert "Ana" not in text


def test_scenario_10_the_administrator_alone_was_refused_each_time_and_the_attempts_are_in_the_log(
    copied: LawyersDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried to add a channel, export a case, delete a log line; also as a second person of their own."""
    home, case, out = copied.home, copied.pick(31), tmp_path / "out.asice"
    unclaimed = copied.items[34]
    monkeypatch.setenv("NISISAMA_ACTOR", "admin")
    basis = ("--mode", "sealed", "--legal-basis", legal_basis(tmp_path), "--reason", "r", "--json")
    tried = {
        "watch": ("watch", "add", "@grupa", *REPORT.split(), *basis),
        "export": ("case", "export", case, "--out", out, "--for", "court", "--reason", "r", "--json"),
        "erase": ("erase", unclaimed, "--cause", "mistake", "--reason", "r", "--json"),
    }
    lines = (home / "nisisama.log").read_text().count("\n")
    for what, words in nonempty(tried.items()):
        asked = run(*words, home=home)
        assert (asked.code, asked.printed.get("what")) == (UNDECIDED, what), (asked.out, asked.err)
        alone = run("approve", asked.printed["request"], "--yes", "--json", home=home)
        assert (alone.code, alone.error["type"]) == (REFUSED, "AuthorityError")
        twice = run(*words, "--approved-by", "admin", home=home)
        assert (twice.code, twice.error["type"]) == (REFUSED, "AuthorityError")
    # nothing was done
    assert (run("watch", "list", "--json", home=home).printed["channels"], out.exists()) == ([], False)
    assert run("evidence", "show", unclaimed, "--json", home=home).code == DONE
    # the custody log names who asked; the operational log has each refusal
    waiting = run("approve", "--list", "--json", home=home).printed["requests"]
    assert {(each["what"], each["requested_by"]) for each in waiting} >= {(what, "admin") for what in tried}
    since = [json.loads(line) for line in (home / "nisisama.log").read_text().splitlines()[lines:]]
    refused = [line["code"] for line in since if line["event"] == "command_refused"]
    assert len(refused) == 2 * len(tried), refused
    assert run("audit", home=home).code == DONE, "the control: the log is whole"
    # a line that is deleted behind the program's back is missed
    with closing(sqlite3.connect(home / "nisisama.db")) as rows, rows:
        last = rows.execute("SELECT max(idx) FROM event").fetchone()[0]
        rows.execute("DELETE FROM event WHERE idx = ?", (last - 2,))
    assert run("audit", "--json", home=home).code == REFUSED


@pytest.mark.outside
def test_scenario_14_ten_years_later_without_our_software_standard_tools_confirm_it(
    at: LawyersDesk, tmp_path: Path
) -> None:
    """No network, the clock ten years ahead; bash, coreutils, unzip and openssl alone."""
    away = tmp_path / "away"
    with zipfile.ZipFile(at.exported(tmp_path / "court.asice")) as opened:
        opened.extractall(away)
    trust = [word for root in sorted((at.home / "trust").glob("*.pem")) for word in ("--trust", str(root))]
    in_ten_years = ["unshare", "-rn", "faketime", "-f", "+3653d"]

    def then(*command: str) -> subprocess.CompletedProcess[str]:
        path = {"PATH": os.environ["PATH"]}
        return subprocess.run(
            [*in_ten_years, *command], cwd=away, capture_output=True, text=True, check=False, env=path
        )

    year = int(then("date", "+%Y").stdout)
    made = json.loads((away / "data" / "case.json").read_text(encoding="utf-8"))["created_at"]
    assert year >= int(made[:4]) + 10, "the control: it is ten years later"
    assert then("sha256sum", "--check", "--quiet", "manifest-sha256.txt").returncode == 0
    checked = then("bash", "verify.sh", *trust)
    assert (checked.returncode, "PASSED" in checked.stdout.splitlines()[-1]) == (0, True), checked.stdout
    (away / "data" / "case.json").write_bytes(b"{}")
    assert "FAILED" in then("bash", "verify.sh", *trust).stdout


@pytest.mark.parametrize("language", [each for each in languages() if each in LETTERS])
def test_scenario_15_the_report_has_its_letters_dates_and_names_and_blames_nobody(
    language: str, at: LawyersDesk, tmp_path: Path
) -> None:
    """Read in Albanian, then Serbian in both scripts, by somebody who reads no English."""
    text = report_of(at.exported(tmp_path / "read.asice", "--lang", language), language)
    assert [letter for letter in LETTERS[language] if letter not in text.lower()] == []
    assert "\u0453\u045c \u0452\u045b \u00eb\u00e7" in text, "as posted"
    assert "Zogu" in text
    assert "2024-11-14" in text
    told = text.lower()
    assert not SHAMING.search(told)
    assert not SHAMING.search(json.dumps(dict(load_words(language).texts), ensure_ascii=False))
    assert SHAMING.search("Revenge porn"), "the control"
