"""``case renew`` says where the new file is, and which root its receiver needs."""

from pathlib import Path

from tests.commands import REFUSED, USAGE, Life, run


def test_a_renewed_bundle_verifies_and_names_its_root(life: Life, home: Path) -> None:
    told = life.ran["case renew"].printed
    assert (told["renewals"], told["verdict"]) == (1, "PASSED")
    assert [len(root["sha256"]) for root in told["roots"]] == [64]
    said = run("verify", told["bundle"], *life.trust(), "--json").printed
    assert (said["verdict"], said["proven"][-1]["what"]) == ("PASSED", "renewed")
    words = run("case", "renew", life.bundle, "--out", home.parent / "in-words.asice", home=home)
    assert f"SHA-256: {told['sha256']}" not in words.out
    assert "root of the new time stamp" in words.out
    assert "The verifier says: PASSED" in words.out


def test_a_damaged_bundle_and_a_root_that_is_none_are_refused(life: Life, home: Path) -> None:
    damaged = home.parent / "damaged.asice"
    damaged.write_bytes(life.bundle.read_bytes()[:-1])
    out = ("--out", home.parent / "never.asice", "--json")
    assert run("case", "renew", damaged, *out, home=home).code == REFUSED
    assert run("case", "renew", life.bundle, "--trust", damaged, *out, home=home).code == USAGE
    assert not (home.parent / "never.asice").exists()
