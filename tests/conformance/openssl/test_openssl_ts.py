"""OpenSSL beside us: it verifies what our rehearsal office makes, and we verify what it makes."""

import hashlib
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import StampRefusedError, TokenError
from evidence.rehearsal.tsa import POLICY, RehearsalOffice
from evidence.stamp.token import build_query, token_of_reply, verify_token
from tests.evidence.stamp.forge import NOW

pytestmark = pytest.mark.outside
CHECKPOINT = b"example.org/0a0b0c0d\n3\nqqq=\n\n- example.org/0a0b0c0d sig=\n"
SHA256 = hashlib.sha256(CHECKPOINT).digest()
EXTENSIONS = """
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[stamper]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


def openssl(*arguments: str, at: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], cwd=at, capture_output=True, check=False)


def must(*arguments: str, at: Path) -> None:
    done = openssl(*arguments, at=at)
    assert done.returncode == 0, done.stderr.decode()


# --- OpenSSL verifies ours


@pytest.fixture
def ours(tmp_path: Path) -> RehearsalOffice:
    (tmp_path / "checkpoint").write_bytes(CHECKPOINT)
    (tmp_path / "other").write_bytes(b"other")
    return RehearsalOffice.create(tmp_path, at=NOW)


def verified_by_openssl(*arguments: str, at: Path, time: datetime = NOW) -> bool:
    moment = str(int(time.timestamp()))
    done = openssl("ts", "-verify", "-CAfile", "root.pem", "-attime", moment, *arguments, at=at)
    return done.returncode == 0 and b"Verification: OK" in done.stdout


def test_openssl_verifies_our_answer_to_its_query_with_nonce_policy_and_certificates(
    tmp_path: Path, ours: RehearsalOffice
) -> None:
    for name, policy in (("plain", []), ("policy", ["-tspolicy", POLICY])):
        must("ts", "-query", "-data", "checkpoint", "-sha256", "-cert", *policy, "-out", f"{name}.tsq", at=tmp_path)
        reply = ours.stamp_reply((tmp_path / f"{name}.tsq").read_bytes(), NOW)
        (tmp_path / f"{name}.tsr").write_bytes(reply)
        assert verified_by_openssl("-queryfile", f"{name}.tsq", "-in", f"{name}.tsr", at=tmp_path)
        assert verified_by_openssl("-data", "checkpoint", "-in", f"{name}.tsr", at=tmp_path)
    # controls: another query (another nonce), other data, another root, another time
    assert not verified_by_openssl("-queryfile", "plain.tsq", "-in", "policy.tsr", at=tmp_path)
    assert not verified_by_openssl("-data", "other", "-in", "plain.tsr", at=tmp_path)
    late = NOW + timedelta(days=11 * 366)
    assert not verified_by_openssl("-data", "checkpoint", "-in", "plain.tsr", at=tmp_path, time=late)
    RehearsalOffice.create(tmp_path / "stranger", at=NOW)
    (tmp_path / "root.pem").write_bytes((tmp_path / "stranger" / "root.pem").read_bytes())
    assert not verified_by_openssl("-data", "checkpoint", "-in", "plain.tsr", at=tmp_path)


def test_openssl_verifies_our_bare_token_over_the_checkpoint_as_it_lies(tmp_path: Path, ours: RehearsalOffice) -> None:
    reply = ours.stamp_reply(build_query(sha256=SHA256, nonce=2**64 - 1), NOW + timedelta(milliseconds=250))
    (tmp_path / "token").write_bytes(token_of_reply(reply))
    assert verified_by_openssl("-data", "checkpoint", "-in", "token", "-token_in", at=tmp_path)
    assert not verified_by_openssl("-data", "other", "-in", "token", "-token_in", at=tmp_path)


def test_openssl_reads_our_refusal(tmp_path: Path, ours: RehearsalOffice) -> None:
    must("ts", "-query", "-data", "checkpoint", "-sha1", "-out", "q.tsq", at=tmp_path)
    (tmp_path / "r.tsr").write_bytes(ours.stamp_reply((tmp_path / "q.tsq").read_bytes(), NOW))
    shown = openssl("ts", "-reply", "-in", "r.tsr", "-text", at=tmp_path).stdout
    assert b"Status: Rejected." in shown
    assert b"unrecognized or unsupported algorithm identifier" in shown


# --- we verify OpenSSL's


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root and stamper made by OpenSSL alone."""
    at = tmp_path_factory.mktemp("openssl")
    (at / "extensions").write_text(EXTENSIONS)
    (at / "checkpoint").write_bytes(CHECKPOINT)
    (at / "serial").write_text("01\n")
    for name, key in (("root", "rsa:2048"), ("rsa", "rsa:2048"), ("ec", "ec")):
        kind = ["-newkey", key] if key != "ec" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        must(
            "req",
            "-new",
            *kind,
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
            at=at,
        )
    sign = ["x509", "-req", "-days", "30", "-extfile", "extensions"]
    must(*sign, "-in", "root.csr", "-key", "root.key", "-extensions", "root", "-out", "root.pem", at=at)
    for serial, name in enumerate(("rsa", "ec"), start=7):
        issuer = ["-CA", "root.pem", "-CAkey", "root.key", "-set_serial", str(serial)]
        must(*sign, "-in", f"{name}.csr", *issuer, "-extensions", "stamper", "-out", f"{name}.pem", at=at)
    return at


