"""Whatever is planted in a whole life, its errors and its tracebacks too, the operational log holds none of it.

Every input carries a canary, and each command runs with ``--verbose``. The searches have their controls:
the same search finds each canary in what was given, and finds a leak in a log whose one guard is away.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from config import oplog
from config.oplog import FILE
from monitor.rehearsal.export import ExportFacts, write_export
from tests.homes import legal_basis

PLANTED = {
    "org": "Zyra-kanarina",
    "actor": "ann-kanarina",
    "approver": "bo-kanarina",
    "declared": "mila-kanarina",
    "reason": "she came about +38970555111",
    "passphrase": "kanarina horse battery",
    "channel": "@Kanarina_Grup",
    "reporter": "Raporti-kanarina",
    "report": "https://example.org/kanarina",
    "word": "kanarina",
}
INSIDE, WRONG, DATABASE = "strangers-canary", "wrong-canary battery staple", "mysql://me:dbcanary@host/db"
SECRETS = (PLANTED["passphrase"], INSIDE, WRONG, "dbcanary")
UNEVENTFUL = {
    *("list_missed", "recovery_took_back", "stamp_failed", "tidying_put_off", "turn_waited", "lock_busy"),
    *("capture_broke", "channel_unseen", "clock_off", "mode_lowered", "probe_late", "watch_waits"),
    *("call_answered", "call_broke", "office_locked", "office_unlocked", "office_unlock_refused"),
    *("released", "media_compared"),
    *("erased", "erased_again", "erasure_finished", "source_removed"),
    *("task_broke", "alerts_broke", "mail_failed", "mail_sent", "task_ended", "task_refused", "rows_moved"),
}
"""Events of a life with trouble, and of the API; their own tests note them."""
ENVIRONMENT = {
    "NISISAMA_PASSPHRASE": PLANTED["passphrase"],
    "NISISAMA_ACTOR": PLANTED["actor"],
    "NISISAMA_KEYS__PASSPHRASE_LOG_N": "10",
    "NISISAMA_VERBOSE": "1",
}


@dataclass
class Canaries:
    """What was given, and what the log said."""

    folder: Path
    export: ExportFacts
    given: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    err: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, *arguments: str | Path, home: Path | None = None) -> tuple[int, Any]:
        words = ["--home", str(home or self.home), *map(str, arguments), "--json"]
        self.given += words
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        self.err += err.getvalue()
        if code != 0:
            self.refused += [line for line in (out.getvalue() + err.getvalue()).splitlines() if line[:5] != '{"at"']
        return code, json.loads(out.getvalue() or "{}")

    def lines(self) -> list[str]:
        """Every line of the log's files, and those on standard error."""
        files = [file.read_text() for file in sorted(self.folder.rglob(f"{FILE}*"))]
        return [line for text in (*files, self.err) for line in text.splitlines() if line.startswith('{"at"')]

    def strangers(self) -> list[str]:
        """What only an export, a card or a secret says, and no argument of a command."""
        texts = [text[:8] for text in self.export.texts.values() if len(text) > 12]  # entities follow
        names = [Path(name).name for name in self.export.media]
        cards = [word for file in (self.folder / "cards").iterdir() for word in file.read_text().split("\n")[9:12]]
        personal = [self.export.phone, self.export.handle, self.export.channel_title, *SECRETS]
        return [*personal, *texts, *names, *self.export.media.values(), *cards]

    def canaries(self) -> list[str]:
        return [*PLANTED.values(), str(self.folder), *self.strangers()]


def leaks(canaries: Sequence[str], lines: Sequence[str]) -> list[tuple[str, str]]:
    """Each canary with each line that it is in, as it stands or as JSON spells it."""
    ways = (True, False)
    spelled = {each: {each, *(json.dumps(each, ensure_ascii=way)[1:-1] for way in ways)} for each in canaries}
    return [(canary, line) for line in lines for canary, each in spelled.items() if any(one in line for one in each)]


def live(life: Canaries) -> None:
    """Every command once."""
    folder, reason = life.folder, ("--reason", PLANTED["reason"])
    life.run("init", "--org", PLANTED["org"], "--rehearsal", "--cards", folder / "cards")
    report = ("--report", PLANTED["report"], "--reported-by", PLANTED["reporter"], "--reported-on", "2026-01-02")
    life.run("watch", "add", PLANTED["channel"], *report, "--mode", "metadata_only", *reason)
    life.run("watch", "remove", PLANTED["channel"], *reason)
    sealed = ("--mode", "sealed", "--legal-basis", legal_basis(folder), "--approved-by", PLANTED["approver"])
    life.run("import", life.export.folder, "--declared-by", PLANTED["declared"], *sealed, *reason)
    _, listed = life.run("evidence", "list", *reason)
    items = [item["item_id"] for item in listed["items"]]
    life.run("evidence", "show", items[0], *reason)
    _, opened = life.run("case", "open", *reason)
    life.run("case", "add", opened["case_id"], *items, *reason)
    life.run("case", "show", opened["case_id"])
    picture = next(life.export.folder / name for name in sorted(life.export.media) if name.endswith(".jpg"))
    life.run("check", picture, "--case", opened["case_id"], *reason)
    bundle, approved = folder / "kanarina.asice", ("--approved-by", PLANTED["approver"], *reason)
    code, _ = life.run("case", "export", opened["case_id"], "--out", bundle, "--for", "court", *approved)
    assert code == 0
    life.run("verify", bundle)
    life.run("case", "renew", bundle, "--out", folder / f"renewed-{PLANTED['word']}.asice")
    brought = ("--declared-by", PLANTED["declared"], "--source", PLANTED["word"])
    life.run("evidence", "add", picture, *brought, *reason)
    life.run("evidence", "search", PLANTED["word"], "--case", opened["case_id"], *reason)
    life.run("backup", folder / f"backup-{PLANTED['word']}")
    life.run("audit")
    life.run("doctor")
    life.run("key", "check", *sorted((folder / "cards").iterdir()))


