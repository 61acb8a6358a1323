"""EU DSS, the European Commission's reference validator, on bundles that the program exports.

Maven fetches it, once for a machine. ``Validate.java`` asks it, offline and with its default policy, and prints what
it says. A machine without Java or Maven fails these tests.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from api.office.renew import countersign, renew
from casefiles.bundle.destination import Destination
from casefiles.format import layout
from casefiles.format.zip import container_bytes, read_container
from casefiles.verifier.__main__ import load_roots
from tests.conformance.dss.page import PAGE, page
from tests.homes import PASSPHRASE, doer, export_of, new_case, new_home, new_office
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

HERE = Path(__file__).parent
JARS = HERE / "jars.sha256"
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It ends before more compiling would pay."""
AFTER_THE_SEAL = (datetime.now(UTC) + timedelta(days=6 * 365)).isoformat(timespec="seconds").replace("+00:00", "Z")

Said: TypeAlias = Mapping[str, Any]
"""What DSS says of one container, as ``Validate.java`` prints it."""

Members: TypeAlias = Mapping[str, bytes]
Change: TypeAlias = Callable[[Members], Members]

NO_REVOCATION = ["The certificate validation is not conclusive!", "No revocation data found for the certificate!"]
NO_ANCHOR = "it does not contain a trust anchor."
NO_PLACES_TO_ASK = ["The authority info access is not present!", "The revocation info access is not present!"]
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


def export(folder: Path, *, messages: int, keep_lists: bool = True) -> tuple[Path, list[str]]:
    """A bundle as the program writes it, and the options that name the roots which its letter tells to trust.

    Args:
        keep_lists: Whether the home still has its revocation lists, and may have new ones.
    """
    office = new_office(folder, messages=messages)
    home = office.home
    if not keep_lists:
        shutil.rmtree(home.lists.folder)
        home.lists.folder.touch()  # nothing can be kept there
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
    bare, bare_roots = export(folder / "bare", messages=16, keep_lists=False)
    renewed, counter, more_roots = added_to(small, roots, folder)
    asked = [str(small), *seal_root, str(small), *roots, str(small), *map(str, files.values())]
    asked += [*other_roots, str(large), *more_roots, str(renewed), str(counter), *bare_roots, str(bare)]
    asked += [f"--at={AFTER_THE_SEAL}", str(small), str(bare), str(renewed)]
    lines = run(*JAVA, "-cp", class_path, str(HERE / "Validate.java"), *asked).splitlines()
    names = ["no root", "seal's root", "small", *files, "large", "renewed", "counter-sealed", "bare"]
    names += ["after the seal", "bare, after the seal", "renewed, after the seal"]
    return dict(zip(names, map(json.loads, lines), strict=True))


def added_to(bundle: Path, roots: Sequence[str], folder: Path) -> tuple[Path, Path, list[str]]:
    """What another office makes of a bundle: renewed twice, and counter-sealed; and the options that name its roots."""
    other, _ = new_home(folder / "other")
    known = load_roots([Path(root.removeprefix("--trust=")) for root in roots])
    once, twice, sealed = (folder / f"{name}.asice" for name in ("once", "twice", "counter-sealed"))
    renew(other, bundle, Destination(once), roots=known)
    renew(other, once, Destination(twice), roots=known)
    casework = other.keys.unlock(PASSPHRASE).casework
    countersign(other, bundle, Destination(sealed), roots=known, doer=doer(other), casework=casework)
    other.engine.dispose()
    return twice, sealed, [f"--trust={root}" for root in sorted((other.path / "trust").glob("*.pem"))]


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


PASSED, STAMPED = ("TOTAL_PASSED", "null"), ("PASSED", "null")
UNREVOKED = ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
UNTRUSTED = ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.every(2)
@pytest.mark.parametrize("name", ["small", "large"])
def test_dss_passes_an_exported_bundle_of_any_size_as_lta(said: Mapping[str, Said], name: str) -> None:
    seal = the_seal(said[name])
    assert said[name]["container"] == "ASiC-E"
    assert seal["format"] == "CAdES-BASELINE-LTA"
    assert (verdict(seal), seal["errors"], seal["warnings"]) == (PASSED, [], NO_PLACES_TO_ASK)
    sealed = {each for each in seal["covers"] if each != layout.SEAL_MANIFEST}
    assert all(map(layout.is_sealed, sealed))
    assert layout.REQUIRED - sealed == {name for name in layout.REQUIRED if not layout.is_sealed(name)}


@pytest.mark.parametrize("name", ["small", "large", "after the seal"])
def test_dss_passes_both_time_stamps(said: Mapping[str, Said], name: str) -> None:
    over_the_seal, over_the_archive = said[name]["timestamps"]
    assert (over_the_seal["type"], over_the_archive["type"]) == ("SIGNATURE_TIMESTAMP", "CONTAINER_TIMESTAMP")
    for stamp in (over_the_seal, over_the_archive):
        assert (stamp["imprint"], stamp["signature"]) == (True, True)
        assert (verdict(stamp), stamp["errors"], stamp["warnings"]) == (STAMPED, [], [])
    assert {layout.SEAL_SIGNATURE, *the_seal(said[name])["covers"]} < set(over_the_archive["covers"])


