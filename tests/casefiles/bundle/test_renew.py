"""A renewed bundle holds, and every byte that was there is there."""

import io
from pathlib import Path

import pytest

from casefiles.bundle.renew import renew_bundle
from casefiles.errors import BundleError, ContainerError
from casefiles.format import layout
from casefiles.format.layout import renewal_token
from casefiles.format.zip import container_bytes
from casefiles.verifier.report import proven_times
from evidence.finding import Verdict
from evidence.stamp.revocation import read_list
from tests.casefiles import forge
from tests.casefiles.forge import LATER
from tests.damaged.corpus import CORPUS, Damaged


def renewed(bundle: bytes) -> bytes:
    return renew_bundle(io.BytesIO(bundle), stamp=forge.stamping(LATER), roots=forge.roots())[0]


def test_no_byte_of_an_old_member_changes(tmp_path: Path) -> None:
    bundle = renewed(forge.good_bundle())
    old, new = forge.good_members(), forge.members_of(bundle)
    kept = {**old, layout.kept_manifest(1): old[layout.ARCHIVE_MANIFEST]}
    assert {name: new[name] for name in kept if name != layout.ARCHIVE_MANIFEST} == {
        name: content for name, content in kept.items() if name != layout.ARCHIVE_MANIFEST
    }
    assert new.keys() - kept.keys() == {layout.renewal_token(1)}
    assert forge.checked(bundle, tmp_path).verdict is Verdict.PASSED


def test_a_bundle_is_renewed_again_and_again(tmp_path: Path) -> None:
    report = forge.checked(container_bytes(forge.renewed(times=5)), tmp_path)
    assert report.verdict is Verdict.PASSED
    first, newest = proven_times(report)[-2:]
    assert (first.what, first.where) == ("archive", "META-INF/timestamp002.tst")
    assert (newest.what, newest.where, newest.at[:4]) == ("renewed", "META-INF/timestamp007.tst", "2031")


def test_another_office_brings_its_own_revocation_list(tmp_path: Path) -> None:
    office = forge.another_office()
    members = forge.renewed(by=office)
    trust = [*forge.roots(), office.root]
    report = forge.checked(container_bytes(members), tmp_path, trust=trust)
    (revocation,) = [finding for finding in report.findings if finding.id == "seal.revocation"]
    assert (report.verdict, revocation.code, revocation.facts) == (Verdict.PASSED, "basis.unrevoked", {"lists": 3})
    bare = forge.with_newer_stamp(forge.good_members(), stamp=forge.stamping(LATER, by=office), roots=[])
    report = forge.checked(container_bytes(bare), tmp_path, trust=trust)
    (revocation,) = [finding for finding in report.findings if finding.id == "seal.revocation"]
    assert (report.verdict, revocation.code) == (Verdict.PASSED, "basis.unrevoked_but")


def test_a_list_of_a_renewal_says_nothing_of_the_stamps_before(tmp_path: Path) -> None:
    # a unit whose key is stolen after a newer stamp of another office covers all of it
    old, new = forge.stamp_office(), forge.another_office()
    revoked = {old.certificate.serial_number: LATER}
    listed = [read_list(forge.Listing(one.root, revoked=revoked if one is old else {}).der()) for one in (old, new)]
    stamp = forge.stamping(LATER, by=new)
    members = forge.with_newer_stamp(
        forge.good_members(), stamp=stamp, roots=forge.certificates_of([old.root, new.root]), lists=listed
    )
    report = forge.checked(container_bytes(members), tmp_path, trust=[*forge.roots(), new.root])
    assert report.verdict is Verdict.PASSED


def test_the_newest_renewal_can_be_taken_away_and_no_other(tmp_path: Path) -> None:
    members = forge.renewed(times=2)
    before = {**members, layout.ARCHIVE_MANIFEST: members[layout.kept_manifest(2)]}
    del before[layout.kept_manifest(2)], before[layout.renewal_token(2)]
    assert forge.checked(container_bytes(before), tmp_path).verdict is Verdict.PASSED
    del members[layout.kept_manifest(1)], members[layout.renewal_token(1)]
    members[layout.kept_manifest(1)] = members.pop(layout.kept_manifest(2))
    members[layout.renewal_token(1)] = members.pop(layout.renewal_token(2))
    assert forge.failed(forge.checked(container_bytes(members), tmp_path)) >= {"archive.manifest"}


@pytest.mark.parametrize("case", [case for case in CORPUS if case.fails][::8], ids=lambda case: case.name)
def test_what_does_not_hold_is_not_renewed(case: Damaged) -> None:
    with pytest.raises((BundleError, ContainerError)):
        renewed(case.bundle())


def test_without_the_root_of_the_new_office_nothing_is_renewed() -> None:
    stamp = forge.stamping(LATER, by=forge.another_office())
    with pytest.raises(BundleError) as refused:
        renew_bundle(io.BytesIO(forge.good_bundle()), stamp=stamp, roots=forge.roots())
    assert (refused.value.code, refused.value.facts["where"]) == ("bundle.own_verifier_refuses", renewal_token(1))
