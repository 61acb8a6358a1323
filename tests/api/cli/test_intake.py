"""``import`` counts what it took in, and takes nothing in twice."""

from pathlib import Path

from tests.commands import DONE, REPORT, Life, run


def test_an_import_counts_what_the_export_holds(life: Life) -> None:
    imported, facts = life.ran["import"].printed, life.export
    assert (imported["channel_id"], imported["messages"]) == (facts.channel_id, facts.ordinary)
    assert imported["media"] == imported["sealed"] == len(facts.media)
    assert imported["already_known"] == 0


def test_the_same_export_again_adds_nothing(life: Life, home: Path) -> None:
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    imported = run("import", life.export.folder, "--declared-by", "mila", *sealed, "--json", home=home).printed
    assert (imported["messages"], imported["media"], imported["already_known"]) == (0, 0, len(life.items))


def test_a_mode_above_metadata_needs_counsel_and_a_second_person(life: Life, home: Path) -> None:
    watch = ["watch", "add", "kanal", *REPORT.split(), "--mode", "sealed", "--json"]
    taken = ["import", str(life.export.folder), "--declared-by", "mila", "--mode", "hash_only", "--json"]
    basis = ["--legal-basis", str(life.folder / "basis.toml")]
    for command in (watch, taken):
        assert "legal basis" in run(*command, "--approved-by", "bo", home=home).error["message"]
        assert "--approved-by" in run(*command, *basis, home=home).error["fix"]
        assert "--approved-by" in run(*command, *basis, "--approved-by", " ", home=home).error["fix"]
        assert run(*command, *basis, "--approved-by", "bo", home=home).code == DONE
