"""``case export``: what it writes, and what it refuses."""

import hashlib
from pathlib import Path

import pytest

from casefiles.bundle.presets import AUDIENCES
from tests.commands import USAGE, Life, run
from tests.nonempty import nonempty


@pytest.mark.parametrize("name", ["out.asice", "out.asice.letter.txt", "out.asice.letter.pdf"])
def test_an_export_overwrites_nothing(life: Life, home: Path, name: str) -> None:
    (home.parent / name).write_bytes(b"mine")
    export = ("case", "export", life.case, "--for", "court", "--reason", "x", "--json")
    assert run(*export, "--out", home.parent / "out.asice", home=home).error["where"] == str(home.parent / name)
    assert (home.parent / name).read_bytes() == b"mine"


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_preview_says_what_the_receiver_sees_and_writes_nothing(life: Life, home: Path, audience: str) -> None:
    asked = ("case", "export", life.case, "--for", audience, "--preview")
    before = run("audit", "--json", home=home).printed["entries"]
    told, said = run(*asked, "--json", home=home).printed, run(*asked, home=home).out
    assert run("audit", "--json", home=home).printed["entries"] == before
    assert not list(home.parent.glob("*.part"))
    hidden = {name for names in told["withheld"].values() for name in names}
    assert {"actor", "approver", "declared_by"} <= hidden
    assert (
        ("text" in hidden)
        is (audience == "partner")
        is (said.index("what people wrote") > said.index("It will withhold"))
    )
    assert "pictures" in said.partition("No bundle holds:")[2]


def test_an_exported_bundle_verifies_and_its_letter_lies_beside_it(life: Life) -> None:
    exported = life.ran["case export"].printed
    assert exported["bundle"] == str(life.bundle)
    assert exported["items"] == len(life.items)
    assert "".join(Path(exported["letter"]).read_text().split()).count(exported["sha256"]) == 1
    assert life.ran["verify"].printed["verdict"] == "PASSED"
    assert all(
        check.keys() == {"id", "verdict", "detail", "code", "facts"} for check in life.ran["verify"].printed["checks"]
    )


def test_a_stick_gets_all_that_its_receiver_needs(life: Life, home: Path) -> None:
    stick = home.parent / "stick"
    stick.mkdir()
    export = ("case", "export", life.case, "--for", "court", "--reason", "x", "--approved-by", "bo", "--json")
    told = run(*export, "--stick", stick, home=home).printed
    assert told["bundle"] == str(stick / f"{life.case}.asice")
    names = {file.name for file in stick.iterdir()}
    assert names >= {
        "README-FIRST.txt",
        "verifier.html",
        "report.en.txt",
        f"{life.case}.asice.letter.txt",
        f"{life.case}.asice.letter.pdf",
    }
    assert told["letter_pdf"] == str(stick / f"{life.case}.asice.letter.pdf")
    assert f"{life.case}.asice.letter.pdf" in (stick / "README-FIRST.txt").read_text()
    page = (stick / "verifier.html").read_bytes()
    assert hashlib.sha256(page).hexdigest() == told["verifier_sha256"]
    assert told["verifier_sha256"] in "".join(Path(told["letter"]).read_text().split())


def test_an_export_goes_to_a_file_or_to_a_stick(life: Life, home: Path) -> None:
    export = ("case", "export", life.case, "--for", "court", "--reason", "x", "--json")
    both = ("--out", home.parent / "both.asice", "--stick", home.parent)
    for where in nonempty(((), both)):
        ran = run(*export, *where, home=home)
        assert (ran.code, ran.error["code"]) == (USAGE, "usage.out_or_stick")


def test_an_export_without_a_reason_is_no_export(life: Life, home: Path) -> None:
    asked = ("case", "export", life.case, "--out", home.parent / "none.asice", "--for", "court", "--json")
    for more, why in nonempty([((), "export_without_reason"), (("--reason", " "), "blank")]):
        refused = run(*asked, *more, home=home)
        assert (refused.code, refused.error["code"]) == (USAGE, f"usage.{why}")
