"""A counter-seal is added beside the seal, never in its place."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from casefiles.bundle.countersign import countersign_bundle
from casefiles.bundle.sign import Sealer, make_seal
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.verifier.report import as_text, proven_times
from evidence.finding import Finding, Report, Verdict
from evidence.stamp.certificate import fingerprint
from tests.casefiles import forge


def of(report: Report, check: str) -> Finding:
    return next(finding for finding in report.findings if finding.id == check)


def test_no_byte_of_an_old_member_changes_and_the_seal_stays_the_senders(tmp_path: Path) -> None:
    bundle = forge.countersigned()
    old, new = forge.good_members(), forge.members_of(bundle)
    kept = {name: content for name, content in old.items() if name != layout.ARCHIVE_MANIFEST}
    assert kept.items() <= new.items()
    assert new[layout.kept_manifest(1)] == old[layout.ARCHIVE_MANIFEST]
    added = {layout.counter_manifest(1), layout.counter_signature(1), layout.renewal_token(1), layout.kept_manifest(1)}
    assert new.keys() - old.keys() == added
    report = forge.checked(bundle, tmp_path, trust=forge.counter_roots())
    assert report.verdict is Verdict.PASSED
    assert str(fingerprint(forge.sealer().certificate)) in str(of(report, "seal.signature").facts)
    assert fingerprint(forge.another_sealer().certificate) in str(of(report, "seal.counter").facts)
    assert [proven.where for proven in proven_times(report)][-2:] == [
        "META-INF/signature002.p7s",
        "META-INF/timestamp003.tst",
    ]


def test_the_fingerprint_of_a_counter_seal_is_not_the_seals(tmp_path: Path) -> None:
    pin = fingerprint(forge.another_sealer().certificate)
    report = forge.checked(forge.countersigned(), tmp_path, trust=forge.counter_roots(), seal_pin=pin)
    assert forge.failed(report) == {"seal.chain"}
    pin = fingerprint(forge.sealer().certificate)
    report = forge.checked(forge.countersigned(), tmp_path, trust=forge.counter_roots(), seal_pin=pin)
    assert report.verdict is Verdict.PASSED


def test_without_the_root_of_the_receiving_office_its_seal_alone_is_undecided(tmp_path: Path) -> None:
    report = forge.checked(forge.countersigned(), tmp_path)
    assert (report.verdict, forge.undecided(report)) == (Verdict.PASSED, {"seal.counter"})
    assert of(report, "seal.counter").code == "undecided.counter_seal"
    assert "Added later, and not decided: seal.counter." in " ".join(as_text(report).split())


def test_a_counter_seal_that_only_a_strangers_stamp_covers_is_undecided(tmp_path: Path) -> None:
    """Its lists are unsigned: whoever made that stamp could have taken one away that tells of a revocation."""
    members = forge.members_of(forge.countersigned())
    newest = {layout.ARCHIVE_MANIFEST, layout.renewal_token(1)}
    kept = {name: content for name, content in members.items() if name not in newest}
    kept[layout.ARCHIVE_MANIFEST] = kept.pop(layout.kept_manifest(1))
    stranger = forge.another_office()
    covered = forge.renewed(kept, by=stranger)
    report = forge.checked(container_bytes(covered), tmp_path, trust=forge.counter_roots())
    assert (report.verdict, forge.undecided(report)) == (Verdict.PASSED, {"archive.renewals", "seal.counter"})
    # the controls: its root is given; an office that is trusted renews it again
    known = [*forge.counter_roots(), stranger.root]
    assert forge.undecided(forge.checked(container_bytes(covered), tmp_path, trust=known)) == set()
    again = container_bytes(forge.renewed(covered))
    assert forge.undecided(forge.checked(again, tmp_path, trust=forge.counter_roots())) == {"archive.renewals"}


def test_a_bundle_without_one_says_so(tmp_path: Path) -> None:
    assert of(forge.checked(forge.good_bundle(), tmp_path), "seal.counter").code == "basis.no_counter_seal"


def test_several_offices_seal_one_after_the_other_and_it_is_renewed(tmp_path: Path) -> None:
    root, root_key, certificate, key = make_seal("Court", forge.BEFORE)
    forge.ROOT_KEYS[root] = root_key
    third = Sealer(certificate, key, (root,))
    twice = forge.countersigned(forge.countersigned(), by=third, at=forge.LATER + timedelta(days=30))
    bundle = container_bytes(forge.renewed(forge.members_of(twice)))
    report = forge.checked(bundle, tmp_path, trust=[*forge.counter_roots(), root])
    assert report.verdict is Verdict.PASSED
    told = str(of(report, "seal.counter").facts)
    assert told.index("Receiving office") < told.index("Court")


def test_a_seal_that_was_revoked_before_is_no_counter_seal(tmp_path: Path) -> None:
    office = forge.another_sealer()
    members = forge.members_of(forge.countersigned())
    signature = office.sign(members[layout.counter_manifest(1)], stamp=forge.stamping(forge.LATER), at=forge.LATER)
    revoked = forge.Listing(office.chain[0], revoked={office.certificate.serial_number: forge.START}).der()
    members[layout.counter_signature(1)] = forge.with_lists(signature, [revoked])
    report = forge.checked(forge.recovered(members), tmp_path, trust=forge.counter_roots())
    assert forge.failed(report) == {"seal.counter"}


def test_stamps_under_the_root_of_the_counter_seal_leave_it_undecided(tmp_path: Path) -> None:
    office = forge.another_sealer()
    own = forge.unit_under(office.chain[0], forge.ROOT_KEYS[office.chain[0]])
    members = forge.members_of(forge.countersigned())
    stamp = forge.stamping(forge.LATER, by=own)
    members[layout.counter_signature(1)] = office.sign(members[layout.counter_manifest(1)], stamp=stamp, at=forge.LATER)
    report = forge.checked(forge.recovered(members), tmp_path, trust=forge.counter_roots())
    assert forge.undecided(report) == {"seal.counter"}


@pytest.mark.parametrize("by", [forge.sealer, forge.another_sealer])
def test_nobody_seals_twice(by: Callable[[], Sealer]) -> None:
    with pytest.raises(BundleError) as refused:
        forge.countersigned(forge.countersigned(), by=by())
    assert refused.value.code == "bundle.counter_sealed_before"


def test_what_does_not_hold_is_not_counter_sealed() -> None:
    damaged = container_bytes({**forge.good_members(), layout.README: b"another\n"})
    with pytest.raises(BundleError) as refused:
        countersign_bundle(
            io.BytesIO(damaged), sealer=forge.another_sealer(), stamp=forge.stamping(forge.LATER), at=forge.LATER,
            roots=forge.counter_roots(),
        )  # fmt: skip
    assert refused.value.code == "bundle.does_not_hold"
