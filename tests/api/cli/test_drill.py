"""``key drill`` and its slips; the page of it is followed in ``test_key``."""

from pathlib import Path

import pytest

from evidence.errors import CardError
from tests.commands import REFUSED, Life, run


def test_a_backup_of_another_home_passes_no_drill(life: Life, home: Path, me: None) -> None:
    other = home.parent / "other"
    run("init", "--org", "Other", "--rehearsal", "--cards", home.parent / "foreign", home=other)
    theirs = run("backup", home.parent / "theirs", "--json", home=other).printed["backup"]
    cards = sorted((life.folder / "cards").iterdir())
    for backup, code in ((theirs, "backup.of_another_log"), (home.parent / "theirs", "backup.not_one")):
        ran = run("key", "drill", backup, *cards, "--json", home=home)
        assert (ran.code, ran.error["code"]) == (REFUSED, code)


def test_nobody_is_asked_for_cards_before_the_folder_is_known_for_a_backup(
    life: Life, home: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(_files: object) -> list[str]:
        raise CardError("card.none_given")

    monkeypatch.setattr("api.cli.drill.card_texts", asked)
    assert run("key", "drill", home.parent, "--json", home=home).error["code"] == "backup.not_one"
    backup = run("backup", home.parent / "disk", "--json", home=home).printed["backup"]
    assert run("key", "drill", backup, "--json", home=home).error["code"] == "card.none_given"  # the control: it asks
