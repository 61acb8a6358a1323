"""The header of an age v1 file: read strictly, written, and bound by its MAC (c2sp.org/age, "Header").

A header wraps one 16-byte file key for each recipient. It is kept apart from the payload
here: header and payload joined are a standard age file, and destroying the header destroys
the content. Pure over bytes; only ``new_file_key`` asks the system for randomness.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import Fact
from evidence.errors import EnvelopeError, NoMatchingKeyError, SealError

FILE_KEY_BYTES = 16
WRAPPED_FILE_KEY_BYTES = FILE_KEY_BYTES + 16  # and the Poly1305 tag

_VERSION = b"age-encryption.org/v1"
_COLUMNS = 64
_ARGUMENTS = re.compile(rb"-> ([\x21-\x7e]+(?: [\x21-\x7e]+)*)")
_FULL_LINE = re.compile(rb"[A-Za-z0-9+/]{64}")
_FINAL_LINE = re.compile(rb"[A-Za-z0-9+/]{0,63}")
_MAC_LINE = re.compile(rb"--- ([A-Za-z0-9+/]{43})")
_SCRYPT_TYPE = "scrypt"


@dataclass(frozen=True, slots=True)
class Stanza:
    """One wrapping of the file key.

    Attributes:
        arguments: At least one, each of visible ASCII; the first is the type.
    """

    arguments: tuple[str, ...]
    body: bytes

    @property
    def type(self) -> str:
        """The recipient type of this stanza."""
        return self.arguments[0]

    def encode(self) -> bytes:
        """The stanza as a header spells it: 64 columns, the last line always shorter, perhaps empty."""
        text = b64(self.body)
        lines = [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
        return "".join(f"{line}\n" for line in ("-> " + " ".join(self.arguments), *lines)).encode("ascii")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was read but not yet believed: its MAC is checked by ``require_mac``.

    Attributes:
        signed: The bytes that the MAC covers: everything up to and including ``---``.
        mac: HMAC-SHA-256, 32 bytes.
    """

    stanzas: tuple[Stanza, ...]
    signed: bytes
    mac: bytes

    def require_mac(self, file_key: bytes) -> None:
        """Check that whoever knew ``file_key`` wrote this header.

        Raises:
            EnvelopeError: The header was changed.
        """
        if not hmac.compare_digest(self.mac, _mac(file_key, self.signed)):
            raise EnvelopeError("envelope.header_changed")


class Company(Enum):
    """Which recipients may share a header (c2sp.org/age, "Native recipient types")."""

    CLASSICAL = auto()
    POST_QUANTUM = auto()
    ALONE = auto()


