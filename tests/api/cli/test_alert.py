"""``alerts`` looks, lists and dismisses; its list needs no passphrase, and no line of it tells what is there."""

import json
from pathlib import Path

import pytest

from api.home import Home
from tests.appearing import case_with, edits, jpeg, photo, post
from tests.commands import DONE, REFUSED, run
from tests.mailing import TO, mail_server
from tests.nonempty import nonempty


@pytest.fixture
def told(home: Path) -> tuple[str, str]:
    """A case, and a file that is like its own."""
    opened = Home.open(home)
    items = post(opened, home.parent / "first", {1: jpeg(photo()), 2: edits(photo())["mirrored"]})
    case = case_with(opened, items[0])
    opened.engine.dispose()
    return case, items[1]


def test_alerts_from_the_look_to_the_dismissal(
    home: Path, told: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, item = told
    assert run("alerts", "--case", case, home=home).out == "There is no open alert.\n"
    assert "1 new alert. Looked at" in run("alerts", "look", home=home).out
    assert run("alerts", "look", "--json", home=home).printed["raised"] == 0
    assert f"1 open alert: nisisama alerts --case {case}" in run("case", "show", case, home=home).out
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    listed = run("alerts", "--case", case[:9], home=home)
    assert (listed.code, listed.out.count("\n")) == (DONE, 1)
    assert listed.out.startswith(f"{case}  {item}  42/2  2024-11-14")
    (alert,) = run("alerts", "--json", "--case", case, home=home).printed["alerts"]
    assert {
        "case_id": case,
        "item_id": item,
        "channel_id": "42",
        "message_id": 2,
        "open": True,
    }.items() <= alert.items()
    assert run("alerts", "dismiss", case, item, "--json", home=home).error["type"] == "AuthorityError"
    done = run("alerts", "dismiss", case[5:11], item[:8], "--reason", "another person", home=home)
    assert done.out == f"Dismissed {item} for {case}.\n"
    assert run("alerts", "--case", case, home=home).out == "There is no open alert.\n"
    assert run("alerts", "--case", case, "--all", home=home).out.rstrip().endswith("(settled)")


def test_a_look_needs_the_passphrase(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", "another one")
    assert run("alerts", "look", "--json", home=home).code == REFUSED


def test_the_mail_is_tried_from_the_command_line(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = run("alerts", "mail", "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "mail.not_set")
    with mail_server(tmp_path / "mail") as server:
        for key, value in nonempty(server.settings.items()):
            monkeypatch.setenv(f"NISISAMA_MAIL__{key.upper()}", str(value))
        monkeypatch.setenv("NISISAMA_MAIL__TO", json.dumps([*TO, "nobody@example.org"]))
        assert run("alerts", "mail", home=home).out == "Sent to 2 addresses; the server refused nobody@example.org.\n"
        assert run("alerts", "mail", "--json", home=home).printed == {"sent": 2, "refused": ["nobody@example.org"]}
    assert len(server.taken) == 2
