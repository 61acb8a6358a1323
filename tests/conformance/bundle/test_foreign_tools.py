"""The bundle before programs that we did not write, and ``verify.sh``, which uses only such."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.bundle.members import make_payload
from casefiles.bundle.sign import make_seal
from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.report.beside import how_to_verify
from casefiles.report.lines import grouped
from casefiles.verifier.report import as_text, check_list
from config.words import languages, load_words
from evidence.log.note import VerifierKey
from evidence.stamp.certificate import fingerprint
from tests.casefiles import forge
from tests.damaged.corpus import CORPUS, Damaged
from tests.evidence.stamp.forge import DATA
from tests.evidence.stamp.offices import ALLOWED
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside
GIVE_ALL = "Give every root that the letter names, then run it again."
SH_CHECKS = {listed.id for listed in check_list() if "sh" in listed.done_by}


def write(bundle: bytes, directory: Path) -> Path:
    file = directory / "bundle.asice"
    file.write_bytes(bundle)
    return file


def unzipped(bundle: bytes, directory: Path) -> Path:
    folder = directory / "a folder"
    folder.mkdir()
    subprocess.run(["unzip", "-q", write(bundle, directory), "-d", folder], check=True)
    return folder


def roots_file(directory: Path) -> Path:
    file = directory / "roots.pem"
    file.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    return file


def script(*arguments: object, cwd: Path) -> tuple[int, str]:
    """Run a script with bash, nothing but its programs on the path."""
    done = subprocess.run(
        ["bash", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    return done.returncode, done.stdout + done.stderr


def failed(output: str) -> set[str]:
    return {line.split()[1] for line in output.splitlines() if line.startswith("FAILED ")}


def own_script(directory: Path) -> Path:
    """The script from elsewhere, as a careful receiver has it."""
    file = directory / "verify.sh"
    file.write_bytes(forge.good_members()[layout.VERIFY_SH])
    return file


def test_unzip_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    file = write(forge.good_bundle(), tmp_path)
    done = subprocess.run(["unzip", "-t", file], capture_output=True, text=True, check=True)
    assert "No errors detected" in done.stdout
    assert done.stderr == ""


def test_bagit_accepts_the_unzipped_folder_and_sees_a_change(tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    # in a process of its own: bagit warns of what it imports, and warnings are errors here
    command = [sys.executable, "-W", "ignore", "-m", "bagit", "--validate", folder]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (folder / "data" / "case.json").write_bytes(b"{}")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_manifests_are_well_formed_for_an_xml_parser(tmp_path: Path) -> None:
    for name in (layout.SEAL_MANIFEST, layout.ARCHIVE_MANIFEST):
        root = ET.fromstring(forge.good_members()[name])  # noqa: S314 - our own bundle
        assert root.tag == "{http://uri.etsi.org/02918/v1.2.1#}ASiCManifest"
        uris = {reference.attrib["URI"] for reference in root[1:]}
        wanted = layout.is_sealed if name == layout.SEAL_MANIFEST else layout.is_archived
        assert uris == set(filter(wanted, forge.good_members()))


def by_hand(text: str) -> list[str]:
    """The commands of each step of VERIFY.txt, as they are printed."""
    part = text.partition("Part of it by hand")[2].partition("-attime is needed")[0]
    steps = re.split(r"^[0-9]+[.] ", part, flags=re.MULTILINE)[1:]
    lines = [[line[4:] for line in step.splitlines() if line.startswith("    ")] for step in steps]
    return ["\n".join(of_step) for of_step in lines]


def typed(commands: str, *, cwd: Path) -> tuple[int, str]:
    """What a reader sees who pastes commands into a shell, which ends at the first that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def times_of(output: str) -> list[tuple[str, str]]:
    """Each proven time of a verifier's answer, with the member that holds its token."""
    part = re.split(r"\n\n", output.partition("Proven by time stamps, the earliest first:\n")[2])[0]
    return re.findall(r"(20[0-9-]{8} [0-9:]{8} UTC)  [^(]*\(([A-Za-z]+(?:-INF)?/[a-z0-9./]+),", part)


