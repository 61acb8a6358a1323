"""A home renews its own bundle and another's, and writes over nothing."""

from pathlib import Path

import pytest

from api.office.bundle import trusted_roots
from api.office.renew import countersign, renew
from casefiles.bundle.destination import Destination
from casefiles.errors import BundleError, ContainerError
from casefiles.verifier.checks import verify
from evidence.canonical import sha256_hex
from evidence.errors import HomeError
from evidence.finding import Verdict
from tests.homes import PASSPHRASE, Office, doer, export_of, new_case, new_home, new_office, records_of, size_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("renewing"), messages=16)


@pytest.fixture(scope="module")
def bundle(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bundle") / "bundle.asice"
    export_of(office.home, new_case(office.home), file)
    return file


def test_a_home_renews_its_own_bundle_and_logs_nothing(office: Office, bundle: Path, tmp_path: Path) -> None:
    before, size = bundle.read_bytes(), size_of(office.home)
    done = renew(office.home, bundle, Destination(tmp_path / "again"), roots=())
    assert (done.renewals, done.verdict, done.bundle) == (1, Verdict.PASSED, tmp_path / "again.asice")
    assert verify(done.bundle, roots=trusted_roots(office.home)).verdict is Verdict.PASSED
    assert (bundle.read_bytes(), size_of(office.home)) == (before, size)
    assert sorted(tmp_path.iterdir()) == [done.bundle]
    again = renew(office.home, done.bundle, Destination(tmp_path / "third.asice"), roots=())
    assert (again.renewals, again.verdict) == (2, Verdict.PASSED)


def test_another_office_renews_it_once_it_knows_the_roots(office: Office, bundle: Path, tmp_path: Path) -> None:
    other, _ = new_home(tmp_path / "other")
    out = Destination(tmp_path / "renewed.asice")
    with pytest.raises(BundleError) as refused:
        renew(other, bundle, out, roots=())
    assert refused.value.code == "bundle.does_not_hold"
    assert not out.bundle.exists()
    done = renew(other, bundle, out, roots=trusted_roots(office.home))
    assert (done.renewals, done.verdict, len(done.roots)) == (1, Verdict.PASSED, 1)
    assert done.roots[0] in trusted_roots(other)
    unknown = verify(out.bundle, roots=trusted_roots(office.home))
    assert (unknown.verdict, [each.id for each in unknown.problems]) == (Verdict.PASSED, ["archive.renewals"])
    assert verify(out.bundle, roots=[*trusted_roots(office.home), *done.roots]).verdict is Verdict.PASSED


def test_nothing_is_written_over_and_what_is_no_bundle_is_said(office: Office, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.asice").write_bytes(b"mine")
    with pytest.raises(HomeError):
        renew(office.home, bundle, Destination(tmp_path / "mine.asice"), roots=())
    with pytest.raises(ContainerError):
        renew(office.home, tmp_path / "mine.asice", Destination(tmp_path / "out.asice"), roots=())
    with pytest.raises(ContainerError):
        renew(office.home, tmp_path / "none.asice", Destination(tmp_path / "out.asice"), roots=())
    assert (tmp_path / "mine.asice").read_bytes() == b"mine"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.asice"]


def test_what_comes_to_lie_there_meanwhile_is_not_replaced(
    office: Office, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.asice"

    def then_taken(part: Path, data: bytes) -> None:
        part.write_bytes(data)
        out.write_bytes(b"mine")

    monkeypatch.setattr("api.office.renew.write_file", then_taken)
    with pytest.raises(HomeError) as refused:
        renew(office.home, bundle, Destination(out), roots=())
    assert (refused.value.code, out.read_bytes()) == ("home.out_taken", b"mine")
    assert [file.name for file in tmp_path.iterdir()] == ["out.asice"]


def test_a_root_that_is_given_twice_is_told_once(office: Office, bundle: Path, tmp_path: Path) -> None:
    done = renew(office.home, bundle, Destination(tmp_path / "again"), roots=trusted_roots(office.home))
    assert len(done.roots) == 1


def test_a_receiving_office_adds_its_seal_and_logs_it(office: Office, bundle: Path, tmp_path: Path) -> None:
    other, _ = new_home(tmp_path / "other")
    casework, before = other.keys.unlock(PASSPHRASE).casework, size_of(other)
    out = Destination(tmp_path / "sealed.asice")
    with pytest.raises(BundleError):
        countersign(other, bundle, out, roots=(), doer=doer(other), casework=casework)
    assert (size_of(other), out.bundle.exists()) == (before, False)
    done, _ = countersign(other, bundle, out, roots=trusted_roots(office.home), doer=doer(other), casework=casework)
    (record,) = records_of(other, before)
    assert (record.type, record.values["bundle_sha256"]) == ("counter_sealed", done.sha256)
    assert sha256_hex(out.bundle.read_bytes()) == done.sha256
    both = [*trusted_roots(office.home), *trusted_roots(other)]
    assert verify(out.bundle, roots=both).verdict is Verdict.PASSED
    assert not list(tmp_path.glob("*.part"))


def test_an_office_does_not_counter_seal_its_own_bundle(office: Office, bundle: Path, tmp_path: Path) -> None:
    casework, before = office.home.keys.unlock(PASSPHRASE).casework, size_of(office.home)
    out = Destination(tmp_path / "sealed.asice")
    with pytest.raises(BundleError) as refused:
        countersign(office.home, bundle, out, roots=(), doer=doer(office.home), casework=casework)
    assert refused.value.code == "bundle.counter_sealed_before"
    assert size_of(office.home) == before
