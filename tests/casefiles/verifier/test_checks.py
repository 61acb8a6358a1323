import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from api.cli.main import cli, main
from casefiles.bundle.members import make_payload
from casefiles.bundle.sign import Sealer, make_seal
from casefiles.errors import ContainerError, TrustError, UndecidedError
from casefiles.format import layout
from casefiles.format.zip import container_bytes, open_container, read_container
from casefiles.pages.made import page_maker
from casefiles.report.paged import NO_MAKER, PageMaker, Remaking
from casefiles.verifier import __main__ as program
from casefiles.verifier.cades import parse_fingerprint, require_nothing_beside
from casefiles.verifier.checks import CHECKS, OpenedBundle, _log_against, _log_times, examine, verify, verify_stream
from casefiles.verifier.report import WIDTH, as_json, as_text, check_list, detail_of
from evidence.errors import TokenError
from evidence.finding import Basis, Finding, Report, Verdict
from evidence.log.note import VerifierKey
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.stamp.token import read_token
from tests.casefiles import forge
from tests.nonempty import nonempty

TREE = Path(__file__).parents[3]


def test_a_good_bundle_passes_every_check(tmp_path: Path) -> None:
    report = forge.checked(forge.good_bundle(), tmp_path)
    assert report.verdict is Verdict.PASSED
    assert [finding.id for finding in report.findings] == [listed.id for listed in check_list()]


def test_a_bundle_for_court_passes_and_says_for_whom_it_was_made(tmp_path: Path) -> None:
    report = forge.checked(forge.build(forge.small_contents(rehearsal=False))[0], tmp_path)
    assert report.verdict is Verdict.PASSED
    assert next(one.found for one in report.findings if one.id == "records.case") == "made for: prosecutor"


def test_every_check_of_the_list_is_made_here_and_no_other() -> None:
    assert [check.id for check in CHECKS] == [listed.id for listed in check_list()]
    assert all("cli" in listed.done_by for listed in check_list())
    for number, check in enumerate(CHECKS):
        assert set(check.needs) <= {earlier.id for earlier in CHECKS[:number]}


def test_what_the_list_says_that_the_script_checks_the_script_runs() -> None:
    script = (TREE / "casefiles" / "verifier" / "verify.sh").read_text(encoding="ascii")
    run = [line.split()[1] for line in script.splitlines() if line.startswith("  run ")]
    assert run == [listed.id for listed in check_list() if "sh" in listed.done_by]


def test_progress_hears_of_each_look_at_a_record_or_a_stamp_as_often_as_it_said() -> None:
    for damaged in ("", layout.ENTRIES, layout.STAMPS, layout.ITEMS_JSONL, layout.SEAL_SIGNATURE, layout.LOG_KEY):
        members = dict(forge.good_members())
        if damaged:
            members[damaged] = b"\n".join([b"{}", *members[damaged].split(b"\n")[1:]])
        totals, heard = list[int](), list[int]()

        def begin(total: int, totals: list[int] = totals, heard: list[int] = heard) -> Callable[[int], object]:
            totals.append(total)
            return heard.append

        opened = OpenedBundle(members, roots=forge.roots(), log_key=forge.VKEY)
        assert (examine(opened, begin).verdict is Verdict.PASSED) is not bool(damaged)
        entries, stamps = (members[name].count(b"\n") for name in (layout.ENTRIES, layout.STAMPS))
        records = [check.id for check in CHECKS if check.each == (layout.ENTRIES,)]
        assert totals == [len(records) * entries + 3 * stamps]
        assert sum(heard) == totals[0]
        assert damaged or heard.count(1) >= 3 * entries + 2 * stamps  # searched, opened, and in a table


