"""``case sheet``: what it says of the sheet that it wrote, in words and for a program."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.office.case import record_consent
from api.office.freeze import freeze
from tests.commands import DONE, REFUSED, USAGE, run
from tests.homes import PASSPHRASE, Office, consent_to, copy_of, doer, items_of, new_case


@pytest.fixture
def told(tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, str]]:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_ACTOR", "ann")
    home = copy_of(office, tmp_path)
    case = new_case(home)
    record_consent(home, case, consent_to(home, "prosecutor"), doer(home))
    yield home, case
    home.engine.dispose()


def test_a_sheet_is_written_and_told(told: tuple[Home, str], tmp_path: Path) -> None:
    home, case = told
    message = next(item for item in items_of(home) if item.kind == "message")
    asked = ("case", "sheet", case.removeprefix("case-")[:6], message.item_id[:12], "--kind", "preservation")
    done = run(*asked, "--out", tmp_path / "a.txt", "--reason", "asked", "--country", "HR", "--json", home=home.path)
    assert done.code == DONE, done.err
    printed = done.printed
    assert (printed["case_id"], printed["kind"], printed["messages"], printed["items"]) == (case, "preservation", 1, 1)
    assert (printed["frozen_items"], printed["not_at_the_platform"], printed["asked_before"]) == (0, 0, [])
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").count("European Preservation Order") == 1
    freeze(home, [items_of(home)[-1].item_id], doer(home, approver=None))
    again = run(
        "case", "sheet", case, "--kind", "disclosure", "--out", tmp_path / "b.txt", "--reason", "b", home=home.path
    )
    assert "Nothing was sent." in again.out
    assert "frozen." in again.out
    assert "Asked before about 1 item of it: preservation, 20" in again.out
    assert again.out.endswith("Read it, fill in the lines by hand, and sign it.\n")


def test_what_is_refused_is_told_with_a_way_out(told: tuple[Home, str], tmp_path: Path) -> None:
    home, case = told
    asked = ("case", "sheet", case, "--kind", "disclosure", "--json", "--out", tmp_path / "a.txt")
    assert run(*asked, home=home.path).code == USAGE, "no reason"
    refused = run(*asked, "--reason", "r", "--country", "FR", home=home.path)
    assert (refused.code, refused.error["code"]) == (REFUSED, "sheet.no_such_country")
    refused = run(
        "case",
        "sheet",
        case,
        "--kind",
        "notice",
        "--out",
        tmp_path / "a.txt",
        "--reason",
        "r",
        "--json",
        home=home.path,
    )
    assert (refused.code, refused.error["code"]) == (REFUSED, "authority.consent_to_other")
    assert not (tmp_path / "a.txt").exists()
