"""What somebody else wrote cannot act on the terminal of whoever reads it."""

import json
from pathlib import Path

import pytest

from api.cli.main import main
from tests.commands import REPORT
from tests.homes import PASSPHRASE, items_of, new_home, take_in
from tests.watching import desk

PLANTED = "first\x1b[2J\u202e\nPASSED: 0 problems, C:\\new"


def test_the_title_of_a_group_cannot_act_on_the_terminal_of_whoever_registers_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        at.telegram.world.add_channel(PLANTED, username="grupa")
        closed = at.telegram.world.add_channel(PLANTED)
        add = ["--home", str(tmp_path / "home"), "watch", "add", *REPORT.split(), "--mode", "metadata_only"]
        for named, code in (("@grupa", 0), (f"t.me/+{closed.invite}", 1)):
            assert main([*add, named]) == code
            said = capsys.readouterr()
            assert r"first\x1b[2J\u202e\nPASSED: 0 problems, C:\new" in said.err
            assert len(said.err.splitlines()) == 1
            assert not {"\x1b", "\u202e"} & {*said.out, *said.err}


def test_a_planted_escape_sequence_and_a_planted_line_are_spelled_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _cards = new_home(tmp_path / "home")
    folder = tmp_path / "export"
    folder.mkdir()
    message = {"id": 1, "type": "message", "date_unixtime": "1731570000", "from": PLANTED, "text": PLANTED}
    export = {"name": "x", "type": "private_group", "id": 5, "messages": [message]}
    (folder / "result.json").write_text(json.dumps(export))
    take_in(home, folder)
    (item,) = [each.item_id for each in items_of(home)]
    home.engine.dispose()
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_ACTOR", "ann")
    given = ["--home", str(home.path), "case"]
    assert main([*given, "open", "--json"]) == 0
    case_id = json.loads(capsys.readouterr().out)["case_id"]
    assert main([*given, "add", case_id, item]) == 0
    capsys.readouterr()
    assert main([*given, "show", case_id]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert not [line for line in shown.splitlines() if line.startswith("PASSED")]
    assert r"account name shown: first\x1b[2J\u202e\x0aPASSED: 0 problems, C:\new" in " ".join(shown.split())
    assert "      | PASSED: 0 problems, C:\\new\n" in shown  # a line of a text stays behind its bar
    assert main([*given, "show", case_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["text"] == PLANTED