def test_without_roots_nothing_is_more_than_undecided_and_the_fingerprints_are_shown(tmp_path: Path) -> None:
    report = forge.checked(forge.good_bundle(), tmp_path, trust=[], log_key=None)
    assert report.verdict is Verdict.INDETERMINATE
    undecided = {finding.id: finding for finding in report.problems}
    stamps = {"seal.time_stamp", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps"}
    assert undecided.keys() == {"seal.chain", "seal.revocation", *stamps}
    root = forge.sealer().chain[0].fingerprint(hashes.SHA256()).hex()
    assert root in undecided["seal.chain"].found
    stamper = forge.stamp_office().certificate.fingerprint(hashes.SHA256()).hex()
    assert all(stamper in undecided[name].found for name in stamps)


def test_roots_that_lie_in_the_bundle_are_not_trusted(tmp_path: Path) -> None:
    inside = [name for name in forge.good_members() if name.startswith(layout.CERTIFICATES)]
    assert len(inside) == len(forge.roots())
    assert forge.checked(forge.good_bundle(), tmp_path, trust=[]).verdict is Verdict.INDETERMINATE


def test_a_root_of_somebody_else_fails(tmp_path: Path) -> None:
    other, *_ = make_seal("Test organisation", forge.START - timedelta(days=30))
    stranger = RehearsalOffice.create(tmp_path / "other", at=forge.START - timedelta(days=30))
    bundle = forge.good_bundle()
    wrong_seal = forge.checked(bundle, tmp_path, trust=[other, forge.stamp_office().root])
    assert forge.failed(wrong_seal) == {"seal.chain"}
    wrong_stamps = forge.checked(bundle, tmp_path, trust=[forge.sealer().chain[0], stranger.root])
    assert {"seal.time_stamp", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps"} <= forge.failed(wrong_stamps)


def test_the_seal_certificate_itself_can_be_what_is_trusted(tmp_path: Path) -> None:
    trust = [forge.sealer().certificate, forge.stamp_office().root]
    assert forge.checked(forge.good_bundle(), tmp_path, trust=trust).verdict is Verdict.PASSED


def test_a_seal_that_had_expired_when_it_was_stamped_fails(tmp_path: Path) -> None:
    root, _, certificate, key = make_seal("Test organisation", forge.START - timedelta(days=6 * 366))
    expired = forge.sealed_by(Sealer(certificate, key, (root,)))
    report = forge.checked(expired, tmp_path, trust=[root, forge.stamp_office().root])
    assert forge.failed(report) == {"seal.chain"}
    assert "not valid at that time" in next(one.found for one in report.problems if one.id == "seal.chain")


def test_a_seal_that_expired_after_it_was_stamped_still_passes(tmp_path: Path) -> None:
    root, _, certificate, key = make_seal("Test organisation", forge.START - timedelta(days=5 * 365))
    assert certificate.not_valid_after_utc < forge.START + timedelta(days=30)
    bundle = forge.sealed_by(Sealer(certificate, key, (root,)))
    report = forge.checked(bundle, tmp_path, trust=[root, forge.stamp_office().root])
    assert report.verdict is Verdict.PASSED


def test_another_log_key_than_the_one_given_fails(tmp_path: Path) -> None:
    other = VerifierKey(forge.ORIGIN, bytes(32))
    report = forge.checked(forge.good_bundle(), tmp_path, log_key=other)
    assert forge.failed(report) == {"log.key"}


def test_a_check_whose_ground_does_not_hold_is_not_made_and_says_so(tmp_path: Path) -> None:
    report = forge.checked(b"no container", tmp_path)
    assert report.verdict is Verdict.FAILED
    assert forge.failed(report) == {"container.form"}
    assert all("not made" in finding.found for finding in report.findings[1:])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "an empty file"),
        (b"Dear Sir or Madam,\n", "a file that begins with the bytes 44 65 61 72 20 53 69 72"),
        (b"\x1b[2J", "a file that begins with the bytes 1b 5b 32 4a"),
        (b"PK\x03\x04" + forge.good_bundle()[70:], "a ZIP file that begins with something else"),
    ],
)
def test_what_is_no_bundle_is_told_so_in_one_line(data: bytes, kind: str, tmp_path: Path) -> None:
    line, empty, verdict = as_text(forge.checked(data, tmp_path)).splitlines()
    assert line.startswith(
        f"this file is not a bundle: {kind} (expected a ZIP file that begins with the member mimetype"
    )
    assert (empty, verdict) == ("", "verdict: FAILED")
    assert len(as_json(forge.checked(data, tmp_path))["checks"]) == len(check_list())


def test_a_bundle_that_is_cut_anywhere_is_told_as_cut() -> None:
    bundle = forge.good_bundle()
    for size in [*range(1, 200), *range(200, len(bundle), 97), *range(len(bundle) - 200, len(bundle))]:
        with pytest.raises(ContainerError, match=f"is cut short.*found {size} bytes"):
            read_container(io.BytesIO(bundle[:size]))


