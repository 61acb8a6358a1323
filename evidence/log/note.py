"""Checkpoints of the custody log (C2SP signed-note and tlog-checkpoint), Ed25519 only.

A checkpoint file has one form: origin, size and root as three text lines, a blank line, and
the one signature line of the log, whose key is named as the origin. C2SP allows extension
lines and further signatures; this file has none, because its bytes are what is time-stamped
and any freedom in them is a freedom to dispute. Cosignatures are in another file. A checkpoint that somebody else
kept is read more freely (``open_kept_checkpoint``): it may have cosignatures, or have passed through mail.

    ngo.example/5f3a9c01
    70000
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — ngo.example/5f3a9c01 Az3grlgtzPICa5OS...

Pure: bytes in, values out. Shared with the offline verifier.
"""

import binascii
import functools
import hashlib
import quopri
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from config.errors import Term
from evidence.errors import CheckpointError, NoteError
from evidence.log.merkle import EMPTY_ROOT, HASH_BYTES

ED25519 = b"\x01"
"""The signature type (signed-note, "Signature types")."""

MAX_SIZE = 2**63 - 1
"""Entries in a tree, at most: other readers of checkpoints count with signed 64-bit numbers."""

_KEY_ID_BYTES = 4
_PUBLIC_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_NAME = re.compile(r"[a-z0-9./-]{1,255}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\N{EM DASH}"
_TEXT_LINES = 3
_DASH_IN_MAIL = b"=E2=80=94"
_QUOTED = re.compile(r"(?:> ?)+")
_HASHES_KNOWN = 4096
"""Hashes that are not read again: the paths of all entries go through the same few at the top of the tree."""
_A_HASH = Term("what.hash")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's public key and its name, the C2SP vkey; ``str`` writes it.

    Attributes:
        name: The log's origin, ``[a-z0-9./-]``.
        public_key: Ed25519, 32 bytes.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise NoteError("note.not_a_key_name", found=ascii(self.name)[:80])
        if len(self.public_key) != _PUBLIC_KEY_BYTES:
            raise NoteError(
                "note.not_a_public_key",
                where=self.name,
                public_key_bytes=_PUBLIC_KEY_BYTES,
                length=len(self.public_key),
            )

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name | newline | type | public key)."""
        return hashlib.sha256(self.name.encode("ascii") + b"\n" + ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name+keyid+base64``, without a newline.

        Raises:
            NoteError: Not a verifier key, not Ed25519, or the key identifier is of another key.
        """
        # the name has no plus sign, base64 may have several
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        typed_key = _from_base64(encoded, what=Term("what.verifier_key"))
        if typed_key[:1] != ED25519:
            raise NoteError("note.not_a_verifier_key", kind=typed_key[:1].hex())
        key = cls(name, typed_key[1:])
        if str(key) != text:
            raise NoteError("note.identifier_of_another_key", expected=str(key), found=ascii(text)[:400])
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment: its name, how many entries, and their root.

    Attributes:
        origin: The log's name, ``[a-z0-9./-]``.
        size: Number of entries.
        root: Root hash, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.origin):
            raise CheckpointError("checkpoint.not_a_log_name", found=ascii(self.origin)[:80])
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError("checkpoint.not_a_size", where=self.origin, limit=MAX_SIZE, found=str(self.size))
        if len(self.root) != HASH_BYTES or (self.size == 0 and self.root != EMPTY_ROOT):
            raise CheckpointError(
                "checkpoint.not_a_root",
                where=self.origin,
                hash_bytes=HASH_BYTES,
                root=self.root.hex()[:80],
                size=self.size,
            )

    @property
    def text(self) -> str:
        """The signed text: three lines, each with its newline."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, *, key: Ed25519PrivateKey) -> bytes:
    """The whole file of a checkpoint, signed under the origin's name (C2SP signed-note).

    The caller must never have signed, and must never sign, a tree that this one does not continue.
    """
    text = checkpoint.text.encode("ascii")
    verifier = VerifierKey(checkpoint.origin, key.public_key().public_bytes_raw())
    signature = _base64(verifier.key_id + key.sign(text))
    return text + f"\n{_DASH} {verifier.name} {signature}\n".encode()


def open_checkpoint(note: bytes, *, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint file and check that ``key`` signed it.

    Steps: (1) three text lines, a blank line, one signature line; (2) the signature line names
    this key; (3) the signature holds; (4) only then is the text read: the origin is the key's
    name, size and root are in their one spelling. Whether the log went back is for the caller.

    Raises:
        NoteError: Not such a note, signed by another key, or the signature is wrong.
        CheckpointError: Rightly signed, but not a checkpoint of this log.
    """
    # (1) the form
    text, line = _split(note)
    # (2) the signer
    signature = _signature_by(key, line)
    # (3) the signature
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode("utf-8"))
    except InvalidSignature as error:
        raise NoteError("note.wrong_signature", key=key.name) from error
    # (4) the text
    return _read_text(text, key.name)


