"""The command line as tests call it, and a home in which every command was run once."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from api.office.home import create_home
from monitor.rehearsal.export import ExportFacts, write_export
from tests.homes import PASSPHRASE, legal_basis

DONE, REFUSED, USAGE, UNDECIDED = 0, 1, 2, 3
REPORT = "--report https://x.y --reported-by Org --reported-on 2026-01-01"
ENVIRONMENT = {"NISISAMA_PASSPHRASE": PASSPHRASE, "NISISAMA_ACTOR": "ann", "NISISAMA_KEYS__PASSPHRASE_LOG_N": "10"}


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def printed(self) -> Any:  # noqa: ANN401 - JSON
        """The one JSON object; and nothing else stands on standard output."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        assert self.out.count("\n") == 1
        return document

    @property
    def error(self) -> dict[str, str]:
        """What the error says, which standard error says too."""
        assert self.code in {REFUSED, USAGE}
        error: dict[str, str] = self.printed["error"]
        assert self.printed.keys() == {"error"}
        assert self.err.startswith("error: ")
        assert error["message"] in self.err
        return error


def run(*arguments: str | Path, home: Path | None = None) -> Ran:
    at = [] if home is None else ["--home", str(home)]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*at, *map(str, arguments)])
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass
class Life:
    """A home in which every command was run once, with what each said."""

    folder: Path
    export: ExportFacts
    cards: list[str] = field(default_factory=list)
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def bundle(self) -> Path:
        return self.folder / "case.asice"

    @property
    def case(self) -> str:
        return str(self.ran["case open"].printed["case_id"])

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ran["evidence list"].printed["items"]
        return items

    def picture(self) -> Path:
        return next(self.export.folder / name for name in sorted(self.export.media) if name.endswith(".jpg"))

    def keep(self, name: str, *arguments: str | Path) -> Ran:
        self.ran[name] = run(*name.split(" "), *arguments, "--json", home=self.home)
        return self.ran[name]

    def trust(self) -> list[str | Path]:
        return [each for file in sorted((self.home / "trust").iterdir()) for each in ("--trust", file)]


class Terminal(io.StringIO):
    """Standard input or error of a person."""

    def isatty(self) -> bool:
        return True


def shorten_demo(patch: pytest.MonkeyPatch) -> None:
    """Let ``demo`` take a second or two: few messages, no photo, and a passphrase that is quick to try."""
    patch.setattr("api.office.rehearsal.MESSAGES", 16)
    patch.setattr("api.office.rehearsal.PHOTOS", 0)
    patch.setattr("api.office.rehearsal.create_home", lambda plan, clock: create_home(replace(plan, log_n=10), clock))


def waiting(doctor: Ran) -> list[dict[str, Any]]:
    """The reviews that doctor says are waiting."""
    return [each for each in doctor.printed["findings"] if each["code"] == "reviews.waiting"]


def lived(folder: Path) -> Life:
    """Run every command once."""
    life = Life(folder, write_export(folder / "export", seed=7, messages=16, photos=0))
    basis = legal_basis(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        life.keep("init", "--org", 'Zyra "Drita" \\ Ђ', "--rehearsal", "--cards", folder / "cards")
        watched = ("--report", "https://example.org/r", "--reported-by", "Raporti", "--reported-on", "2026-01-02")
        life.keep("watch add", "@Nje_Kanal", *watched, "--mode", "metadata_only")
        life.keep("watch list")
        life.keep("monitor status")
        life.keep("watch remove", "@Nje_Kanal", "--reason", "gone")
        sealed = ("--mode", "sealed", "--legal-basis", basis, "--approved-by", "bo")
        life.keep("import", life.export.folder, "--declared-by", "mila", *sealed)
        life.keep("evidence list")
        life.keep("evidence show", life.items[0]["item_id"])
        life.keep("case open", "--reason", "she came")
        life.keep("case add", life.case, *(item["item_id"] for item in life.items))
        last = life.items[-1]["item_id"]
        life.keep("case remove", life.case, last, "--reason", "not hers")
        run("case", "add", life.case, last, home=life.home)
        life.keep("evidence search", "dokaz", "--case", life.case, "--reason", "she asked")
        life.keep("case list")
        life.keep("case show", life.case)
        agreed = ("--given", "--person", "mila", "--scope", "check", "--scope", "court", "--language", "sq")
        life.keep(
            "case consent", life.case, *agreed, "--date", "2026-01-02", "--text", life.export.folder / "result.json"
        )
        life.keep("receiver add", "Court", "--for", "court", "--approved-by", "bo")
        life.keep("check", life.picture(), "--case", life.case)
        for name in ("alerts look", "question list", "hash-list list", "freeze", "hold", "retention list"):
            life.keep(name)
        life.keep(
            "case export", life.case, "--out", life.bundle, "--for", "court", "--reason", "the hearing", "--to", "Court"
        )
        (request,) = [each["facts"]["subject"] for each in waiting(run("doctor", "--json", home=life.home))]
        life.keep("approve", request, "--by", "bo")
        life.keep("approve --list")
        life.keep("receiver list")
        life.keep("receiver remove", "Court", "--for", "court")
        life.keep("verify", life.bundle, *life.trust(), "--log", life.ran["init"].printed["log_vkey"])
        life.keep("case renew", life.bundle, "--out", folder / "renewed.asice")
        for name in ("audit", "doctor"):
            life.keep(name)
        life.keep("key check", *sorted((folder / "cards").iterdir()))
        life.keep("restore", life.keep("backup", folder / "disk").printed["backup"], folder / "restored")
        life.ran |= {
            "erase": _erased_in_a_copy(life, last),
            "release": _released_in_the_copy(life),
            "hotline": _reported_in_the_copy(life),
        }
    return life


def _reported_in_the_copy(life: Life) -> Ran:
    copy = life.folder / "copy" / "home"
    run("freeze", life.items[0]["item_id"], "--reason", "r", home=copy)
    return run("hotline", "--out", life.folder / "report.txt", "--reason", "r", "--json", home=copy)


def _erased_in_a_copy(life: Life, item: str) -> Ran:
    """In the home itself, the tests have all that was imported."""
    copy = life.folder / "copy" / "home"
    for end in ("", ".keys"):
        shutil.copytree(f"{life.home}{end}", f"{copy}{end}")
    named = ("--case", life.case, "--cause", "mistake", "--reason", "r", "--approved-by", "bo", "--json")
    return run("erase", item, *named, home=copy)


def _released_in_the_copy(life: Life) -> Ran:
    file = next(item["item_id"] for item in life.items if item["kind"] == "file" and item["sha256"])
    named = (
        "--case",
        life.case,
        "--to",
        "Court",
        "--for",
        "authority",
        "--reference",
        "1/26",
        "--asked-on",
        "2026-01-02",
    )
    cards = [word for card in sorted((life.folder / "cards").iterdir()) for word in ("--card", card)]
    how = ("--zip", *cards, "--out", life.folder / "released", "--reason", "r", "--approved-by", "bo", "--json")
    return run("release", file, *named, *how, home=life.folder / "copy" / "home")
