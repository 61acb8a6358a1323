"""EU DSS, the European Commission's reference validator, on bundles that the program exports.

Maven fetches it, once for a machine. ``Validate.java`` asks it, offline and with its default policy, and prints what
it says. A machine without Java or Maven fails these tests.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from casefiles.format import layout
from casefiles.format.zip import container_bytes, read_container
from tests.homes import export_of, new_case, new_office
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

HERE = Path(__file__).parent
JARS = HERE / "jars.sha256"
AFTER_THE_SEAL = (datetime.now(UTC) + timedelta(days=6 * 365)).isoformat(timespec="seconds").replace("+00:00", "Z")

Said: TypeAlias = Mapping[str, Any]
"""What DSS says of one container, as ``Validate.java`` prints it."""

Members: TypeAlias = Mapping[str, bytes]
Change: TypeAlias = Callable[[Members], Members]

NO_REVOCATION = ["The certificate validation is not conclusive!", "No revocation data found for the certificate!"]
NO_ANCHOR = "it does not contain a trust anchor."
NO_PLACE_TO_ASK = "The authority info access is not present!"
UNSIGNED_FILE = "Not all files are signed!"


@pytest.fixture(scope="session")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the jars of DSS lie; each is the one whose digest is listed."""
    for program, package in (("java", "default-jdk-headless"), ("mvn", "maven")):
        assert shutil.which(program), f"{program} is missing: apt-get install {package}"
    listed = tmp_path_factory.mktemp("maven") / "jars"
    with (HERE / "pom.xml").open("rb") as own:
        fcntl.flock(own, fcntl.LOCK_EX)  # Maven's folder has one writer
        run("mvn", "--quiet", "--batch-mode", "dependency:build-classpath", f"-Dmdep.outputFile={listed}", timeout=600)
    jars = [Path(jar) for jar in listed.read_text(encoding="utf-8").strip().split(os.pathsep)]
    wanted = {Path(name).name: digest for digest, name in map(str.split, JARS.read_text().splitlines())}
    assert {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars} == wanted
    return os.pathsep.join(map(str, jars))


def run(*command: str, timeout: float = 120) -> str:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def export(folder: Path, *, messages: int) -> tuple[Path, list[str]]:
    """A bundle as the program writes it, and the options that name the roots which its letter tells to trust."""
    office = new_office(folder, messages=messages)
    home = office.home
    bundle = folder / "bundle.asice"
    export_of(home, new_case(home), bundle)
    home.engine.dispose()
    return bundle, [f"--trust={root}" for root in sorted((home.path / "trust").glob("*.pem"))]


def with_another(name: str) -> Change:
    """The last byte but one of a member is another."""
    return lambda members: {**members, name: members[name][:-2] + bytes([members[name][-2] ^ 1]) + members[name][-1:]}


def without(name: str) -> Change:
    return lambda members: {other: content for other, content in members.items() if other != name}


def of_size(count: int) -> Change:
    return lambda members: {**members, **{f"data/more/{n}.txt": b"" for n in range(count - len(members))}}


CHANGES: Mapping[str, Change] = {
    "table": with_another(layout.ITEMS_CSV),
    "report": with_another(layout.report_name("en")),
    "list": with_another(layout.SEAL_MANIFEST),
    "lost": without(layout.ITEMS_CSV),
    "signature": with_another(layout.SEAL_SIGNATURE),
    "more": lambda members: {**members, "data/more.txt": b"Trust me.\n"},
    "most": of_size(layout.MAX_MEMBERS),
    "too many": of_size(layout.MAX_MEMBERS + 1),
}


@pytest.fixture(scope="session")
def said(class_path: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Said]:
    """What DSS says of a small bundle, of one of 1,000 messages and more, and of changed ones; asked in one go."""
    folder = tmp_path_factory.mktemp("dss")
    small, roots = export(folder / "small", messages=16)
    large, other_roots = export(folder / "large", messages=1_000)
    seal_root = [root for root in roots if "seal" in root]
    files = changed(small, folder)
    asked = [str(small), *seal_root, str(small), *roots, str(small), *map(str, files.values())]
    asked += [*other_roots, str(large), f"--at={AFTER_THE_SEAL}", str(small)]
    lines = run("java", "-cp", class_path, str(HERE / "Validate.java"), *asked).splitlines()
    names = ["no root", "seal's root", "small", *files, "large", "after the seal"]
    return dict(zip(names, map(json.loads, lines), strict=True))