class Recipient(Protocol):
    """A public key, or a passphrase, to which a file key is wrapped."""

    @property
    def company(self) -> Company:
        """The recipients with which it may share a header."""
        ...

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key of 16 bytes, with fresh randomness each time."""
        ...


class Identity(Protocol):
    """A private key, or a passphrase, that finds its own stanza and unwraps it."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if no stanza is for this identity.

        Raises:
            EnvelopeError: A stanza of this identity's type is malformed.
        """
        ...


def new_file_key() -> bytes:
    """The file key of a new age file: 16 random bytes.

    It is not an argument, because a key that can be chosen can be used twice.
    """
    return secrets.token_bytes(FILE_KEY_BYTES)


def seal_header(file_key: bytes, *, recipients: Sequence[Recipient]) -> bytes:
    """The age header that wraps ``file_key`` for each of ``recipients``.

    Raises:
        SealError: There is no recipient, or they may not share a header. A classical recipient would
            undo the promise of a post-quantum one. Any recipient beside a passphrase would undo the
            promise that only somebody who knows the passphrase can have written the file.
    """
    companies = {recipient.company for recipient in recipients}
    if not companies:
        raise SealError("seal.no_recipient")
    if len(companies) > 1 or (Company.ALONE in companies and len(recipients) > 1):
        raise SealError(
            "seal.recipients_may_not_share", found=", ".join(sorted(company.name.lower() for company in companies))
        )
    stanzas = b"".join(recipient.wrap(file_key).encode() for recipient in recipients)
    signed = _VERSION + b"\n" + stanzas + b"---"
    return signed + b" " + b64(_mac(file_key, signed)).encode("ascii") + b"\n"


def open_header(header: bytes, *, identities: Sequence[Identity]) -> bytes:
    """The file key of an age header, unwrapped by the first identity that fits.

    (1) the header is read strictly, (2) an identity finds its stanza, (3) the MAC is checked.

    Raises:
        EnvelopeError: The header is malformed or was changed.
        NoMatchingKeyError: None of the identities is a recipient.
    """
    parsed = parse_header(header)  # (1)
    file_key = _unwrap(parsed.stanzas, identities)  # (2)
    parsed.require_mac(file_key)  # (3)
    return file_key


def parse_header(header: bytes) -> Header:
    """Read an age header and nothing after it.

    Raises:
        EnvelopeError: Anything but the one spelling that c2sp.org/age allows.
    """
    first, *rows = header.split(b"\n")
    if first != _VERSION:
        raise _malformed("envelope.not_age", expected=_VERSION.decode("ascii"))
    if len(rows) < 2 or rows.pop():  # noqa: PLR2004 - the MAC line and what follows its line feed: nothing
        raise _malformed("envelope.no_mac_line")
    mac_line = rows.pop()
    stanzas, at = list[Stanza](), 0
    while at < len(rows):
        stanza, at = _read_stanza(rows, at)
        stanzas.append(stanza)
    _require_company(stanzas)
    matched = _MAC_LINE.fullmatch(mac_line)
    if matched is None:
        raise _malformed("envelope.mac_line_malformed")
    signed = header[: -len(mac_line) - 1] + b"---"
    return Header(tuple(stanzas), signed, from_b64(matched[1].decode("ascii")))


def split_file(sealed: bytes) -> tuple[bytes, memoryview]:
    """Cut a whole age file into header and payload, without reading either.

    Raises:
        EnvelopeError: There is no MAC line.
    """
    # base64 lines and "-> " lines cannot begin with "--- ", so the first one ends the header
    mark = sealed.find(b"\n--- ")
    end = sealed.find(b"\n", mark + 1)
    if mark < 0 or end < 0:
        raise _malformed("envelope.no_mac_line")
    return sealed[: end + 1], memoryview(sealed)[end + 1 :]


def b64(data: bytes) -> str:
    """Standard base64 without padding, as age writes it."""
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def from_b64(text: str) -> bytes:
    """Read the one unpadded base64 spelling of some bytes in an age header.

    Raises:
        EnvelopeError: The text has padding, foreign characters, or bits that are not canonical.
    """
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _malformed("envelope.not_base64") from error
    if b64(data) != text:
        raise _malformed("envelope.not_the_one_base64")
    return data


def derive(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """Derive 32 bytes by HKDF-SHA-256, as age does; an empty salt is HKDF's default.

    See c2sp.org/age, "Conventions".
    """
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _read_stanza(rows: list[bytes], at: int) -> tuple[Stanza, int]:
    """The stanza that begins with row ``at``, and the row behind it."""
    matched = _ARGUMENTS.fullmatch(rows[at])
    if matched is None:
        raise _malformed("envelope.stanza_begins_wrong")
    last = at + 1
    while last < len(rows) and _FULL_LINE.fullmatch(rows[last]):
        last += 1
    if last == len(rows) or not _FINAL_LINE.fullmatch(rows[last]):
        raise _malformed("envelope.stanza_ends_wrong")
    body = from_b64(b"".join(rows[at + 1 : last + 1]).decode("ascii"))
    return Stanza(tuple(matched[1].decode("ascii").split(" ")), body), last + 1


def _require_company(stanzas: Sequence[Stanza]) -> None:
    if not stanzas:
        raise _malformed("envelope.no_recipient")
    if len(stanzas) > 1 and any(stanza.type == _SCRYPT_TYPE for stanza in stanzas):
        raise _malformed("envelope.passphrase_beside_others")


def _unwrap(stanzas: Sequence[Stanza], identities: Sequence[Identity]) -> bytes:
    for identity in identities:
        file_key = identity.unwrap(stanzas)
        if file_key is not None:
            return file_key
    raise NoMatchingKeyError("no_matching_key.none_opens", length=len(stanzas))


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(derive(file_key, salt=b"", info=b"header"), signed, hashlib.sha256)


def _malformed(code: str, **facts: Fact) -> EnvelopeError:
    return EnvelopeError(code, **facts)
