"""A home renews its own bundle and another's, and writes over nothing."""

from pathlib import Path

import pytest

from api.office.bundle import trusted_roots
from api.office.renew import renew
from casefiles.bundle.destination import Destination
from casefiles.errors import BundleError, ContainerError
from casefiles.verifier.checks import verify
from evidence.errors import HomeError
from evidence.finding import Verdict
from tests.homes import Office, export_of, new_case, new_home, new_office, size_of


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
    assert refused.value.code == "bundle.not_to_be_renewed"
    assert not out.bundle.exists()
    done = renew(other, bundle, out, roots=trusted_roots(office.home))
    assert (done.renewals, done.verdict, len(done.roots)) == (1, Verdict.PASSED, 1)
    assert done.roots[0] in trusted_roots(other)
    assert verify(out.bundle, roots=trusted_roots(office.home)).verdict is Verdict.FAILED
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