@pytest.mark.parametrize("name", ["renewed", "renewed, after the seal", "counter-sealed"])
def test_dss_passes_what_another_office_added(said: Mapping[str, Said], name: str) -> None:
    seals, stamps = said[name]["signatures"], said[name]["timestamps"]
    assert len(seals) == (2 if name == "counter-sealed" else 1)
    assert len(stamps) == 4
    assert {seal["format"] for seal in seals} == {"CAdES-BASELINE-LTA"}
    assert {verdict(seal) for seal in seals} == {PASSED}
    assert {verdict(stamp) for stamp in stamps} == {STAMPED}


@pytest.mark.slow
def test_dss_opens_a_bundle_of_10_000_messages_without_a_raised_limit(class_path: str, tmp_path: Path) -> None:
    bundle, roots = export(tmp_path / "largest", messages=10_000)
    command = ("java", "-Xmx512m", "-cp", class_path, str(HERE / "Validate.java"), *roots, str(bundle))
    largest = json.loads(run(*command, timeout=600))
    assert verdicts(largest) == [PASSED, STAMPED, STAMPED]
    assert the_seal(largest)["format"] == "CAdES-BASELINE-LTA"


def test_without_revocation_lists_dss_decides_nothing(said: Mapping[str, Said]) -> None:
    # the control: what an office that could not be reached leaves
    seal = the_seal(said["bare"])
    assert seal["format"] == "CAdES-BASELINE-T"
    assert verdicts(said["bare"]) == [UNREVOKED] * 3
    assert seal["errors"] == NO_REVOCATION


def test_dss_trusts_no_root_but_those_that_it_is_given(said: Mapping[str, Said]) -> None:
    assert verdicts(said["no root"]) == [UNTRUSTED] * 3
    assert verdicts(said["seal's root"]) == [PASSED, UNTRUSTED, UNTRUSTED]
    for each in nonempty(said["no root"]["signatures"] + said["no root"]["timestamps"]):
        assert NO_ANCHOR in each["errors"][0]


@pytest.mark.parametrize("name", ["table", "report", "list"])
def test_dss_fails_a_changed_member(said: Mapping[str, Said], name: str) -> None:
    seal, archived = ("TOTAL_FAILED", "HASH_FAILURE"), ("FAILED", "HASH_FAILURE")
    assert verdicts(said[name]) == [seal, STAMPED, archived]


def test_dss_does_not_pass_a_bundle_without_one_of_its_members(said: Mapping[str, Said]) -> None:
    lost = ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND")
    assert verdicts(said["lost"]) == [lost, STAMPED, lost]


def test_of_a_changed_time_stamp_dss_says_so_and_passes_the_seal(said: Mapping[str, Said]) -> None:
    broken, archived = ("FAILED", "SIG_CRYPTO_FAILURE"), ("FAILED", "HASH_FAILURE")
    assert verdicts(said["signature"]) == [PASSED, broken, archived]


def test_of_a_file_that_nobody_sealed_dss_only_warns(said: Mapping[str, Said]) -> None:
    # ours refuse it: a bundle is a closed world
    seal = the_seal(said["more"])
    assert (verdict(seal), seal["warnings"]) == (PASSED, [UNSIGNED_FILE, *NO_PLACES_TO_ASK])
    assert UNSIGNED_FILE not in the_seal(said["small"])["warnings"]


def test_dss_opens_as_many_members_as_a_bundle_may_have_and_not_one_more(said: Mapping[str, Said]) -> None:
    assert verdict(the_seal(said["most"])) == PASSED
    assert "Too many files" in said["too many"]["refused"]


def test_after_the_end_of_the_seals_certificate_dss_passes_it_by_its_lists(said: Mapping[str, Said]) -> None:
    assert the_seal(said["after the seal"])["format"] == "CAdES-BASELINE-LTA"
    assert verdicts(said["after the seal"]) == [PASSED, STAMPED, STAMPED]
    assert verdicts(said["bare, after the seal"]) == [UNREVOKED] * 3


BUNDLES = {
    "small": "16 messages",
    "after the seal": "the same, six years later",
    "large": "1,000 messages",
    "renewed": "16 messages, renewed twice by another office",
    "renewed, after the seal": "the same, six years later",
    "counter-sealed": "16 messages, counter-sealed by another office",
    "no root": "16 messages, no root given",
    "bare": "16 messages, of a home without revocation lists",
    "bare, after the seal": "the same, six years later",
    "table": "16 messages, a table changed",
    "more": "16 messages, and a file that nobody sealed",
}


def test_the_page_says_what_dss_says(said: Mapping[str, Said]) -> None:
    (version,) = re.findall(r"<dss>([0-9.]+)</dss>", (HERE / "pom.xml").read_text(encoding="utf-8"))
    text = page(said, version=version, bundles=BUNDLES)
    if os.environ.get("WRITE_CONFORMANCE"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