def test_verify_sh_and_the_verifier_name_the_same_proven_times_and_where_they_come_from(tmp_path: Path) -> None:
    # a stranger renewed the archive's stamp
    later = forge.START + timedelta(days=200, microseconds=1)  # which people read as the next second
    bundle = forge.rearchive(forge.good_members(), stamp=forge.stamping(later))
    file, roots = write(bundle, tmp_path), roots_file(tmp_path)
    _, output = script(own_script(tmp_path), "--trust", roots, "--bundle", file, cwd=tmp_path)
    ours = as_text(forge.checked(bundle, tmp_path))
    assert len(times_of(ours)) == 4
    assert times_of(output) == times_of(ours)
    assert times_of(ours)[3][0].endswith(":02 UTC")
    for text in (output, ours):
        assert "the bundle was sealed" in text
        assert "the file was whole; anybody can add this one later" in " ".join(text.split())
    assert "the first of the entries shown was in the log" not in output  # the script does not check that
    assert max(map(len, output.partition("Proven")[2].partition("Not checked")[0].splitlines())) < 80


@pytest.mark.slow
def test_verify_sh_proves_no_time_with_a_stamp_that_does_not_hold(tmp_path: Path) -> None:
    file, sh = write(forge.good_bundle(), tmp_path), own_script(tmp_path)
    assert "Proven by" not in script(sh, "--bundle", file, cwd=tmp_path)[1]
    (first, *stamps) = forge.stamps_of(forge.good_members())
    other = forge.with_stamps(forge.good_members(), [replace(first, token=stamps[0].token), *stamps])
    file, roots = write(forge.reseal(other), tmp_path), roots_file(tmp_path)
    _, output = script(sh, "--trust", roots, "--bundle", file, cwd=tmp_path)
    assert failed(output) == {"log.stamps"}
    left = [layout.CHECKPOINT_TOKEN, layout.SEAL_SIGNATURE, layout.ARCHIVE_TOKEN]
    assert [where for _, where in times_of(output)] == left


@pytest.mark.slow
def test_verify_sh_proves_no_time_of_the_daily_seal_of_another_log(tmp_path: Path) -> None:
    given = ["--trust", roots_file(tmp_path), "--bundle", write(forge.good_bundle(), tmp_path)]
    another = str(VerifierKey(forge.ORIGIN, bytes(32)))
    _, output = script(own_script(tmp_path), *given, "--log", another, cwd=tmp_path)
    assert failed(output) == {"log.key"}
    assert [where for _, where in times_of(output)] == [layout.SEAL_SIGNATURE, layout.ARCHIVE_TOKEN]


