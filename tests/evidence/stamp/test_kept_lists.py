"""Revocation lists are kept with the stamps: the newest of each issuer, and nothing that its issuer did not make."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from config import oplog
from evidence.errors import CertificateError, SignedDataError
from evidence.rehearsal.tsa import LIST_PATH, RehearsalOffice
from evidence.stamp.certificate import certificate_of
from evidence.stamp.client import TimeStampOffice, request_stamp
from evidence.stamp.kept_lists import KeptLists, ListFollowing
from evidence.stamp.token import TokenInfo
from evidence.times import system_clock
from tests.casefiles import forge
from tests.nonempty import nonempty


@pytest.fixture
def kept(tmp_path: Path) -> KeptLists:
    return KeptLists(tmp_path / "home" / "revocation")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def ders(kept: KeptLists) -> list[bytes]:
    return [one.der for one in kept.readable()]


def test_the_newest_list_of_each_issuer_is_kept(kept: KeptLists) -> None:
    root, other = forge.roots()
    first, later = (forge.Listing(root, at=forge.BEFORE + timedelta(days=day)).der() for day in (1, 2))
    kept.keep(first, by=root)
    kept.keep(later, by=root)
    kept.keep(first, by=root)
    assert ders(kept) == [later]
    kept.keep(forge.Listing(other).der(), by=other)
    assert len(ders(kept)) == 2


def test_what_its_issuer_did_not_make_is_not_kept(kept: KeptLists) -> None:
    root, other = forge.roots()
    with pytest.raises(CertificateError, match="not of this issuer"):
        kept.keep(forge.Listing(root).der(), by=other)
    with pytest.raises(SignedDataError):
        kept.keep(b"x", by=root)
    assert ders(kept) == []


def test_a_file_that_was_damaged_is_passed_over_and_replaced(kept: KeptLists) -> None:
    root, _ = forge.roots()
    kept.keep(forge.Listing(root).der(), by=root)
    (file,) = kept.folder.iterdir()
    file.write_bytes(b"x")
    assert ders(kept) == []
    kept.keep(forge.Listing(root).der(), by=root)
    assert len(ders(kept)) == 1


def test_a_list_is_asked_for_again_when_it_is_a_day_old(kept: KeptLists) -> None:
    office, now = forge.stamp_office(), forge.START
    unit, root = certificate_of(office.certificate), certificate_of(office.root)
    assert kept.waits(unit, root, now)
    kept.keep(forge.Listing(office.root, at=now).der(), by=office.root)
    assert not kept.waits(unit, root, now + timedelta(hours=19))
    assert kept.waits(unit, root, now + timedelta(hours=20))
    assert kept.waits(unit, certificate_of(forge.roots()[0]), now)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> RehearsalOffice:
    return RehearsalOffice.create(tmp_path_factory.mktemp("office") / "a", at=system_clock())


def stamped(office: TimeStampOffice, http: httpx.Client) -> TokenInfo:
    return request_stamp(office=office, sha256=b"x" * 32, http=http, nonce=1 << 63).info


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(oplog, "note", lambda event, **_fields: said.append(event))
    return said


def test_the_lists_above_a_token_are_fetched_and_kept(
    kept: KeptLists, http: httpx.Client, office: RehearsalOffice, noted: list[str]
) -> None:
    with office.serving(system_clock) as url:
        asked = TimeStampOffice("ours", url, (office.root,), lists=(url + "none", url + LIST_PATH, url + "never"))
        info = stamped(asked, http)
        ListFollowing(kept, http, 5).follow(asked, info)
        assert ders(kept) == [office.revoked]
        assert noted == ["list_missed", "list_kept"]
        # one that is fresh is not asked for
        ListFollowing(_Fresh(kept.folder), http, 5).follow(asked, info)
    assert noted == ["list_missed", "list_kept"]


class _Fresh(KeptLists):
    """Has whatever list is asked for."""

    def waits(self, *_pair: object) -> bool:
        return False


def test_an_office_that_cannot_be_reached_or_lies_leaves_none(
    kept: KeptLists, http: httpx.Client, office: RehearsalOffice, noted: list[str], tmp_path: Path
) -> None:
    other = RehearsalOffice.create(tmp_path / "other", at=system_clock())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    with office.serving(system_clock) as url, other.serving(system_clock) as liar:
        for place in nonempty([gone, "ldap://x.example/", liar + LIST_PATH]):
            asked = TimeStampOffice("ours", url, (office.root,), lists=(place,))
            ListFollowing(kept, http, 1).follow(asked, stamped(asked, http))
    assert noted == ["list_missed"] * 3
    assert ders(kept) == []


def test_a_list_that_cannot_be_written_is_missed_and_the_stamp_is_had(
    kept: KeptLists, http: httpx.Client, office: RehearsalOffice, noted: list[str]
) -> None:
    kept.folder.parent.mkdir()
    kept.folder.touch()
    with office.serving(system_clock) as url:
        asked = TimeStampOffice("ours", url, (office.root,), lists=(url + LIST_PATH,))
        ListFollowing(kept, http, 5).follow(asked, stamped(asked, http))
    assert noted == ["list_missed"]


def test_the_addresses_in_a_certificate_are_asked_before_the_offices_own(
    kept: KeptLists, http: httpx.Client, office: RehearsalOffice, noted: list[str]
) -> None:
    with office.serving(system_clock) as url:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(url + LIST_PATH)], None, None, None)
        root, key = forge.stamp_office().root, forge.ROOT_KEYS[forge.stamp_office().root]
        builder = x509.CertificateBuilder().subject_name(root.subject).issuer_name(root.subject).serial_number(3)
        builder = builder.public_key(key.public_key()).not_valid_before(forge.BEFORE)
        builder = builder.not_valid_after(forge.START + timedelta(days=1))
        unit = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False).sign(key, hashes.SHA256())
        asked = TimeStampOffice("ours", url, (root,))
        info = stamped(TimeStampOffice("ours", url, (office.root,)), http)
        found = replace(info, certificate=certificate_of(unit), others=(), gen_time=forge.START)
        ListFollowing(kept, http, 5).follow(asked, found)
    assert noted == ["list_missed"]  # asked where the certificate says; what lay there is another's
