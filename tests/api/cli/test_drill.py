"""``key drill`` and its slips; the page of it is followed in ``test_key``."""

from pathlib import Path

from tests.commands import REFUSED, Life, run


def test_a_backup_of_another_home_passes_no_drill(life: Life, home: Path, me: None) -> None:
    other = home.parent / "other"
    run("init", "--org", "Other", "--rehearsal", "--cards", home.parent / "foreign", home=other)
    theirs = run("backup", home.parent / "theirs", "--json", home=other).printed["backup"]
    cards = sorted((life.folder / "cards").iterdir())
    for backup, code in ((theirs, "backup.of_another_log"), (home.parent / "theirs", "backup.not_one")):
        ran = run("key", "drill", backup, *cards, "--json", home=home)
        assert (ran.code, ran.error["code"]) == (REFUSED, code)
