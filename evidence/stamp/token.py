"""Time-stamp queries, replies and tokens (RFC 3161, with RFC 5816).

Pure: a clock, a nonce and the roots come in as arguments. A token proves that its digest
existed at the time that the time-stamp office gives, as far as one trusts that office. It proves
nothing about what was digested. The offline verifier carries this module.
"""

import hmac
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import core, tsp
from asn1crypto.core import Void

from config.errors import Term
from evidence.errors import CertificateError, SignedDataError, StampRefusedError, TokenError
from evidence.stamp.certificate import AnyCertificate, Certificate
from evidence.stamp.chain import chain_to_root
from evidence.stamp.cms import ID_TST_INFO, verify_signed_data
from evidence.stamp.der import require_der
from evidence.stamp.names import GeneralName, canonical, general_name
from evidence.stamp.reading import Asn1, parsing, plain_oid, read_as

_SHA256 = "2.16.840.1.101.3.4.2.1"
_SHA256_BYTES = 32
_GRANTED = ("granted", "granted_with_mods")
_PARTS_GRANTED = 2
_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_SIGNS = {"digital_signature", "non_repudiation"}
_ISSUES = {"key_cert_sign", "crl_sign"}
_MOST = 999  # thousandths and millionths of a second (RFC 3161, 2.4.2)
_MAX_REFUSAL = 200
# RFC 3161, 2.4.2: UTC, seconds always there, a fraction without trailing zeros
_GEN_TIME = re.compile(rb"(\d{14})(?:\.(\d{0,11}[1-9]))?Z")


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What a token says, once its signature is found good.

    Attributes:
        gen_time: When it was made, as the office says; aware UTC, cut to microseconds.
        latest: The first whole millisecond that is not before it, whatever digits the office gave: a bound from above.
        sha256: The digest that was stamped, 32 bytes.
        policy: The policy under which it was made, dotted.
        serial: Its number at this office.
        nonce: The number in the query, if any.
        office: Common name of the certificate: what the office calls itself.
        certificate: The certificate whose key signed it.
        others: Other certificates that came with it; no signature covers them.
        accuracy: How far the clock may be off, if the office says so.
    """

    gen_time: datetime
    latest: datetime
    sha256: bytes
    policy: str
    serial: int
    nonce: int | None
    office: str
    certificate: Certificate
    others: tuple[Certificate, ...]
    accuracy: timedelta | None = None


def build_query(*, sha256: bytes, nonce: int, policy: str | None = None) -> bytes:
    """DER of a TimeStampReq for this digest that asks for the certificates.

    Raises:
        TokenError: The digest is not 32 bytes, or the nonce is negative.
    """
    if len(sha256) != _SHA256_BYTES or nonce < 0:
        raise TokenError("token.not_a_query")
    fields: dict[str, object] = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256},
        "nonce": nonce,
        "cert_req": True,
    }
    if policy is not None:
        fields["req_policy"] = policy
    request: Asn1 = tsp.TimeStampReq
    return bytes(request(fields).dump())


def token_of_reply(reply: bytes) -> bytes:
    """The token inside a TimeStampResp, byte for byte as it was sent.

    Raises:
        StampRefusedError: The office refused; ``found`` has its status and reasons.
        TokenError: It is not a reply, or it grants but holds no token.
    """
    with _token_errors(), parsing(Term("what.reply")):
        require_der(reply)
        # part by part: asn1crypto's TimeStampResp always has a token, and a refusal has none
        whole = read_as(core.Sequence, reply)
        parts = [whole[at].dump() for at in range(len(whole))]
        status = read_as(tsp.PKIStatusInfo, parts[0] if parts else b"")
        if status["status"].native not in _GRANTED:
            raise StampRefusedError("stamp_refused.by_reply", system=_refusal(status))
        if len(parts) != _PARTS_GRANTED:
            raise TokenError("token.granted_without_token", found=str(len(parts)))
        return bytes(parts[1])


def read_token(token: bytes, *, sha256: bytes) -> TokenInfo:
    """Check that ``token`` is a well-signed token over this digest; trust is a separate step.

    1. It is CMS SignedData over a TSTInfo with a good signature (``verify_signed_data``).
    2. The TSTInfo is version 1, its imprint is SHA-256 and this digest, its accuracy is in range, and no
       extension of it is critical.
    3. The signer's certificate is for time-stamping and nothing else: extended key usage critical, timeStamping
       alone (RFC 3161, 2.3); no authority's; a key usage, if there, that signs and issues nothing.
    4. ``tsa``, if there, is a name of that certificate (2.4.2).

    The caller must still check that the certificate leads to a root: ``verify_token``. Tolerated, and not
    covered by any signature: unsigned attributes, CRLs, and certificates other than the signer's.

    Args:
        token: DER of the token, not of the reply.
        sha256: The digest that it should cover, 32 bytes.

    Raises:
        TokenError: Any of the above does not hold.
    """
    with _token_errors():
        # (1) the signature
        facts = verify_signed_data(signed_data=token, content=None)
        if facts.content_type != ID_TST_INFO:
            raise TokenError("token.not_a_token", expected=ID_TST_INFO, found=facts.content_type)
        # (2) what it covers
        require_der(facts.content)
        with parsing(Term("what.time_stamp_information")):
            fields = _fields(facts.content)
        if not hmac.compare_digest(fields.sha256, sha256):
            raise TokenError("token.of_other_data", expected=sha256.hex(), found=fields.sha256.hex())
        # (3) whose it is
        _require_time_stamping(facts.certificate)
        # (4) and who it says made it
        _require_own_name(fields.tsa, facts.certificate)
    return TokenInfo(
        gen_time=fields.gen_time,
        latest=fields.latest,
        sha256=fields.sha256,
        policy=fields.policy,
        serial=fields.serial,
        nonce=fields.nonce,
        office=facts.certificate.name,
        certificate=facts.certificate,
        others=facts.others,
        accuracy=fields.accuracy,
    )


def verify_token(
    *, token: bytes, sha256: bytes, roots: Sequence[AnyCertificate], nonce: int | None = None
) -> TokenInfo:
    """Check ``token`` as ``read_token`` does, and its chain to one of ``roots``, valid when it was made.

    Args:
        token: DER of the token, not of the reply.
        sha256: The digest that it should cover, 32 bytes.
        roots: They come from outside the file under test.
        nonce: The number in the query, if this is the answer to one.

    Raises:
        TokenError: The token does not hold, or carries another nonce.
        CertificateError: The office's certificate does not lead to a root, or did not then.
    """
    info = read_token(token, sha256=sha256)
    if nonce is not None and info.nonce != nonce:
        raise TokenError("token.of_another_query", expected=str(nonce), found=str(info.nonce))
    chain_to_root(certificate=info.certificate, others=info.others, roots=roots, at=info.gen_time)
    return info


@dataclass(frozen=True, slots=True)
class _Fields:
    """The parts of a TSTInfo that we use."""

    gen_time: datetime
    latest: datetime
    sha256: bytes
    policy: str
    serial: int
    nonce: int | None
    accuracy: timedelta | None
    tsa: GeneralName | None


@contextmanager
def _token_errors() -> Iterator[None]:
    """A bad signature or certificate inside a token is a bad token."""
    try:
        yield
    except (SignedDataError, CertificateError) as error:
        raise TokenError("token.signature_does_not_hold", cause=error) from error


def _refusal(status: Asn1) -> str:
    texts = [] if isinstance(status["status_string"], Void) else status["status_string"].native
    reasons = [] if isinstance(status["fail_info"], Void) else sorted(status["fail_info"].native)
    return "; ".join([str(status["status"].native), *reasons, *texts])[:_MAX_REFUSAL]


def _fields(content: bytes) -> _Fields:
    info = read_as(tsp.TSTInfo, content)
    imprint, nonce = info["message_imprint"], info["nonce"]
    if info["version"].native != "v1":
        raise TokenError("token.unknown_version", found=str(info["version"].native))
    if plain_oid(imprint["hash_algorithm"]) != _SHA256:
        raise TokenError("token.imprint_not_sha256", expected=_SHA256)
    if any(extension["critical"].native for extension in info["extensions"]):
        raise TokenError("token.unknown_critical_extension")
    gen_time, latest = _gen_time(info["gen_time"].contents)
    return _Fields(
        gen_time=gen_time,
        latest=latest,
        sha256=bytes(imprint["hashed_message"]),
        policy=info["policy"].dotted,
        serial=info["serial_number"].native,
        nonce=None if isinstance(nonce, Void) else nonce.native,
        accuracy=_accuracy(info["accuracy"]),
        tsa=None if isinstance(info["tsa"], Void) else general_name(info["tsa"].untag()),
    )


def _gen_time(text: bytes) -> tuple[datetime, datetime]:
    """The time cut to microseconds, and rounded up to milliseconds."""
    match = _GEN_TIME.fullmatch(text)
    if match is None:
        raise TokenError("token.time_not_in_its_form")
    second = datetime.strptime(match[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    digits = match[2] or b""
    milliseconds = int(digits.ljust(3, b"0")[:3]) + (len(digits) > 3)  # noqa: PLR2004 - no fraction ends in zeros
    microseconds = int(digits.ljust(6, b"0")[:6])
    try:
        return second.replace(microsecond=microseconds), second + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise TokenError("token.time_not_in_its_form") from error


def _accuracy(accuracy: Asn1) -> timedelta | None:
    if isinstance(accuracy, Void):
        return None
    seconds, millis, micros = (accuracy[name].native for name in ("seconds", "millis", "micros"))
    if (seconds or 0) < 0 or any(part is not None and not 1 <= part <= _MOST for part in (millis, micros)):
        raise TokenError("token.accuracy_out_of_range")
    return timedelta(seconds=seconds or 0, milliseconds=millis or 0, microseconds=micros or 0)


def _require_time_stamping(certificate: Certificate) -> None:
    if certificate.purposes is None:
        raise TokenError("token.certificate_not_for_stamping")
    if not certificate.purposes_critical or certificate.purposes != (_TIME_STAMPING,):
        raise TokenError("token.certificate_not_for_stamping_alone")
    if certificate.is_authority:
        raise TokenError("token.certificate_of_an_authority")
    usages = certificate.usages
    if usages is not None and not usages & _SIGNS:
        raise TokenError("token.certificate_may_not_sign")
    if usages is not None and usages & _ISSUES:
        raise TokenError("token.certificate_of_an_authority")


def _require_own_name(tsa: GeneralName | None, certificate: Certificate) -> None:
    own = (GeneralName("directory_name", canonical(certificate.subject)), *certificate.alternatives)
    if tsa is not None and tsa not in own:
        raise TokenError("token.of_another_office", expected=certificate.name)
