"""The rehearsal time-stamp office: what it refuses, what it promises in its names, what it keeps."""

import socket
import stat
from datetime import timedelta, timezone
from pathlib import Path

import httpx
import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import StampError, StampRefusedError
from evidence.rehearsal.tsa import LIST_PATH, MAX_QUERY_BYTES, NOTICE, POLICY, RehearsalOffice
from evidence.stamp.certificate import certificate_of
from evidence.stamp.client import QUERY_TYPE
from evidence.stamp.revocation import read_list, require_listed
from evidence.stamp.token import build_query, read_token, token_of_reply, verify_token
from tests.evidence.stamp.forge import DAY, NOW, SHA256, authority, stamper

ROOT = authority("Root")
SIGNER = stamper(ROOT)
KEPT = RehearsalOffice(key=SIGNER.key, certificate=SIGNER.certificate, root=ROOT.certificate)
QUERY = build_query(sha256=SHA256, nonce=9)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> RehearsalOffice:
    return RehearsalOffice.create(tmp_path_factory.mktemp("office"), at=NOW)


def query(**knobs: object) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": SHA256}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **knobs}).dump()


EXTENSION = {"extn_id": "1.2.3", "critical": False, "extn_value": b"\x05\x00"}
REFUSED = {
    "nothing": (b"", "bad_data_format"),
    "what is no query": (b"GET /", "bad_data_format"),
    "bytes after a query": (QUERY + b"\x00", "bad_data_format"),
    "another version": (query(version=2), "bad_request"),
    "SHA-1": (
        query(message_imprint={"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"x" * 20}),
        "bad_alg",
    ),
    "a digest too short": (
        query(message_imprint={"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 31}),
        "bad_data_format",
    ),
    "another policy": (query(req_policy="1.2.3.4"), "unaccepted_policy"),
    "an extension": (query(extensions=[EXTENSION]), "unaccepted_extensions"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses_and_says_why(ours: RehearsalOffice, what: str) -> None:
    asked, why = REFUSED[what]
    with pytest.raises(StampRefusedError, match=f"rejection; {why}"):
        token_of_reply(ours.stamp_reply(asked, NOW))


def test_it_does_not_stamp_when_its_certificate_is_not_valid(ours: RehearsalOffice) -> None:
    for at in (NOW - 2 * DAY, NOW + 11 * 366 * DAY):
        with pytest.raises(StampRefusedError, match="time_not_available"):
            token_of_reply(ours.stamp_reply(QUERY, at))


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_random_queries_are_answered_with_a_refusal(data: bytes) -> None:
    with pytest.raises(StampRefusedError):
        token_of_reply(KEPT.stamp_reply(data, NOW))


@given(st.timedeltas(-20 * DAY, 20 * DAY), st.integers(0, 2**64))
@settings(max_examples=20)
def test_what_it_stamps_says_that_time_and_that_nonce(later: timedelta, nonce: int) -> None:
    at = NOW + later
    token = token_of_reply(KEPT.stamp_reply(build_query(sha256=SHA256, nonce=nonce), at))
    info = verify_token(token=token, sha256=SHA256, roots=[KEPT.root], nonce=nonce)
    assert (info.gen_time, info.policy, info.accuracy) == (at, POLICY, timedelta(seconds=1))


def test_a_time_of_another_zone_is_stamped_as_utc(ours: RehearsalOffice) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=2)))
    assert read_token(token_of_reply(ours.stamp_reply(QUERY, elsewhere)), sha256=SHA256).gen_time == NOW


def test_certificates_come_only_when_asked_for_and_never_the_root(ours: RehearsalOffice) -> None:
    info = read_token(token_of_reply(ours.stamp_reply(query(cert_req=True), NOW)), sha256=SHA256)
    assert (info.certificate, info.others, info.nonce) == (certificate_of(ours.certificate), (), None)
    bare = token_of_reply(ours.stamp_reply(query(), NOW))
    assert ours.certificate.fingerprint(hashes.SHA256()) in bare
    assert ours.certificate.tbs_certificate_bytes not in bare


def test_every_name_says_that_it_is_not_for_court(ours: RehearsalOffice) -> None:
    for certificate in (ours.root, ours.certificate):
        for name in (certificate.subject, certificate.issuer):
            common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
            assert NOTICE in str(common)
    assert ours.root.not_valid_after_utc - NOW > 19 * 366 * DAY
    assert ours.certificate.not_valid_after_utc - NOW > 9 * 366 * DAY


def test_numbers_differ_and_are_positive(ours: RehearsalOffice) -> None:
    replies = [ours.stamp_reply(build_query(sha256=SHA256, nonce=nonce), NOW) for nonce in range(20)]
    serials = {read_token(token_of_reply(reply), sha256=SHA256).serial for reply in replies}
    assert len(serials) == 20
    assert min(serials) >= 0


def test_it_is_the_same_office_after_opening(tmp_path: Path) -> None:
    made = RehearsalOffice.create(tmp_path / "new", at=NOW)
    opened = RehearsalOffice.open(tmp_path / "new")
    token = token_of_reply(opened.stamp_reply(QUERY, NOW))
    verify_token(token=token, sha256=SHA256, roots=[made.root])


def test_only_the_owner_reads_the_key_and_the_roots_key_is_nowhere(tmp_path: Path) -> None:
    RehearsalOffice.create(tmp_path, at=NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}


def test_it_never_writes_over_another(tmp_path: Path) -> None:
    RehearsalOffice.create(tmp_path, at=NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StampError, match="already"):
        RehearsalOffice.create(tmp_path, at=NOW)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_no_office_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(StampError, match="no rehearsal time-stamp office"):
        RehearsalOffice.open(tmp_path)
    RehearsalOffice.create(tmp_path / "a", at=NOW)
    RehearsalOffice.create(tmp_path / "b", at=NOW)
    (tmp_path / "a" / "tsa.key").write_bytes((tmp_path / "b" / "tsa.key").read_bytes())
    with pytest.raises(StampError, match="not that of its certificate"):
        RehearsalOffice.open(tmp_path / "a")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, QUERY, 415),
        ({"Content-Type": QUERY_TYPE}, b"x" * (MAX_QUERY_BYTES + 1), 413),
        ({"Content-Type": QUERY_TYPE, "Content-Length": "x"}, QUERY, 411),
        ({"Content-Type": QUERY_TYPE, "Content-Length": "9" * 5000}, QUERY, 413),
    ],
)
def test_its_door_is_narrow(ours: RehearsalOffice, headers: dict[str, str], body: bytes, status: int) -> None:
    with ours.serving(lambda: NOW) as url:
        assert spoken(url, headers, body) == status


