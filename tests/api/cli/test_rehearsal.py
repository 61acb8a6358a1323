"""``demo`` leaves a bundle that verifies."""

import shlex
from pathlib import Path

import pytest

from tests.commands import DONE, run, shorten_demo


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_demo(monkeypatch)


@pytest.mark.slow
def test_a_demo_that_is_kept_goes_into_a_new_folder(tmp_path: Path, me: None, small_demo: None) -> None:
    (tmp_path / "mine").write_bytes(b"")
    assert run("demo", "--keep", tmp_path, "--json").error["type"] == "HomeError"
    ran = run("demo", "--keep", tmp_path / "kept", "--json")
    assert (ran.code, ran.printed["verdict"]) == (DONE, "PASSED")
    assert ran.printed["messages"] > 0
    assert ran.printed["media"] > 0
    assert [Path(ran.printed[name]).parent for name in ("bundle", "letter_pdf", "home")] == [tmp_path / "kept"] * 3
    assert (tmp_path / "kept" / "home.keys").is_dir()


def test_a_demo_leaves_bundle_letter_and_roots_beside_older_ones(
    tmp_path: Path, me: None, small_demo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nisisama-demo").mkdir()
    (tmp_path / "nisisama-demo" / "older").write_bytes(b"")
    ran = run("demo")
    made = tmp_path / "nisisama-demo-2"
    assert ran.code == DONE
    assert sorted(file.name for file in made.iterdir()) == [
        "bundle.asice",
        "bundle.asice.letter.pdf",
        "bundle.asice.letter.txt",
        "trust",
    ]
    assert f"Letter: {made}/bundle.asice.letter.pdf, {made}/bundle.asice.letter.txt\n" in ran.out
    line = next(line for line in ran.out.splitlines() if "verify.sh" in line)
    assert {Path(word).parent for word in shlex.split(line) if word.endswith(".pem")} == {made / "trust"}
