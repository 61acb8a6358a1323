"""``import`` counts what it took in, and takes nothing in twice."""

import json
import shutil
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
        assert "--approved-by" in run(*command, *basis, home=home).error["fix"]
        assert "--approved-by" in run(*command, *basis, "--approved-by", " ", home=home).error["fix"]
        assert run(*command, *basis, "--approved-by", "bo", home=home).code == DONE