def test_the_commands_of_verify_txt_work_as_printed(tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    shutil.copy(roots_file(tmp_path), tmp_path / "ROOTS.pem")
    commands = by_hand((folder / layout.HOW_TO_VERIFY).read_text(encoding="utf-8"))
    code, said = typed("\n".join(commands), cwd=folder)
    assert code == 0, said
    assert said.count("CAdES Verification successful") == 1
    assert said.count("CMS Verification successful") == 2 * 3
    assert said.count("Time Stamping") == 3
    assert "data/" not in said
    assert fingerprint(forge.sealer().certificate) in said.replace(":", "").lower()
    assert len(said.splitlines()) < 40


def commands_of(text: str) -> list[str]:
    return [line for line in text.partition("\n1. ")[2].splitlines() if line.startswith("    ")]


OTHERS = [language for language in languages() if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_verify_txt_prints_the_same_commands_in_every_language(language: str) -> None:
    printed = make_payload(forge.changed(forge.small_contents(), language=language)).members[layout.HOW_TO_VERIFY]
    assert commands_of(printed.decode("utf-8")) == commands_of(forge.text_of(layout.HOW_TO_VERIFY)) != []


# the commands are the same: in each run one language, in Cyrillic letters
@pytest.mark.parametrize(
    "language", [each if each == "mk" else pytest.param(each, marks=pytest.mark.slow) for each in OTHERS]
)
def test_a_bundle_of_another_language_passes_by_the_same_commands(language: str, tmp_path: Path) -> None:
    made = forge.changed(forge.small_contents(), language=language)
    folder = unzipped(forge.build(made)[0], tmp_path)
    code, output = script("verify.sh", "--trust", roots_file(tmp_path), cwd=folder)
    assert (code, "PASSED (REHEARSAL, NOT FOR COURT)" in output.splitlines()[-1]) == (0, True), output


@pytest.mark.parametrize(
    ("step", "file"),
    [
        (0, "data/case.json"),
        (2, layout.SEAL_SIGNATURE),
        (3, layout.SEAL_MANIFEST),
        (4, layout.ARCHIVE_MANIFEST),
        (4, layout.ARCHIVE_TOKEN),
        (5, layout.CHECKPOINT),
        (5, layout.CHECKPOINT_TOKEN),
    ],
)
def test_the_commands_of_verify_txt_end_where_a_file_was_changed(step: int, file: str, tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    shutil.copy(roots_file(tmp_path), tmp_path / "ROOTS.pem")
    commands = by_hand((folder / layout.HOW_TO_VERIFY).read_text(encoding="utf-8"))
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    before = "\n".join(commands[2:step]) if step == 3 else ""
    assert typed(f"{before}\n{commands[step]}", cwd=folder)[0] != 0


def test_the_commands_of_verify_txt_name_a_file_that_was_changed(tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    (folder / layout.README).write_bytes(b"Trust me.\n")
    commands = by_hand((folder / layout.HOW_TO_VERIFY).read_text(encoding="utf-8"))
    assert typed(commands[1], cwd=folder) == (0, "README.txt\n")


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_the_commands_of_verify_txt_check_the_time_stamps_of_every_kind_of_office(tmp_path: Path, every: int) -> None:
    step = by_hand(how_to_verify(load_words("en"), {"language": "en", "rehearsal": "no"}, not_made=()))[-1]
    folder = tmp_path / "bundle"
    (folder / "data" / "log").mkdir(parents=True)
    (folder / layout.CHECKPOINT).write_bytes(DATA)
    for kind, make in nonempty(islice(ALLOWED.items(), 0, None, every)):
        office = make()
        (folder / layout.CHECKPOINT_TOKEN).write_bytes(office.token)
        (tmp_path / "ROOTS.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", root) for root in office.roots))
        code, said = typed(step, cwd=folder)
        # what OpenSSL before 3.2 cannot, VERIFY.txt says
        assert code == 0 or "Ed25519" in kind, (kind, said)
        assert "4 12:00:00 UTC 2026" in said or code, (kind, said)


def test_the_script_passes_a_good_bundle_from_any_folder(tmp_path: Path) -> None:
    roots = roots_file(tmp_path)
    folder = unzipped(forge.good_bundle(), tmp_path)
    for arguments, cwd in (
        ([folder / "verify.sh", "--trust", roots], tmp_path),
        (["verify.sh", roots], folder),
        ([own_script(tmp_path), "--bundle", tmp_path / "bundle.asice", "--trust", roots], tmp_path),
    ):
        code, output = script(*arguments, cwd=cwd)
        assert code == 0, output
        assert output.rstrip().endswith("verdict: PASSED (REHEARSAL, NOT FOR COURT)")
        assert max(map(len, output.splitlines())) < 80
        assert {line.split()[1] for line in output.splitlines() if line.startswith("PASSED ")} == SH_CHECKS
        for listed in check_list():
            assert (listed.id in output.split("Not checked here")[1]) == ("sh" not in listed.done_by)


@pytest.mark.slow
def test_the_script_reads_what_a_description_escapes(tmp_path: Path) -> None:
    roots, own = roots_file(tmp_path), own_script(tmp_path)
    for tool, name in (('a "b" \\ & c', "Здружение *"), ("&", '\\"')):
        bundle = forge.build(forge.changed(forge.small_contents(), tool=tool, bundle_id=name))[0]
        code, output = script(own, "--bundle", write(bundle, tmp_path), "--trust", roots, cwd=tmp_path)
        assert code == 0, output


def test_the_script_without_roots_is_undecided_and_says_so(tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    code, output = script("verify.sh", cwd=folder)
    assert code == 3, output
    assert "no roots were given" in output
    assert "verdict: INDETERMINATE" in output


def test_the_script_refuses_roots_from_the_bundle_and_what_are_no_roots(tmp_path: Path) -> None:
    inside = f"data/certs/{forge.stamp_office().root.fingerprint(hashes.SHA256()).hex()}.pem"
    folder = unzipped(forge.good_bundle(), tmp_path)
    assert "Keep it outside of this folder" in script("verify.sh", "--trust", inside, cwd=folder)[1]
    for root in (inside, "README.txt", "none.pem"):
        assert script("verify.sh", "--trust", root, cwd=folder)[0] == 2
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes(roots_file(tmp_path).read_bytes() + pem.armor("PRIVATE KEY", b"0"))
    code, output = script("verify.sh", "--trust", mixed, cwd=folder)
    assert (code, "something that is no certificate" in output) == (2, True)
    assert script("verify.sh", "--no-such-option", cwd=folder)[0] == 2
    assert script("verify.sh", "--trust", cwd=folder)[0] == 2


@pytest.mark.slow
def test_the_script_fails_with_a_root_of_somebody_else(tmp_path: Path) -> None:
    folder = unzipped(forge.good_bundle(), tmp_path)
    only = tmp_path / "seal-root.pem"
    only.write_bytes(forge.sealer().chain[0].public_bytes(Encoding.PEM))
    code, output = script("verify.sh", only, cwd=folder)
    assert code == 1
    assert {"seal.time_stamp", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps"} <= failed(output)
    assert output.count("no root was given for: CN=") == 4
    assert output.count(GIVE_ALL) == 1
    assert max(map(len, output.splitlines())) < 80
    # the other way round, it is the seal's
    only.write_bytes(forge.stamp_office().root.public_bytes(Encoding.PEM))
    code, output = script("verify.sh", only, cwd=folder)
    assert (code, failed(output), output.count(GIVE_ALL)) == (1, {"seal.chain"}, 1)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    "name",
    [
        "archive_stamp_of_another_bundle",
        "seal_with_the_time_stamp_of_another_seal",
        "seal_after_its_certificate_ended",
    ],
)
def test_the_script_calls_nothing_a_missing_root_that_is_wrong_itself(name: str, tmp_path: Path) -> None:
    (case,) = (case for case in CORPUS if case.name == name)
    root = tmp_path / "a root of nobody.pem"
    root.write_bytes(make_seal("Somebody else", forge.BEFORE)[0].public_bytes(Encoding.PEM))
    given = [own_script(tmp_path), "--bundle", write(case.bundle(), tmp_path)]
    assert GIVE_ALL not in script(*given, "--trust", roots_file(tmp_path), cwd=tmp_path)[1]
    code, output = script(*given, "--trust", root, cwd=tmp_path)
    blamed = re.findall(r"^FAILED +(\S+) .*\n(?: {14}.*\n)*? {14}no root was given", output, re.MULTILINE)
    assert (code, set(blamed) & case.fails) == (1, set()), output


@pytest.mark.slow
def test_the_script_takes_the_seals_fingerprint_as_the_letter_prints_it(tmp_path: Path) -> None:
    sealer = forge.sealer()
    roots, own = roots_file(tmp_path), own_script(tmp_path)
    given = ["--bundle", write(forge.good_bundle(), tmp_path), "--trust", roots]
    spelled = "\n".join(grouped(fingerprint(sealer.certificate))).upper()
    code, output = script(own, *given, "--seal", spelled, cwd=tmp_path)
    assert code == 0, output
    code, output = script(own, *given, "--seal", "0" * 64, cwd=tmp_path)
    assert (code, failed(output)) == (1, {"seal.chain"})
    assert script(own, *given, "--seal", "0" * 63, cwd=tmp_path)[0] == 2
    # without roots a wrong one still fails
    assert script(own, *given[:2], "--seal", "0" * 64, cwd=tmp_path)[0] == 1


@pytest.mark.slow
def test_in_the_script_too_the_fingerprint_settles_who_sealed_and_never_when(tmp_path: Path) -> None:
    sealer = forge.sealer_under(forge.stamp_office().root)
    file = write(forge.reseal(forge.good_members(), by=sealer), tmp_path)
    given = [own_script(tmp_path), "--bundle", file, "--trust", roots_file(tmp_path)]
    code, output = script(*given, "--seal", fingerprint(sealer.certificate), cwd=tmp_path)
    assert code == 3, output
    assert "PASSED        seal.chain" in output
    for stamp in ("seal.time_stamp", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps"):
        assert f"INDETERMINATE {stamp}" in output


@pytest.mark.slow
def test_a_seal_for_documents_passes_the_script(tmp_path: Path) -> None:
    kinds = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12", "1.2.840.113583.1.1.5")
    documents = x509.ExtendedKeyUsage([x509.ObjectIdentifier(kind) for kind in kinds])
    bundle = forge.sealed_by(forge.sealer_under(forge.sealer().chain[0], documents))
    given = ["--bundle", write(bundle, tmp_path), "--trust", roots_file(tmp_path)]
    code, output = script(own_script(tmp_path), *given, cwd=tmp_path)
    assert code == 0, output


def telling() -> list[str]:
    """Names of damaged bundles that together concern every check of the script, each one that none before it does."""
    chosen, left = list[str](), {check for case in CORPUS for check in (case.fails | case.undecided) & SH_CHECKS}
    while left:
        most = max(CORPUS, key=lambda case: len((case.fails | case.undecided) & left))
        chosen.append(most.name)
        left -= most.fails | most.undecided
    return chosen


TELLING = telling()
"""The script takes two seconds for each; the slow suite tries every one."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[] if case.name in TELLING else pytest.mark.slow) for case in CORPUS],
)
def test_the_script_finds_each_defect_that_it_claims_to_check(case: Damaged, tmp_path: Path) -> None:
    arguments = ["--bundle", write(case.bundle(), tmp_path), "--trust", roots_file(tmp_path), "--log", forge.VKEY]
    code, output = script(own_script(tmp_path), *arguments, cwd=tmp_path)
    claimed = case.fails & SH_CHECKS - NOT_ALL_OF_IT.get(case.name, set())
    doubts = case.undecided & SH_CHECKS
    assert code in ((0 if case.added else 3,) if doubts else (1,) if claimed else (0, 1)), output
    if doubts:
        undecided = {line.split()[1] for line in output.splitlines() if line.startswith("INDETERMINATE ")}
        assert undecided == doubts
        assert "lead to the same root" in output or (case.added and "no root was given for" in output)
    # it finds nothing that the verifier does not; but a container may fail while it is unzipped, and of the
    # form of the log's files it asks as much as it needs to read them
    also = {"container.members"} | ({"log.stamps"} if "log.form" in case.fails else set())
    assert failed(output) <= case.fails | also
    if claimed:
        assert failed(output) & (claimed | {"container.members"})


NOT_ALL_OF_IT = {
    # a shell has no schemas: whether the description that the bag's name is in has its form is left to the verifier
    "perceptual_hash_in_the_description": {"bag.info"},
    # a shell does not follow which certificate issued which
    "certificate_of_a_stranger_in_the_archive_stamp": {"archive.time_stamp"},
}


def member_flips(step: int, every: int) -> Iterator[tuple[str, bytes]]:
    members = forge.good_members()
    for name, content in islice(members.items(), 0, None, every):
        for at in range(min(step // 2, len(content) - 1), len(content), step):
            yield (
                name,
                container_bytes_of({**members, name: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]}),
            )


def container_bytes_of(members: dict[str, bytes]) -> bytes:
    """As a ZIP whose checksums are right, so that unzip finds nothing; the mimetype may be another."""
    good = forge.good_members()
    if members[layout.MIMETYPE] == good[layout.MIMETYPE]:
        return container_bytes(members)
    made = container_bytes({**members, layout.MIMETYPE: good[layout.MIMETYPE]})
    return made.replace(good[layout.MIMETYPE], members[layout.MIMETYPE], 1)


@pytest.mark.parametrize(("step", "every"), [(1 << 20, 16), pytest.param(4099, 1, marks=pytest.mark.slow)])
def test_the_script_fails_on_a_flipped_byte_in_any_member(tmp_path: Path, step: int, every: int) -> None:
    roots, own = roots_file(tmp_path), own_script(tmp_path)
    for name, bundle in nonempty(member_flips(step, every)):
        file = write(bundle, tmp_path)
        code, output = script(own, "--bundle", file, roots, cwd=tmp_path)
        assert code == 1 or name == layout.ARCHIVE_TOKEN, f"{name}\n{output}"


@pytest.mark.slow
def test_the_script_fails_on_a_member_added_removed_or_renamed(tmp_path: Path) -> None:
    roots, folder = roots_file(tmp_path), unzipped(forge.good_bundle(), tmp_path)
    assert script("verify.sh", roots, cwd=folder)[0] == 0
    for name in ("data/items.csv", "mimetype"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        assert script("verify.sh", roots, cwd=folder)[0] == 1, name
        (folder / f"{name}.bak").write_bytes(kept)
        assert script("verify.sh", roots, cwd=folder)[0] == 1, name
        (folder / f"{name}.bak").unlink()
        (folder / name).write_bytes(kept)
    assert script("verify.sh", roots, cwd=folder)[0] == 0


def test_hostile_file_names_are_refused_and_run_nothing(tmp_path: Path) -> None:
    roots, folder = roots_file(tmp_path), unzipped(forge.good_bundle(), tmp_path)
    for name in (
        "$(touch ran)", "`touch ran`", "-rf", "--help", "a\nb", "a b", "*", ";touch ran", "\x1b[2J", "..x", "caf\u00e9",
        ".hidden", "data/log/key\n",
    ):  # fmt: skip
        odd = folder / name
        odd.write_bytes(b"x")
        code, output = script("verify.sh", roots, cwd=folder)
        assert (code, failed(output)) == (1, {"container.members"}), name
        assert "\x1b" not in output
        odd.unlink()
        assert not (folder / "ran").exists()


def test_a_link_in_place_of_a_member_is_refused(tmp_path: Path) -> None:
    roots, folder = roots_file(tmp_path), unzipped(forge.good_bundle(), tmp_path)
    outside = tmp_path / "items.csv"
    (folder / "data" / "items.csv").rename(outside)
    (folder / "data" / "items.csv").symlink_to(outside)
    code, output = script("verify.sh", roots, cwd=folder)
    assert (code, failed(output)) == (1, {"container.members"})


def test_the_script_needs_no_program_beyond_bash_coreutils_openssl_and_unzip(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    coreutils = (
        "base64 basenc cat comm cp cut date dd dirname fold head ln mkdir mktemp mv paste realpath rm sha256sum sort "
        "tail tr uniq wc"
    )
    for tool in (*coreutils.split(), "bash", "openssl", "unzip"):
        found = shutil.which(tool)
        assert found, tool
        (tools / tool).symlink_to(found)
    file, roots = write(forge.good_bundle(), tmp_path), roots_file(tmp_path)
    done = subprocess.run(
        [tools / "bash", own_script(tmp_path), "--bundle", file, "--trust", roots],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": str(tools)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_openssl_sees_the_digest_that_the_letter_prints(tmp_path: Path) -> None:
    file = write(forge.good_bundle(), tmp_path)
    done = subprocess.run(["openssl", "dgst", "-sha256", file], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(hashlib.sha256(forge.good_bundle()).hexdigest())
