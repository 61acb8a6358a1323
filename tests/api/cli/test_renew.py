"""``case renew`` says where the new file is, and which root its receiver needs."""

from pathlib import Path

from tests.commands import DONE, REFUSED, USAGE, Life, run
from tests.homes import new_home


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


def test_an_office_is_told_that_the_bundle_has_its_own_seal_already(life: Life, home: Path) -> None:
    out = ("--out", home.parent / "sealed.asice", "--reason", "received")
    ran = run("case", "countersign", life.bundle, *out, "--json", home=home)
    assert (ran.code, ran.error["code"]) == (REFUSED, "bundle.counter_sealed_before")


def test_a_counter_seal_is_told_with_its_fingerprint(life: Life, home: Path, tmp_path: Path) -> None:
    other, _ = new_home(tmp_path / "other")
    out = tmp_path / "sealed.asice"
    words = ("--trust", *life.trust()[1::2][:1], "--trust", *life.trust()[1::2][1:2], "--reason", "received")
    ran = run("case", "countersign", life.bundle, "--out", out, *words, "--by", "ann", "--json", home=other.path)
    assert (ran.code, ran.printed["verdict"], ran.printed["renewals"]) == (DONE, "PASSED", 1)
    roots = [word for file in sorted(other.trust.glob("*.pem")) for word in ("--trust", file)]
    said = run("verify", out, *life.trust(), *roots, "--json").printed
    (counter,) = [check for check in said["checks"] if check["id"] == "seal.counter"]
    assert (said["verdict"], ran.printed["seal_fingerprint"] in counter["detail"]) == ("PASSED", True)
