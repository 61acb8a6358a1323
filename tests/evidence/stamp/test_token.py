"""Tokens and replies: what is refused, what is read, and how queries look."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import CertificateError, StampRefusedError, TokenError
from evidence.stamp.certificate import certificate_of
from evidence.stamp.token import build_query, read_token, token_of_reply, verify_token
from tests.evidence.stamp.forge import (
    DAY,
    NOW,
    POLICY,
    SHA256,
    Plan,
    Stamp,
    authority,
    granted,
    sequence,
    stamper,
)

ROOT = authority("Root")
SIGNER = stamper(ROOT)
OTHER = stamper(ROOT)
GOOD = Stamp(SIGNER, nonce=77)
ROOTS = [ROOT.certificate]


def signed_for(*purposes: x509.ObjectIdentifier, critical: bool = True) -> Stamp:
    return Stamp(stamper(ROOT, purposes=x509.ExtendedKeyUsage(purposes), purposes_critical=critical))


FAULTS = {
    "an imprint of other data": (GOOD.but(sha256=hashlib.sha256(b"other").digest()), "other data"),
    "an imprint that is not SHA-256": (GOOD.but(imprint="sha384", sha256=b"x" * 48), "not SHA-256"),
    "an imprint that only calls itself SHA-512": (GOOD.but(imprint="sha512"), "not SHA-256"),
    "an imprint cut short": (GOOD.but(sha256=SHA256[:-1]), "other data"),
    "a version that is not known": (GOOD.but(tst_version=2), "version"),
    "a critical extension": (GOOD.but(critical_extension=True), "critical extension"),
    "content that is no TSTInfo": (GOOD.but(content_type="data"), "not a time-stamp token"),
    "no purpose": (Stamp(stamper(ROOT, purposes=None)), "not for time-stamping"),
    "a purpose that is not critical": (signed_for(ExtendedKeyUsageOID.TIME_STAMPING, critical=False), "critical"),
    "a purpose that is not the only one": (
        signed_for(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING),
        "sole",
    ),
    "another purpose": (signed_for(ExtendedKeyUsageOID.CODE_SIGNING), "sole"),
    "any purpose": (signed_for(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), "sole"),
    "a key usage that does not sign": (Stamp(stamper(ROOT, digital_signature=False)), "key usage"),
    "a signing certificate attribute for another certificate": (GOOD.but(ess_of=OTHER), "names no certificate"),
    "a signature by another key": (GOOD.but(signing_key=OTHER.key), "signature is wrong"),
    "no certificate": (GOOD.but(certificates=()), "no certificate"),
    "two signers": (GOOD.but(signers=2), "not one signerInfo"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_is_refused_with(fault: str) -> None:
    stamp, why = FAULTS[fault]
    with pytest.raises(TokenError, match=why):
        verify_token(token=stamp.der(), sha256=SHA256, roots=ROOTS)


def test_the_same_maker_without_a_fault_is_read() -> None:
    info = verify_token(token=GOOD.der(), sha256=SHA256, roots=ROOTS, nonce=77)
    assert (info.gen_time, info.sha256, info.policy, info.serial, info.nonce) == (NOW, SHA256, POLICY, 5, 77)
    assert (info.office, info.certificate, info.others) == ("Stamper", certificate_of(SIGNER.certificate), ())
    assert info.accuracy is None


@pytest.mark.parametrize(
    "spelling",
    [
        b"20260504120000",
        b"202605041200Z",
        b"20260504120000+0000",
        b"20260504120000.Z",
        b"20260504120000.50Z",
        b"20260504120000,5Z",
        b"20261304120000Z",
        b"20260504126000Z",
        b"00000504120000Z",
        b"20260504120000.1234567890123Z",
        b" 0260504120000Z",
    ],
)
def test_a_time_in_another_spelling_is_refused(spelling: bytes) -> None:
    with pytest.raises(TokenError):
        read_token(GOOD.but(gen_time=spelling).der(), sha256=SHA256)


@pytest.mark.parametrize(
    ("spelling", "time"),
    [
        (b"20260504120000Z", NOW),
        (b"20260504120000.5Z", NOW + timedelta(milliseconds=500)),
        (b"20260504120000.000001Z", NOW + timedelta(microseconds=1)),
        (b"20260504120000.1234569Z", NOW + timedelta(microseconds=123456)),
        (b"20280229235959Z", datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc_and_cut_to_microseconds(spelling: bytes, time: datetime) -> None:
    assert read_token(GOOD.but(gen_time=spelling).der(), sha256=SHA256).gen_time == time


@pytest.mark.parametrize(
    ("fraction", "milliseconds"),
    [(b"", 0), (b".5", 500), (b".001", 1), (b".0001", 1), (b".0009999", 1), (b".000000000001", 1), (b".9991", 1000)],
)
def test_a_bound_from_above_is_the_next_millisecond_whatever_digits_the_office_gave(
    fraction: bytes, milliseconds: int
) -> None:
    token = read_token(GOOD.but(gen_time=b"20260504120000" + fraction + b"Z").der(), sha256=SHA256)
    assert token.latest == NOW + timedelta(milliseconds=milliseconds)


def test_a_time_after_which_no_time_can_be_named_is_refused() -> None:
    with pytest.raises(TokenError):
        read_token(GOOD.but(gen_time=b"99991231235959.9999Z").der(), sha256=SHA256)


def test_another_nonce_or_none_is_refused_when_one_was_sent() -> None:
    for stamp in (GOOD.but(nonce=78), GOOD.but(nonce=None)):
        with pytest.raises(TokenError, match="another query"):
            verify_token(token=stamp.der(), sha256=SHA256, roots=ROOTS, nonce=77)
        verify_token(token=stamp.der(), sha256=SHA256, roots=ROOTS)


def test_a_good_token_of_an_unknown_office_is_read_and_not_trusted() -> None:
    stranger = Stamp(stamper(authority("Root"))).der()
    assert read_token(stranger, sha256=SHA256).gen_time == NOW
    with pytest.raises(CertificateError):
        verify_token(token=stranger, sha256=SHA256, roots=ROOTS)


def test_the_certificate_must_be_valid_when_the_token_was_made_and_need_not_be_now() -> None:
    brief = Stamp(stamper(ROOT, not_before=NOW - DAY, not_after=NOW + DAY))
    verify_token(token=brief.der(), sha256=SHA256, roots=ROOTS)
    for gen_time in (NOW - 2 * DAY, NOW + 2 * DAY):
        with pytest.raises(CertificateError, match="not valid"):
            verify_token(token=brief.but(gen_time=gen_time).der(), sha256=SHA256, roots=ROOTS)


def test_a_chain_through_a_certificate_that_is_no_authority_is_refused() -> None:
    middle = Plan("Middle", issuer=ROOT).make()
    signer = stamper(middle)
    with pytest.raises(CertificateError, match="CA:TRUE"):
        verify_token(token=Stamp(signer, certificates=(signer, middle)).der(), sha256=SHA256, roots=ROOTS)


def test_intermediates_may_come_with_the_token_and_the_root_may_not_vouch_for_itself() -> None:
    middle = authority("Middle", issuer=ROOT)
    signer = stamper(middle)
    token = Stamp(signer, certificates=(signer, middle, ROOT)).der()
    verify_token(token=token, sha256=SHA256, roots=ROOTS)
    with pytest.raises(CertificateError):
        verify_token(token=token, sha256=SHA256, roots=[])
    with pytest.raises(CertificateError):
        verify_token(token=token, sha256=SHA256, roots=[authority("Root").certificate])


def test_a_token_may_carry_unsigned_attributes() -> None:
    # tolerated: validation data may be added later, before the next archive time-stamp covers it
    extra = [{"type": "1.3.6.1.4.1.32473.5", "values": []}]
    read_token(GOOD.but(unsigned=extra).der(), sha256=SHA256)


@pytest.mark.parametrize("more", [b"\x00", b"\x30\x00", GOOD.der()])
def test_nothing_may_follow_a_token(more: bytes) -> None:
    with pytest.raises(TokenError, match="after the end"):
        read_token(GOOD.der() + more, sha256=SHA256)


def test_a_reply_gives_its_token_byte_for_byte() -> None:
    token = GOOD.der()
    assert token_of_reply(granted(token)) == token
    assert token_of_reply(granted(token, status=1)) == token


def test_a_refusal_says_status_and_reasons() -> None:
    info = tsp.PKIStatusInfo(
        {"status": "rejection", "status_string": ["wrong hash"], "fail_info": {"bad_alg", "bad_request"}}
    )
    with pytest.raises(StampRefusedError) as caught:
        token_of_reply(sequence(info.dump()))
    assert caught.value.found == '"rejection; bad_alg; bad_request; wrong hash"'


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_every_status_but_granted_is_a_refusal_with_or_without_a_token(status: int) -> None:
    for reply in (sequence(sequence(bytes((2, 1, status)))), granted(GOOD.der(), status)):
        with pytest.raises(StampRefusedError):
            token_of_reply(reply)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"<html>no</html>",
        sequence(),
        sequence(sequence(b"\x02\x01\x00")),
        sequence(sequence(b"\x02\x01\x00"), GOOD.der(), GOOD.der()),
        granted(GOOD.der()) + b"\x00",
        granted(GOOD.der())[:-1],
        GOOD.der(),
        b"\x30\x80" + b"\x00" * 8,
    ],
    ids=["nothing", "html", "empty", "no token", "two tokens", "more", "less", "a bare token", "BER"],
)
def test_what_is_no_reply_is_refused(reply: bytes) -> None:
    with pytest.raises((TokenError, StampRefusedError)):
        token_of_reply(reply)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1), st.none() | st.just(POLICY))
def test_a_query_holds_the_digest_the_nonce_and_nothing_about_us(sha256: bytes, nonce: int, policy: str | None) -> None:
    query = tsp.TimeStampReq.load(build_query(sha256=sha256, nonce=nonce, policy=policy), strict=True).native
    assert query == {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256", "parameters": None},
            "hashed_message": sha256,
        },
        "req_policy": policy,
        "nonce": nonce,
        "cert_req": True,
        "extensions": None,
    }


@pytest.mark.parametrize(("sha256", "nonce"), [(b"short", 1), (SHA256 + b"x", 1), (SHA256, -1)])
def test_what_is_no_digest_or_nonce_is_not_asked_for(sha256: bytes, nonce: int) -> None:
    with pytest.raises(TokenError):
        build_query(sha256=sha256, nonce=nonce)


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_our_errors(data: bytes) -> None:
    with pytest.raises((TokenError, StampRefusedError)):
        token_of_reply(data)
    with pytest.raises(TokenError):
        read_token(data, sha256=SHA256)


@given(st.binary(max_size=200))
@settings(max_examples=30)
def test_well_signed_nonsense_raises_only_our_error(content: bytes) -> None:
    # an office gone mad signs anything; the signature must not be what keeps us from reading it
    with pytest.raises(TokenError):
        read_token(GOOD.der(content), sha256=SHA256)


TST_INFO = GOOD.content()


@given(st.integers(0, len(TST_INFO) - 1), st.integers(1, 255))
@settings(max_examples=40)
def test_a_well_signed_and_damaged_tst_info_raises_only_our_errors(at: int, change: int) -> None:
    content = bytearray(TST_INFO)
    content[at] ^= change
    try:
        verify_token(token=GOOD.der(bytes(content)), sha256=SHA256, roots=ROOTS)
    except (TokenError, CertificateError):
        return