def stamped_by_openssl(at: Path, query: bytes, *, signer: str = "rsa", more: Sequence[str] = ()) -> bytes:
    settings = {
        "serial": "serial",
        "crypto_device": "builtin",
        "signer_cert": f"{signer}.pem",
        "signer_key": f"{signer}.key",
        "signer_digest": "sha256",
        "default_policy": "1.2.3.4.1",
        "digests": "sha256, sha384",
        "ess_cert_id_alg": "sha256",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (at / "ts.cnf").write_text("\n".join(["[tsa]", "default_tsa = one", "[one]", *lines, *more, ""]))
    (at / "q.tsq").write_bytes(query)
    must("ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq", "-out", "r.tsr", at=at)
    return (at / "r.tsr").read_bytes()


def roots(at: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((at / "root.pem").read_bytes())


@pytest.mark.parametrize("signer", ["rsa", "ec"])
@pytest.mark.parametrize(
    "more",
    [
        [],
        ["certs = root.pem"],
        ["certs = root.pem", "ess_cert_id_chain = yes"],
        ["ess_cert_id_alg = sha1"],
        ["ess_cert_id_alg = sha512", "signer_digest = sha512"],
        ["accuracy = secs:1, millisecs:500, microsecs:100", "ordering = yes", "tsa_name = yes"],
        ["clock_precision_digits = 3"],
    ],
    ids=["plain", "two certificates", "chain named", "ESSCertID 1", "SHA-512", "all fields", "milliseconds"],
)
def test_we_verify_what_openssl_stamps(theirs: Path, signer: str, more: list[str]) -> None:
    reply = stamped_by_openssl(theirs, build_query(sha256=SHA256, nonce=77), signer=signer, more=more)
    info = verify_token(token=token_of_reply(reply), sha256=SHA256, roots=roots(theirs), nonce=77)
    assert abs(info.gen_time - datetime.now(UTC)) < timedelta(minutes=5)
    assert (info.office, info.policy) == (signer, "1.2.3.4.1")


def test_openssl_does_send_two_certificates_out_of_order(theirs: Path) -> None:
    """What makes the case above worth having: a strict reader of sets refuses these very bytes."""
    orders = set()
    for signer in ("rsa", "ec"):
        reply = stamped_by_openssl(
            theirs, build_query(sha256=SHA256, nonce=1), signer=signer, more=["certs = root.pem"]
        )
        sent = cms.ContentInfo.load(token_of_reply(reply))["content"]["certificates"]
        ders = [choice.chosen.dump() for choice in sent]
        assert len(ders) == 2
        orders.add(ders == sorted(ders))
    assert False in orders


def test_openssl_answers_a_query_of_ours_and_checks_its_nonce(theirs: Path) -> None:
    query = build_query(sha256=SHA256, nonce=2**63 + 5)
    stamped_by_openssl(theirs, query)
    done = openssl("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem", at=theirs)
    assert done.returncode == 0, done.stderr.decode()


def test_we_read_openssls_refusal(theirs: Path) -> None:
    with pytest.raises(StampRefusedError, match="unaccepted_policy"):
        token_of_reply(stamped_by_openssl(theirs, build_query(sha256=SHA256, nonce=1, policy="1.2.3.9")))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**160))
@settings(max_examples=10, deadline=None)
def test_openssl_reads_our_queries(sha256: bytes, nonce: int) -> None:
    query = build_query(sha256=sha256, nonce=nonce, policy="1.2.3")
    done = subprocess.run(
        ["openssl", "ts", "-query", "-in", "/dev/stdin", "-text"], input=query, capture_output=True, check=True
    )
    shown = done.stdout.decode()
    assert "Hash Algorithm: sha256" in shown
    assert "Policy OID: 1.2.3" in shown
    assert "Certificate required: yes" in shown
    said = re.search(r"Nonce: (0x[0-9A-F]+)", shown)
    assert said
    assert int(said[1], 16) == nonce


def test_a_damaged_token_is_refused_by_both(tmp_path: Path, ours: RehearsalOffice) -> None:
    token = token_of_reply(ours.stamp_reply(build_query(sha256=SHA256, nonce=1), NOW))
    spoiled = bytearray(token)
    spoiled[token.index(b"20260504120000Z") + 3] ^= 1
    (tmp_path / "token").write_bytes(spoiled)
    assert not verified_by_openssl("-data", "checkpoint", "-in", "token", "-token_in", at=tmp_path)
    with pytest.raises(TokenError):
        verify_token(token=bytes(spoiled), sha256=SHA256, roots=[ours.root])