def test_a_length_that_was_changed_in_a_whole_bundle_is_not_told_as_a_bad_copy_alone() -> None:
    bundle = bytearray(forge.good_bundle())
    at = 38 + len("application/vnd.etsi.asic-e+zip")  # the second member, whose header holds its size twice
    for place in (at + 18, at + 22):
        bundle[place : place + 4] = (len(bundle)).to_bytes(4, "little")
    with pytest.raises(ContainerError, match=f"or changed.*found {len(bundle)} bytes") as raised:
        read_container(io.BytesIO(bytes(bundle)))
    assert "it was changed: write to the sender" in raised.value.fix


class Pipe(io.BytesIO):
    """Bytes that come once."""

    def seek(self, _offset: int, _whence: int = 0) -> int:
        raise io.UnsupportedOperation("seek")

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")


@pytest.mark.parametrize("size", [None, 20, 5000])
def test_a_bundle_comes_through_a_pipe_as_well(size: int | None) -> None:
    data = forge.good_bundle()[:size]
    through, whole = (
        verify_stream(each, roots=forge.roots(), log_key=forge.VKEY) for each in (Pipe(data), io.BytesIO(data))
    )
    assert through == whole
    assert through.verdict is (Verdict.PASSED if size is None else Verdict.FAILED)


class Changing(io.BytesIO):
    """A file in which somebody changes a byte between one reading of it and the next."""

    def __init__(self, data: bytes, at: int) -> None:
        super().__init__(data)
        self.at, self.reached = at, False

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.reached:  # the container was read to its end
            super().seek(self.at)
            self.write(bytes([self.getvalue()[self.at] ^ 1]))
            self.reached, self.at = False, -1
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reached = self.at >= 0 and self.tell() == len(self.getvalue())
        return data


@pytest.mark.parametrize("member", [layout.ENTRIES, layout.ITEMS_JSONL, layout.SEAL_SIGNATURE, layout.CHECKPOINT])
def test_a_bundle_that_changes_while_it_is_read_fails(member: str) -> None:
    data = forge.good_bundle()
    at = data.index(forge.good_members()[member]) + 10
    report = verify_stream(Changing(data, at), roots=forge.roots(), log_key=forge.VKEY)
    assert report.verdict is Verdict.FAILED
    assert {finding.code for finding in report.findings} & {"container.changed_meanwhile"}


class Flickering(io.BytesIO):
    """A file in which somebody changes a byte for one reading of it, and changes it back."""

    def __init__(self, data: bytes, changed: int = -1) -> None:
        super().__init__(data)
        self.changed, self.readings = changed, 0

    def read(self, size: int | None = -1) -> bytes:
        data, number = super().read(size), self.readings
        self.readings += 1
        return bytes([data[0] ^ 1]) + data[1:] if data and number == self.changed else data


def test_a_change_that_is_taken_back_fails_even_if_the_check_that_met_it_passes_over_it() -> None:
    data, walked = forge.good_bundle(), Flickering(forge.good_bundle())
    open_container(walked)
    whole = Flickering(data)
    assert verify_stream(whole, roots=forge.roots(), log_key=forge.VKEY).verdict is Verdict.PASSED  # the control
    for number in nonempty(range(walked.readings, whole.readings)):
        report = verify_stream(Flickering(data, number), roots=forge.roots(), log_key=forge.VKEY)
        assert report.verdict is Verdict.FAILED, number


def flips(data: bytes, *, start: int, step: int) -> Iterator[bytes]:
    return (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(start, len(data), step))


@pytest.mark.repeats
def test_a_flipped_byte_anywhere_in_the_file_fails(tmp_path: Path) -> None:
    bundle = forge.good_bundle()
    for flipped in nonempty(flips(bundle, start=0, step=97)):
        assert forge.checked(flipped, tmp_path).verdict is Verdict.FAILED


@pytest.mark.slow
def test_every_flipped_byte_in_the_file_fails() -> None:
    # what the container's reader refuses, verify fails: the test above; this one leaves the disk out
    bundle = forge.good_bundle()
    assert is_read(bundle)
    for flipped in nonempty(flips(bundle, start=0, step=1)):
        assert not is_read(flipped)


