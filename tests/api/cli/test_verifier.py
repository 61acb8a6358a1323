"""``verifier`` writes both verifiers and prints their digests."""

import hashlib
from pathlib import Path

from tests.commands import REFUSED, run


def test_both_files_have_the_printed_digests_and_no_home_is_needed(tmp_path: Path) -> None:
    told = run("verifier", "--out", tmp_path / "out", "--json").printed
    for name in ("page", "program"):
        assert hashlib.sha256(Path(told[name]).read_bytes()).hexdigest() == told[f"{name}_sha256"]
    text = run("verifier", "--out", tmp_path / "out").out
    assert told["page_sha256"] in text
    assert told["program_sha256"] in text


def test_it_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "verifier.pyz").write_text("mine")
    ran = run("verifier", "--out", tmp_path, "--json")
    assert (ran.code, ran.error["code"]) == (REFUSED, "home.out_taken")
