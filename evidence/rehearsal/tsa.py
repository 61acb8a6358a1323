"""A stand-in for a time-stamp office, for rehearsals: RFC 3161, over HTTP on 127.0.0.1 only.

It answers as a real office does, so that a rehearsal runs the lines that matter. Its stamps prove
nothing to anybody: its key lies on the machine that asks, and every name in its
certificates says "Rehearsal, not for court". The root's key is thrown away as soon as it has
signed the one certificate below it and the one list of what is revoked, which is nothing.
"""

import hashlib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Self

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.errors import Term
from evidence.errors import SignedDataError, StampError
from evidence.objects.durable import make_folder, write_file
from evidence.stamp.client import QUERY_TYPE, REPLY_TYPE
from evidence.stamp.der import element, require_der
from evidence.stamp.download import LIST_TYPE
from evidence.stamp.encoding import mend_asn1crypto
from evidence.stamp.issue import Issuer
from evidence.stamp.reading import Asn1, parsing, read_as
from evidence.times import Clock

NOTICE = "Rehearsal, not for court"
POLICY = "1.3.6.1.4.1.32473.1.1"  # below the enterprise number reserved for examples (RFC 5612)
MAX_QUERY_BYTES = 4096
LIST_PATH = "root.crl"
"""Below its address, where it publishes its root's revocation list. Its port is another each time: no certificate
can name the place."""

mend_asn1crypto()

_ROOT_YEARS, _CERTIFICATE_YEARS = 20, 10
_ACCURACY_S = 1
_IDLE_S = 5.0
_ROOT, _CERTIFICATE, _KEY, _REVOKED = "root.pem", "tsa.pem", "tsa.key", "root.crl"
_SERIAL_BYTES = 8