def is_read(container: bytes) -> bool:
    """Whether the reader takes it. No error outlives the call: each would keep its container."""
    try:
        read_container(io.BytesIO(container))
    except ContainerError:
        return False
    return True


def examined(members: dict[str, bytes]) -> Verdict:
    """Past the container, whose CRC alone would catch a flip."""
    return examine(OpenedBundle(members, roots=forge.roots(), log_key=forge.VKEY)).verdict


SIGNED = (layout.SEAL_SIGNATURE, layout.ARCHIVE_TOKEN, layout.CHECKPOINT, layout.CHECKPOINT_TOKEN, layout.LOG_KEY)


def require_flips_fail(step: int, *, in_signed: int) -> None:
    members = forge.good_members()
    for name, content in members.items():
        stride = in_signed if name in SIGNED else step
        for flipped in flips(content, start=min(len(content) - 1, stride // 2), step=stride):
            verdict = examined({**members, name: flipped})
            # the container's own reader settles the mimetype
            assert verdict is Verdict.FAILED or name == layout.MIMETYPE, name


@pytest.mark.repeats
def test_a_flipped_byte_in_any_member_fails_even_where_the_container_is_written_anew() -> None:
    require_flips_fail(step=3989, in_signed=839)


@pytest.mark.slow
def test_every_flipped_byte_of_a_signature_and_each_17th_elsewhere_fails_in_a_container_written_anew() -> None:
    require_flips_fail(step=17, in_signed=1)


def test_a_member_removed_added_doubled_renamed_or_exchanged_fails(tmp_path: Path) -> None:
    members = forge.good_members()
    names = [name for name in members if name != layout.MIMETYPE]
    for name in names:
        without = {other: content for other, content in members.items() if other != name}
        assert forge.checked(container_bytes(without), tmp_path).verdict is Verdict.FAILED
        renamed = {**without, name + ".bak": members[name]}
        assert forge.checked(container_bytes(renamed), tmp_path).verdict is Verdict.FAILED
        other = names[names.index(name) - 1]
        exchanged = {**members, name: members[other], other: members[name]}
        if members[name] != members[other]:
            assert forge.checked(container_bytes(exchanged), tmp_path).verdict is Verdict.FAILED
    for name in (f"data/certs/{0:064}.pem", "data/log/99.leaf", "notes.txt", "data/report.mk.txt"):
        assert forge.checked(container_bytes({**members, name: b"x\n"}), tmp_path).verdict is Verdict.FAILED


def test_a_file_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="cannot be read"):
        verify(tmp_path / "none.asice", roots=[])


def test_a_mistake_in_what_the_command_was_given_is_usage_as_in_the_verifier_alone(files: dict[str, str]) -> None:
    good = ["verify", files["bundle"], "--trust", files["roots"]]
    for mistake in (["--log", "x"], ["--log", ""], ["--seal", "x"], ["--trust", files["bundle"]]):
        assert main([*good, *mistake]) == 2, mistake
    for pin, code in (("0" * 64, 1), (SEAL_PIN, 0)):
        ran = CliRunner().invoke(cli, [*good, "--seal", pin, "--log", str(forge.VKEY)], standalone_mode=False)
        assert ran.return_value == code


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = program.main(arguments)
    return code, capsys.readouterr().out


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    made = {"bundle": tmp_path / "b.asice", "roots": tmp_path / "roots.pem", "bad": tmp_path / "bad.asice"}
    made["bundle"].write_bytes(forge.good_bundle())
    made["bad"].write_bytes(forge.good_bundle()[:-1])
    made["roots"].write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    return {name: str(path) for name, path in made.items()}


def test_the_program_exits_0_1_2_3(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    trust = ["--trust", files["roots"]]
    assert run([files["bundle"], *trust, "--log", str(forge.VKEY)], capsys)[0] == 0
    assert run([files["bad"], *trust], capsys)[0] == 1
    assert run([files["bundle"]], capsys)[0] == 3
    assert run([files["bundle"], "--trust", files["bundle"]], capsys)[0] == 2
    assert run([files["bundle"], "--log", "x"], capsys)[0] == 2
    assert run([files["bundle"], "--seal", "x"], capsys)[0] == 2
    assert run([files["bundle"], "--seal", ""], capsys)[0] == 2
    assert run([files["bundle"], *trust, "--seal", SEAL_PIN], capsys)[0] == 0
    assert run([files["bundle"], *trust, "--seal", "0" * 64], capsys)[0] == 1
    assert run([files["bundle"] + "x"], capsys)[0] == 2
    with pytest.raises(SystemExit, match="2"):
        program.main(["--no-such-option"])


def test_the_programs_json_is_one_object_with_verdict_and_checks(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run([files["bundle"], "--trust", files["roots"], "--json"], capsys)
    printed = json.loads(out)
    assert (code, printed["verdict"]) == (0, "PASSED")
    assert [check["id"] for check in printed["checks"]] == [listed.id for listed in check_list()]
    assert all(check.keys() == {"id", "verdict", "detail", "code", "facts"} for check in printed["checks"])


def test_the_report_for_people_has_a_line_for_every_check_and_the_verdict_last(tmp_path: Path) -> None:
    good = as_text(forge.checked(forge.good_bundle(), tmp_path))
    assert good.splitlines()[-1] == "verdict: PASSED (REHEARSAL, NOT FOR COURT)"
    bad = as_text(forge.checked(forge.good_bundle(), tmp_path, trust=[]))
    for listed in check_list():
        assert f"{listed.id:<22} {listed.title}" in good
        assert listed.id in bad
    assert "NO_CERTIFICATE_CHAIN_FOUND" in bad


def test_the_report_for_people_breaks_no_line_of_a_terminal(tmp_path: Path) -> None:
    whole = {str(forge.VKEY) + ","}
    for trust in (forge.roots(), forge.roots()[:1], []):
        lines = as_text(forge.checked(forge.good_bundle(), tmp_path, trust=trust)).splitlines()
        assert [line for line in lines if len(line) > WIDTH and line.strip() not in whole] == []


@pytest.mark.parametrize(("given", "missing"), [(0, "seal.time_stamp"), (1, "seal.chain")])
def test_a_root_that_is_missing_is_named_once_with_what_to_do(given: int, missing: str, tmp_path: Path) -> None:
    # it fails all the same: what a forger sealed must not look undecided to whoever said whom to trust
    report = forge.checked(forge.good_bundle(), tmp_path, trust=[forge.roots()[given]])
    failed = {finding.id: finding.found for finding in report.findings if finding.verdict is Verdict.FAILED}
    assert failed[missing].startswith("no root was given for: ")
    text = " ".join(as_text(report).split())
    assert text.count("Give every root that the letter names, then run it again.") == 1
    assert "Only if it still says FAILED was something changed. verdict: FAILED" in text


def test_what_is_wrong_with_a_certificate_itself_is_told_before_a_missing_root(tmp_path: Path) -> None:
    sealer = forge.sealer_under(forge.sealer().chain[0])
    late = forge.reseal(forge.good_members(), by=sealer, at=forge.START + timedelta(days=301))
    for trust in (forge.roots(), forge.roots()[1:]):
        text = " ".join(as_text(forge.checked(late, tmp_path, trust=trust)).split())
        assert "not valid at that time" in text
        assert "no root was given" not in text


def test_nothing_in_a_bundle_can_move_the_readers_cursor() -> None:
    facts = {"where": "a\x1b[2J", "expected": "b\u202e", "fix": "fix"}
    finding = Finding("log.key", Verdict.FAILED, "c\nd", facts)
    assert detail_of(finding) == "a\\x1b[2J: c\\nd (expected b\\u202e) - fix"
    assert as_json(forge.Report((finding,)))["verdict"] == "FAILED"


def test_a_bundle_forged_with_a_seal_and_an_office_of_the_same_names_never_passes(tmp_path: Path) -> None:
    root, _, certificate, key = make_seal("Test organisation", forge.START - timedelta(days=30))
    liar = RehearsalOffice.create(tmp_path / "liar", at=forge.START - timedelta(days=30))
    stamp = forge.stamping(forge.START + timedelta(days=1), by=liar)
    forger = Sealer(certificate, key, (root,))
    assert forge.failed(forge.checked(forge.reseal(forge.good_members(), by=forger), tmp_path, trust=[])) == {
        "records.seal"
    }
    bundle = forge.sealed_by(forger, stamp=stamp)
    assert forge.checked(bundle, tmp_path).verdict is Verdict.FAILED
    assert forge.checked(bundle, tmp_path, trust=[]).verdict is Verdict.INDETERMINATE


SEAL_PIN = forge.sealer().certificate.fingerprint(hashes.SHA256()).hex()
MAIL = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
STAMP_CHECKS = {"seal.time_stamp", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps"}


def test_the_fingerprint_of_another_seal_fails_with_roots_and_without(tmp_path: Path) -> None:
    bundle = forge.good_bundle()
    assert forge.checked(bundle, tmp_path, seal_pin=SEAL_PIN).verdict is Verdict.PASSED
    assert forge.failed(forge.checked(bundle, tmp_path, seal_pin="0" * 64)) == {"seal.chain"}
    assert forge.failed(forge.checked(bundle, tmp_path, trust=[], seal_pin="0" * 64)) == {"seal.chain"}


def test_the_fingerprint_settles_who_sealed_and_never_when(tmp_path: Path) -> None:
    sealer = forge.sealer_under(forge.stamp_office().root, MAIL)
    bundle = forge.sealed_by(sealer)
    assert forge.undecided(forge.checked(bundle, tmp_path)) == {"seal.chain", *STAMP_CHECKS}
    pinned = forge.checked(bundle, tmp_path, seal_pin=sealer.certificate.fingerprint(hashes.SHA256()).hex())
    assert pinned.verdict is Verdict.INDETERMINATE
    assert forge.undecided(pinned) == STAMP_CHECKS
    assert all("lead to the same root" in one.found and one.fix for one in pinned.problems)
    # the organisation's own fingerprint tells such a seal from its own
    assert forge.failed(forge.checked(bundle, tmp_path, seal_pin=SEAL_PIN)) == {"seal.chain"}


def test_a_root_given_in_two_certificates_or_with_an_authority_below_it_is_one_root(tmp_path: Path) -> None:
    root, key = forge.stamp_office().root, forge.ROOT_KEYS[forge.stamp_office().root]
    middle_key = ec.generate_private_key(ec.SECP256R1())
    usage = root.extensions.get_extension_for_class(x509.KeyUsage).value

    def authority(name: x509.Name, public: ec.EllipticCurvePublicKey, serial: int) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(root.subject).public_key(public)
        builder = builder.serial_number(serial).not_valid_before(forge.BEFORE)
        builder = builder.not_valid_after(forge.START + timedelta(days=300)).add_extension(usage, critical=True)
        return builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, hashes.SHA256())

    again = authority(root.subject, key.public_key(), 11)
    middle = authority(forge.sealer().certificate.subject, middle_key.public_key(), 12)
    forge.ROOT_KEYS[middle] = middle_key
    # the rehearsal's root allows no authority below it; its other certificate does
    for issuer, trust in ((root, [again, root]), (middle, [middle, again])):
        bundle = forge.sealed_by(forge.sealer_under(issuer))
        report = forge.checked(bundle, tmp_path, trust=trust)
        assert "seal.chain" in forge.undecided(report)
        assert report.verdict is Verdict.INDETERMINATE


def test_a_seal_padded_with_certificates_does_not_hide_its_root(tmp_path: Path) -> None:
    sealer = forge.sealer_under(forge.stamp_office().root, MAIL)
    padding = tuple(make_seal(f"Padding {number}", forge.BEFORE)[0] for number in range(63))
    bundle = forge.reseal(forge.good_members(), by=Sealer(sealer.certificate, sealer.key, padding))
    assert forge.checked(bundle, tmp_path).verdict is not Verdict.PASSED


def test_a_certificate_for_documents_may_seal(tmp_path: Path) -> None:
    for kind in ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12", "1.2.840.113583.1.1.5"):
        documents = x509.ExtendedKeyUsage([x509.ObjectIdentifier(kind)])
        bundle = forge.sealed_by(forge.sealer_under(forge.sealer().chain[0], documents))
        assert forge.checked(bundle, tmp_path).verdict is Verdict.PASSED


def test_a_fingerprint_is_read_as_letters_and_openssl_print_it() -> None:
    spaced = " ".join(SEAL_PIN[at : at + 4] for at in range(0, 64, 4))
    colons = ":".join(SEAL_PIN[at : at + 2] for at in range(0, 64, 2)).upper()
    assert {parse_fingerprint(text) for text in (SEAL_PIN, spaced, f"{spaced}\n", colons)} == {SEAL_PIN}
    for bad in ("", SEAL_PIN[1:], SEAL_PIN + "0", "g" + SEAL_PIN[1:], "-" + SEAL_PIN):
        with pytest.raises(TrustError, match="not a SHA-256 fingerprint"):
            parse_fingerprint(bad)


def test_a_real_token_with_its_whole_chain_carries_nothing_beside() -> None:
    token = (TREE / "tests" / "evidence" / "stamp" / "real" / "globalsign-2021.p7s").read_bytes()
    info = read_token(token, sha256=hashlib.sha256(b"notation").digest())
    assert len(info.others) == 3
    require_nothing_beside(token, info)


def test_a_token_with_one_certificate_twice_carries_something_beside() -> None:
    token = (TREE / "tests" / "evidence" / "stamp" / "real" / "globalsign-2021.p7s").read_bytes()
    info, twice = read_token(token, sha256=hashlib.sha256(b"notation").digest()), cms.ContentInfo.load(token)
    twice["content"]["certificates"].append(twice["content"]["certificates"][0])
    with pytest.raises(TokenError) as raised:
        require_nothing_beside(twice.dump(force=True), info)
    assert raised.value.code == "token.certificate_twice"


def test_a_certificate_that_may_not_seal_is_refused(tmp_path: Path) -> None:
    def issued(*extensions: tuple[x509.ExtensionType, bool]) -> Sealer:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(5).not_valid_before(forge.START - timedelta(days=1))
        builder = builder.not_valid_after(forge.START + timedelta(days=100))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Sealer(builder.sign(key, hashes.SHA256()), key)

    usage = forge.sealer().certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    stamps_only = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING])
    authority = x509.BasicConstraints(ca=True, path_length=None)
    agreeing = x509.KeyUsage(*[False] * 4, key_agreement=True, **dict.fromkeys(
        ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False))  # fmt: skip
    control = issued((usage, True))
    bundle = forge.sealed_by(control)
    trust = [control.certificate, forge.stamp_office().root]
    assert forge.checked(bundle, tmp_path, trust=trust).verdict is Verdict.PASSED
    for odd in (issued(), issued((usage, True), (stamps_only, True)), issued((usage, True), (authority, True)),
                issued((agreeing, True))):  # fmt: skip
        bundle = forge.sealed_by(odd)
        report = forge.checked(bundle, tmp_path, trust=[odd.certificate, forge.stamp_office().root])
        assert forge.failed(report) == {"seal.signature"}


def test_without_anything_to_compare_with_nothing_is_decided_and_without_entries_nothing_is_bounded() -> None:
    opened: Any = OpenedBundle(forge.good_members(), roots=forge.roots(), log_key=None)
    with pytest.raises(UndecidedError) as raised:
        _log_against(opened)
    assert raised.value.code == "undecided.nothing_held"
    opened.leaves, opened.anchors = {}, {}
    assert _log_times(opened) == Basis()


def pages_of(report: Report) -> Finding:
    return next(finding for finding in report.findings if finding.id == "content.pages")


def paged_otherwise() -> bytes:
    """The good bundle with the pages of other records, which keep every rule of pages, sealed again."""
    contents = forge.changed(forge.small_contents(2), pages=page_maker())
    name = layout.pages_name("en", 1)
    return forge.reseal({**forge.members_of(forge.paged_bundle()), name: make_payload(contents).members[name]})


ELSEWHERE = PageMaker("typst 9", lambda report, language, made_at: {})


def test_pages_are_made_again_and_compared_where_that_can_be_done(tmp_path: Path) -> None:
    report = forge.checked(forge.paged_bundle(), tmp_path, pages=Remaking(page_maker))
    assert (report.verdict, pages_of(report).code) == (Verdict.PASSED, "basis.pages_made")


def test_pages_of_other_records_fail_although_they_are_sealed(tmp_path: Path) -> None:
    bundle = paged_otherwise()
    report = forge.checked(bundle, tmp_path, pages=Remaking(page_maker))
    assert (forge.failed(report), pages_of(report).code) == ({"content.pages"}, "records.pages_differ")
    # the control: nothing else is wrong with them, so who cannot make them again does not see it, and says so
    assert pages_of(forge.checked(bundle, tmp_path)).code == "basis.pages_no_maker"


def test_one_changed_byte_of_the_pages_fails(tmp_path: Path) -> None:
    members = forge.members_of(forge.paged_bundle())
    name = layout.pages_name("en", 1)
    at = members[name].index(b"/CreationDate(D:2026") + len(b"/CreationDate(D:")
    changed = {**members, name: members[name][:at] + b"1" + members[name][at + 1 :]}
    assert forge.failed(forge.checked(forge.reseal(changed), tmp_path, pages=Remaking(page_maker))) == {"content.pages"}
    assert "seal.digests" in forge.failed(forge.checked(container_bytes(changed), tmp_path))


@pytest.mark.parametrize(
    ("pages", "verdict", "code"),
    [
        (NO_MAKER, Verdict.PASSED, "basis.pages_no_maker"),
        (Remaking(asked=True), Verdict.INDETERMINATE, "undecided.no_pages_maker"),
        (Remaking(lambda: None), Verdict.PASSED, "basis.pages_no_maker"),
        (Remaking(lambda: None, asked=True), Verdict.INDETERMINATE, "undecided.no_pages_maker"),
        (Remaking(lambda: ELSEWHERE), Verdict.PASSED, "basis.pages_other_maker"),
        (Remaking(lambda: ELSEWHERE, asked=True), Verdict.INDETERMINATE, "undecided.other_pages_maker"),
    ],
)
def test_who_cannot_make_the_pages_again_says_so_and_accuses_nobody(
    pages: Remaking, verdict: Verdict, code: str, tmp_path: Path
) -> None:
    report = forge.checked(forge.paged_bundle(), tmp_path, pages=pages)
    assert (report.verdict, pages_of(report).code) == (verdict, code)


def test_many_pages_are_made_again_only_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casefiles.verifier.checks.ITEMS_UNASKED", 2)
    found = forge.checked(forge.paged_bundle(), tmp_path, pages=Remaking(page_maker))
    assert (found.verdict, pages_of(found).code) == (Verdict.PASSED, "basis.pages_not_asked")
    # nor is a typesetter looked for
    unfound = forge.checked(forge.paged_bundle(), tmp_path, pages=Remaking(lambda: pytest.fail("looked for")))
    assert pages_of(unfound) == pages_of(found)
    assert pages_of(forge.checked(paged_otherwise(), tmp_path, pages=Remaking(page_maker, asked=True))).code == (
        "records.pages_differ"
    )


def test_a_bundle_without_pages_says_so(tmp_path: Path) -> None:
    assert pages_of(forge.checked(forge.good_bundle(), tmp_path)).code == "basis.no_pages"


def test_a_counter_seal_without_any_root_is_undecided(tmp_path: Path) -> None:
    report = forge.checked(forge.countersigned(), tmp_path, trust=[])
    codes = {finding.id: finding.code for finding in report.findings}
    assert (report.verdict, codes["seal.counter"]) == (Verdict.INDETERMINATE, "undecided.no_roots")
    whole = forge.checked(forge.countersigned(), tmp_path, trust=forge.counter_roots())
    assert whole.verdict is Verdict.PASSED  # the control


def test_a_counter_seal_of_a_known_office_is_undecided_until_a_known_office_stamped_it(tmp_path: Path) -> None:
    """Only the archive's time stamp covers its revocation lists; here a stranger made that."""
    root, root_key, *_ = make_seal("An office", forge.BEFORE)
    stranger = forge.unit_under(root, root_key)
    bundle = forge.recovered(forge.members_of(forge.countersigned()), by=stranger)
    report = forge.checked(bundle, tmp_path, trust=forge.counter_roots())
    assert report.verdict is Verdict.PASSED
    assert forge.undecided(report) == {"archive.renewals", "seal.counter"}
    assert "Added later, and not decided: archive.renewals, seal.counter." in " ".join(as_text(report).split())
    known = forge.checked(bundle, tmp_path, trust=[*forge.counter_roots(), root])
    assert (known.verdict, forge.undecided(known)) == (Verdict.PASSED, set())  # the control
    assert "Added later" not in as_text(known)