def fail(life: Canaries, patch: pytest.MonkeyPatch) -> None:
    """Every kind of refusal, an error of the system, a stop, and a mistake of ours."""
    folder, word = life.folder, PLANTED["word"]
    broken = folder / f"export-{word}"
    shutil.copytree(life.export.folder, broken)
    begun = f'{{"name": "{INSIDE}", "type": "private_group", "id": 1, "messages": [{{"{INSIDE}'
    (broken / "result.json").write_text(begun)
    for words in (
        ("import", broken, "--declared-by", word),
        ("import", folder / word, "--declared-by", word),
        ("import", life.export.folder, "--declared-by", word, "--chat", word),
        ("import", life.export.folder, "--declared-by", word, "--mode", "sealed", "--legal-basis", folder / word),
        ("evidence", "show", word),
        ("case", "add", word, word),
        ("case", "show", word),
        ("case", "export", word, "--out", folder / word, "--for", "court", "--reason", word),
        ("check", life.export.folder / "result.json", "--case", word),
        ("verify", life.export.folder / "result.json"),
        ("audit", "--against", "/proc/self/mem"),
        ("audit", "--against", broken / "result.json"),
        ("init", "--org", word),
        ("key", "check", broken / "result.json"),
        (word, word),
    ):
        code, _ = life.run(*words)
        assert code != 0, words
    assert life.run("audit", home=folder / word)[0] == 1
    with patch.context() as wrong:
        wrong.setenv("NISISAMA_PASSPHRASE", WRONG)
        assert life.run("evidence", "list")[0] == 1
    with patch.context() as wrong:
        wrong.setenv("NISISAMA_DATABASE__URL", DATABASE)
        assert life.run("audit")[0] == 1
    raising(life, patch, lambda: KeyError(word))
    raising(life, patch, lambda: OSError(5, word, word))
    raising(life, patch, lambda: KeyboardInterrupt(word))


def raising(life: Canaries, patch: pytest.MonkeyPatch, error: Callable[[], BaseException]) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise error()

    with patch.context() as wrong:
        wrong.setattr("api.office.channel.list_channels", broken)
        try:
            life.run("watch", "list")
        except KeyError as surfaced:
            assert PLANTED["word"] in str(surfaced)  # noqa: PT017 - the other two do not surface


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    folder = tmp_path_factory.mktemp("kanarina")
    life = Canaries(folder, write_export(folder / "export", seed=7, messages=16, photos=0))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        live(life)
        fail(life, patch)
    yield life
    oplog.start()


def test_nothing_planted_is_in_the_log_or_on_standard_error_with_verbose(life: Canaries) -> None:
    assert leaks(life.canaries(), life.lines()) == []


def test_no_error_quotes_an_export_a_card_or_a_secret(life: Canaries) -> None:
    assert len(life.refused) > 20
    assert leaks(life.strangers(), life.refused) == []


def test_the_life_was_logged_whole(life: Canaries) -> None:
    lines = [json.loads(line) for line in life.lines()]
    assert {line["event"] for line in lines} >= oplog.EVENTS.keys() - UNEVENTFUL
    assert not any("dropped" in line for line in lines)
    refused = {line["error"] for line in lines if line["event"] == "command_refused"}
    assert {"UnknownItemError", "CutOffExportError", "PassphraseError", "OSError", "HomeError"} <= refused
    assert {line["command"] for line in lines if line["event"] == "command_began"} >= {"case export", "key check"}


def test_each_canary_was_planted(life: Canaries) -> None:
    export = "".join(file.read_text(errors="replace") for file in life.export.folder.rglob("*") if file.is_file())
    cards = "".join(file.read_text() for file in (life.folder / "cards").iterdir())
    export += (life.folder / f"export-{PLANTED['word']}" / "result.json").read_text() + WRONG + DATABASE
    given = [*life.given, *ENVIRONMENT.values(), *life.export.media, *life.export.media.values(), export, cards]
    assert [canary for canary in life.canaries() if not leaks([canary], given)] == []


def test_a_leak_would_be_found_if_the_one_guard_were_away(
    life: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def logged() -> list[str]:
        oplog.start()
        oplog.keep_in(tmp_path, max_bytes=10_000, files=1)
        for canary in life.canaries():
            oplog.note("command_refused", reason=canary)
        return (tmp_path / FILE).read_text().splitlines()

    assert leaks(life.canaries(), logged()) == []
    monkeypatch.setattr(oplog, "allowed_fields", lambda _logger, _method, line: dict(line))
    assert {canary for canary, _line in leaks(life.canaries(), logged())} >= {*PLANTED.values(), life.export.phone}