class _Refusal(Exception):  # noqa: N818 - a reply to the asker, never seen by a caller
    """A query that is answered with PKIFailureInfo (RFC 3161, 2.4.2)."""

    def __init__(self, failure: str, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text


@dataclass(frozen=True, slots=True)
class RehearsalOffice:
    """Key and certificates of a rehearsal time-stamp office.

    Attributes:
        revoked: DER of its root's revocation list, which revokes nothing; empty where it publishes none.
    """

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    root: x509.Certificate
    revoked: bytes = b""

    @classmethod
    def create(cls, directory: Path, *, at: datetime) -> Self:
        """Make a key and certificates, valid from ``at``, and write them to ``directory``.

        Raises:
            StampError: The directory already holds one.
        """
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _root_certificate(root_key, at)
        revoked = revocation_list(root, root_key, at)
        made = cls(key=key, certificate=_stamping_certificate(key, root, root_key, at), root=root, revoked=revoked)
        make_folder(directory, parents=True, exist_ok=True)
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write_new(directory / _KEY, private)
        _write_new(directory / _CERTIFICATE, made.certificate.public_bytes(pem))
        _write_new(directory / _ROOT, root.public_bytes(pem))
        _write_new(directory / _REVOKED, revoked)
        return made

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Read the key and certificates that ``create`` wrote.

        Raises:
            StampError: A file is missing or is not what it should be.
        """
        try:
            key = serialization.load_pem_private_key((directory / _KEY).read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate((directory / _CERTIFICATE).read_bytes())
            root = x509.load_pem_x509_certificate((directory / _ROOT).read_bytes())
            revoked = (directory / _REVOKED).read_bytes()
        except (OSError, ValueError, TypeError) as error:
            raise StampError("stamp.no_rehearsal_office", where=directory.name, found=type(error).__name__) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise StampError("stamp.rehearsal_key_of_another", where=directory.name)
        return cls(key=key, certificate=certificate, root=root, revoked=revoked)

    def stamp_reply(self, query: bytes, at: datetime) -> bytes:
        """The reply to a query at that time, aware: a TimeStampResp that grants it or says why not."""
        at = at.astimezone(UTC)
        try:
            self._require_time(at)
            request = _read_query(query)
        except _Refusal as refusal:
            return _reply(
                {"status": "rejection", "status_string": [refusal.text], "fail_info": {refusal.failure}}, token=None
            )
        return _reply({"status": "granted"}, token=self._token(query, request, at))

    @contextmanager
    def serving(self, clock: Clock) -> Iterator[str]:
        """Answer time-stamp queries, and give out the revocation list, on a free port of 127.0.0.1 for a while.

        Yields:
            The address.
        """
        with _Server(self, clock) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()

    def _require_time(self, at: datetime) -> None:
        if not self.certificate.not_valid_before_utc <= at <= self.certificate.not_valid_after_utc:
            raise _Refusal("time_not_available", "the certificate is not valid at that time")

    def _token(self, query: bytes, request: Asn1, at: datetime) -> Asn1:
        content = _tst_info(query, request, at)
        signed = self._signed_attributes(content, at)
        algorithm = {"algorithm": "sha256"}
        signer = {
            "version": "v1",
            "sid": _make(cms.SignerIdentifier, {"issuer_and_serial_number": self._issuer_and_serial()}),
            "digest_algorithm": algorithm,
            "signed_attrs": signed,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed_data = {
            "version": "v3",
            "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "tst_info", "content": _make(core.ParsableOctetString, content)},
            "signer_infos": [signer],
        }
        if request["cert_req"].native:
            # its own only: the root must come by another route, so a copy here could only mislead
            signed_data["certificates"] = [self._asn1_certificate()]
        return _make(cms.ContentInfo, {"content_type": "signed_data", "content": _make(cms.SignedData, signed_data)})

    def _signed_attributes(self, content: bytes, at: datetime) -> Asn1:
        certificate = self._asn1_certificate()
        name = _make(asn1_x509.GeneralName, "directory_name", certificate.issuer)
        identifier = {
            "cert_hash": self.certificate.fingerprint(hashes.SHA256()),
            "issuer_serial": {"issuer": [name], "serial_number": certificate.serial_number},
        }
        return _make(
            cms.CMSAttributes,
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "signing_time", "values": [_make(cms.Time, {"utc_time": at.replace(microsecond=0)})]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                {"type": "signing_certificate_v2", "values": [{"certs": [identifier]}]},
            ],
        )

    def _asn1_certificate(self) -> Asn1:
        return read_as(asn1_x509.Certificate, self.certificate.public_bytes(serialization.Encoding.DER))

    def _issuer_and_serial(self) -> dict[str, object]:
        certificate = self._asn1_certificate()
        return {"issuer": certificate.issuer, "serial_number": certificate.serial_number}


def _read_query(query: bytes) -> Asn1:
    """A TimeStampReq that can be granted.

    Raises:
        _Refusal: It cannot.
    """
    try:
        with parsing(Term("what.query")):
            require_der(query)
            request = read_as(tsp.TimeStampReq, query)
            _ = request.native  # asn1crypto parses lazily
    except SignedDataError as error:
        raise _Refusal("bad_data_format", error.message) from error
    imprint = request["message_imprint"]
    if request["version"].native != "v1":
        raise _Refusal("bad_request", "version 1 only")
    if imprint["hash_algorithm"]["algorithm"].native != "sha256":
        raise _Refusal("bad_alg", "SHA-256 only")
    if len(imprint["hashed_message"].native) != hashes.SHA256.digest_size:
        raise _Refusal("bad_data_format", "a SHA-256 digest has 32 bytes")
    if request["req_policy"].native not in (None, POLICY):
        raise _Refusal("unaccepted_policy", f"policy {POLICY} only")
    if len(request["extensions"]) > 0:
        raise _Refusal("unaccepted_extensions", "no extensions")
    return request


def _tst_info(query: bytes, request: Asn1, at: datetime) -> bytes:
    # numbered by what it says, so that equal numbers mean equal stamps
    serial = hashlib.sha256(at.isoformat().encode("ascii") + query).digest()[:_SERIAL_BYTES]
    fields = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": request["message_imprint"],
        "serial_number": int.from_bytes(serial, "big"),
        "gen_time": at,
        "accuracy": {"seconds": _ACCURACY_S},
    }
    if request["nonce"].native is not None:
        fields["nonce"] = request["nonce"].native
    return bytes(_make(tsp.TSTInfo, fields).dump())


def _reply(status: dict[str, object], *, token: Asn1 | None) -> bytes:
    # asn1crypto's TimeStampResp always holds a token, so the two parts are put together here
    parts = _make(tsp.PKIStatusInfo, status).dump() + (b"" if token is None else token.dump())
    return element(0x30, parts)


def _make(kind: Asn1, *value: object) -> Asn1:
    return kind(*value)


def _root_certificate(key: ec.EllipticCurvePrivateKey, at: datetime) -> x509.Certificate:
    return Issuer(_name(f"Root ({NOTICE})"), key).root(at=at, years=_ROOT_YEARS, usage=("key_cert_sign", "crl_sign"))


def revocation_list(root: x509.Certificate, key: ec.EllipticCurvePrivateKey, at: datetime) -> bytes:
    """The one list that the loopback office's root makes.

    Its key is thrown away, so the list lives as long as the root.
    """
    return Issuer(root.subject, key).revocation_list(at=at, until=root.not_valid_after_utc)


def _stamping_certificate(
    key: ec.EllipticCurvePrivateKey, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, at: datetime
) -> x509.Certificate:
    return Issuer(root.subject, root_key).issue(
        _name(f"Time stamps ({NOTICE})"),
        key.public_key(),
        at=at,
        years=_CERTIFICATE_YEARS,
        usage=("digital_signature",),
        purpose=ExtendedKeyUsageOID.TIME_STAMPING,
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, NOTICE), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _write_new(path: Path, content: bytes) -> None:
    try:
        write_file(path, content)
    except FileExistsError as error:
        raise StampError("stamp.rehearsal_office_there_already", where=path.name) from error


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, office: RehearsalOffice, clock: Clock) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.office = office
        self.clock = clock


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_S

    def do_POST(self) -> None:
        """Answer one query (RFC 3161, 3.4)."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != QUERY_TYPE:
            self.send_error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        elif not (length.isascii() and length.isdecimal()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > len(str(MAX_QUERY_BYTES)) or int(length) > MAX_QUERY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._answer(self.server.office.stamp_reply(self.rfile.read(int(length)), self.server.clock()))

    def do_GET(self) -> None:
        """Give out the revocation list (RFC 5280, 4.2.1.13; RFC 2585, 4.2)."""
        if self.path != f"/{LIST_PATH}" or not self.server.office.revoked:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._answer(self.server.office.revoked, LIST_TYPE)

    def _answer(self, reply: bytes, kind: str = REPLY_TYPE) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Stay silent: a command's output is its own."""