def test_it_answers_only_posts_and_whoever_asks_for_its_list(ours: RehearsalOffice) -> None:
    with ours.serving(lambda: NOW) as url, httpx.Client(trust_env=False) as http:
        assert http.get(url).status_code == 404
        assert http.put(url).status_code == 501
        found = http.get(url + LIST_PATH)
        assert (found.status_code, found.headers["Content-Type"]) == (200, "application/pkix-crl")
        assert found.content == ours.revoked
    with KEPT.serving(lambda: NOW) as url, httpx.Client(trust_env=False) as http:
        assert http.get(url + LIST_PATH).status_code == 404  # it has none


def test_its_list_is_of_its_root_and_lives_as_long(ours: RehearsalOffice) -> None:
    found = read_list(ours.revoked)
    require_listed(found, by=certificate_of(ours.root))
    assert found.covers(certificate_of(ours.certificate))
    assert (found.entries, found.next_update) == ({}, ours.root.not_valid_after_utc)


def test_it_listens_on_loopback_only_and_stops(ours: RehearsalOffice) -> None:
    with ours.serving(lambda: NOW) as url:
        assert url.startswith("http://127.0.0.1:")
        port = int(url.rstrip("/").rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=1)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def spoken(url: str, headers: dict[str, str], body: bytes) -> int:
    """The status of an answer to exactly these headers; a client library would correct them."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    lines = {"Content-Length": str(len(body)), **headers}
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        return int(connection.recv(64).split()[1])