def changed(bundle: Path, folder: Path) -> dict[str, Path]:
    members = read_container(io.BytesIO(bundle.read_bytes()))
    files = {name: folder / f"{name}.asice" for name in CHANGES}
    for name, file in files.items():
        file.write_bytes(container_bytes(CHANGES[name](members)))
    return files


def the_seal(of: Said) -> Said:
    [seal] = of["signatures"]
    return seal


def verdict(of: Said) -> tuple[str, str]:
    return of["indication"], of["sub_indication"]


def verdicts(of: Said) -> list[tuple[str, str]]:
    """Of the seal, of its time stamp, and of the archive's."""
    return [verdict(each) for each in (*of["signatures"], *of["timestamps"])]


PASSED = ("TOTAL_PASSED", "null")
UNREVOKED = ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
UNTRUSTED = ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.parametrize("name", ["small", "large"])
def test_dss_passes_the_seal_of_an_exported_bundle_of_any_size(said: Mapping[str, Said], name: str) -> None:
    seal = the_seal(said[name])
    assert said[name]["container"] == "ASiC-E"
    assert seal["format"] == "CAdES-BASELINE-T"
    assert (verdict(seal), seal["errors"], seal["warnings"]) == (PASSED, [], [NO_PLACE_TO_ASK])
    sealed = {each for each in seal["covers"] if each != layout.SEAL_MANIFEST}
    assert all(map(layout.is_sealed, sealed))
    assert layout.REQUIRED - sealed == {name for name in layout.REQUIRED if not layout.is_sealed(name)}


@pytest.mark.parametrize("name", ["small", "large"])
def test_of_a_time_stamp_dss_misses_revocation_data_and_nothing_else(said: Mapping[str, Said], name: str) -> None:
    over_the_seal, over_the_archive = said[name]["timestamps"]
    assert (over_the_seal["type"], over_the_archive["type"]) == ("SIGNATURE_TIMESTAMP", "CONTAINER_TIMESTAMP")
    for stamp in (over_the_seal, over_the_archive):
        assert (stamp["imprint"], stamp["signature"]) == (True, True)
        assert (verdict(stamp), stamp["errors"]) == (UNREVOKED, NO_REVOCATION)
    assert {layout.SEAL_SIGNATURE, *the_seal(said[name])["covers"]} < set(over_the_archive["covers"])


def test_dss_trusts_no_root_but_those_that_it_is_given(said: Mapping[str, Said]) -> None:
    assert verdicts(said["no root"]) == [UNTRUSTED] * 3
    assert verdicts(said["seal's root"]) == [PASSED, UNTRUSTED, UNTRUSTED]
    for each in nonempty(said["no root"]["signatures"] + said["no root"]["timestamps"]):
        assert NO_ANCHOR in each["errors"][0]


@pytest.mark.parametrize("name", ["table", "report", "list"])
def test_dss_fails_a_changed_member(said: Mapping[str, Said], name: str) -> None:
    seal, archived = ("TOTAL_FAILED", "HASH_FAILURE"), ("FAILED", "HASH_FAILURE")
    assert verdicts(said[name]) == [seal, UNREVOKED, archived]


def test_dss_does_not_pass_a_bundle_without_one_of_its_members(said: Mapping[str, Said]) -> None:
    lost = ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND")
    assert verdicts(said["lost"]) == [lost, UNREVOKED, lost]


def test_of_a_changed_time_stamp_dss_says_so_and_passes_the_seal(said: Mapping[str, Said]) -> None:
    broken, archived = ("FAILED", "SIG_CRYPTO_FAILURE"), ("FAILED", "HASH_FAILURE")
    assert verdicts(said["signature"]) == [PASSED, broken, archived]


def test_of_a_file_that_nobody_sealed_dss_only_warns(said: Mapping[str, Said]) -> None:
    # ours refuse it: a bundle is a closed world
    seal = the_seal(said["more"])
    assert (verdict(seal), seal["warnings"]) == (PASSED, [UNSIGNED_FILE, NO_PLACE_TO_ASK])
    assert UNSIGNED_FILE not in the_seal(said["small"])["warnings"]


def test_dss_opens_as_many_members_as_a_bundle_may_have_and_not_one_more(said: Mapping[str, Said]) -> None:
    assert verdict(the_seal(said["most"])) == PASSED
    assert "Too many files" in said["too many"]["refused"]


def test_after_the_end_of_the_seals_certificate_dss_decides_no_more(said: Mapping[str, Said]) -> None:
    # until revocation data of the time-stamp office are in the bundle (B-LT), no time stamp counts for it
    assert verdicts(said["after the seal"]) == [("INDETERMINATE", "OUT_OF_BOUNDS_NOT_REVOKED"), UNREVOKED, UNREVOKED]