def open_kept_checkpoint(note: bytes, *, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint as somebody else kept it: beside cosignatures, or as a mail program passed it on.

    Steps: (1) undo what mail does to a text: a byte order mark, quoted-printable, other line ends, marks of a
    quotation, white space at the end of a line, blank lines around it; (2) of the signature lines take that of this
    key, and ignore those of keys that are not known (C2SP signed-note); (3) read what is left as ``open_checkpoint``
    does. The signature still covers every byte of the text, so nothing is believed that was not signed.

    Raises:
        NoteError: No such note, or no signature of ``key`` on it, or a wrong one.
        CheckpointError: It is rightly signed, but not a checkpoint of this log.
    """
    # (1) the mail
    text, blank, signatures = _from_mail(note).partition("\n\n")
    # (2) the signature
    lines = signatures.split("\n")
    if not blank or not all(line.startswith(f"{_DASH} ") for line in lines):
        raise NoteError("note.not_a_kept_checkpoint")
    own = [line for line in lines if _is_by(key, line)]
    if not own:
        raise NoteError("note.not_signed_by_key", expected=str(key), length=len(lines))
    # (3) the checkpoint
    return open_checkpoint(f"{text}\n\n{own[0]}\n".encode(), key=key)


def _from_mail(note: bytes) -> str:
    if _DASH_IN_MAIL in note.upper():
        note = quopri.decodestring(note)
    try:
        text = note.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoteError("note.not_utf_8") from error
    lines = [_QUOTED.sub("", line).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def _is_by(key: VerifierKey, line: str) -> bool:
    try:
        _signature_by(key, line)
    except NoteError:
        return False
    return True


def parse_decimal(text: str) -> int:
    """Read a size or an index in a checkpoint: at most 19 ASCII digits, no leading zero.

    Its range is for the caller to check.

    Raises:
        NoteError: Any other spelling.
    """
    if not _DECIMAL.fullmatch(text):
        raise NoteError("note.not_a_number", found=ascii(text)[:40])
    return int(text)


@functools.lru_cache(_HASHES_KNOWN)
def parse_hash(text: str) -> bytes:
    """Read a hash in a checkpoint, from standard base64 (RFC 4648, section 4).

    Raises:
        NoteError: Not base64, another length, or not the one spelling of its bytes.
    """
    value = _from_base64(text, what=_A_HASH)
    if len(value) != HASH_BYTES:
        raise NoteError("note.not_a_hash", hash_bytes=HASH_BYTES, length=len(value))
    return value


def _split(note: bytes) -> tuple[str, str]:
    """The signed text with its last newline, and the signature line without it."""
    try:
        lines = note.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError("note.not_utf_8") from error
    shape = [bool(line) for line in lines]
    if shape != [True] * _TEXT_LINES + [False, True, False]:
        raise NoteError("note.not_a_checkpoint", length=len(lines))
    *text, _, signature_line, _ = lines
    return "".join(f"{line}\n" for line in text), signature_line


def _signature_by(key: VerifierKey, line: str) -> bytes:
    start = f"{_DASH} {key.name} "
    if not line.startswith(start):
        raise NoteError("note.signed_under_another_name", expected=key.name, found=ascii(line)[:80])
    signature = _from_base64(line.removeprefix(start), what=Term("what.signature"))
    key_id, signature = signature[:_KEY_ID_BYTES], signature[_KEY_ID_BYTES:]
    if key_id != key.key_id:
        raise NoteError("note.signed_by_another_key", where=key.name, expected=key.key_id.hex(), found=key_id.hex())
    if len(signature) != _SIGNATURE_BYTES:
        raise NoteError("note.not_a_signature", where=key.name, signature_bytes=_SIGNATURE_BYTES, length=len(signature))
    return signature


def _read_text(text: str, name: str) -> Checkpoint:
    origin, size, root, _ = text.split("\n")
    if origin != name:
        raise CheckpointError("checkpoint.another_log", expected=name, found=ascii(origin)[:80])
    try:
        return Checkpoint(origin, parse_decimal(size), parse_hash(root))
    except NoteError as error:
        raise CheckpointError("checkpoint.malformed", cause=error, name=name) from error


def _base64(data: bytes) -> str:
    # binascii itself: base64's own layers cost as much again, and a verifier reads tens of thousands of hashes
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _from_base64(text: str, *, what: Term) -> bytes:
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise NoteError("note.not_base64", what=what, length=len(text)) from error
    # the decoder overlooks the unused low bits before the padding
    if _base64(data) != text:
        raise NoteError("note.not_the_one_base64", what=what)
    return data
