"""Files under a passphrase: the scrypt stanza (c2sp.org/age, "The scrypt recipient type").

It writes what ``age -p`` writes, so a key file can be opened without this program.
The stanza stands alone in its header: only someone who knows the passphrase can have written it.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from config.errors import Fact
from evidence.errors import EnvelopeError, NoMatchingKeyError, PassphraseError
from evidence.seal.age import WRAPPED_FILE_KEY_BYTES, Company, Stanza, b64, from_b64
from evidence.seal.envelopes import open_whole, seal_whole

DEFAULT_LOG_N = 18
MAX_LOG_N = 20
"""Reading stops here: 2**20 takes 1 GiB and seconds, and a hostile file could ask for any amount."""

_TYPE = "scrypt"
_INFO = b"age-encryption.org/v1/scrypt"
_SALT_BYTES = 16
_ZERO_NONCE = bytes(12)  # each wrapping key is used once
_DECIMAL = re.compile(r"[1-9][0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PassphraseRecipient:
    """A passphrase to seal under.

    Attributes:
        log_n: Base-2 logarithm of scrypt's work factor, 1 to 20.
    """

    passphrase: str = field(repr=False)
    log_n: int = DEFAULT_LOG_N

    def __post_init__(self) -> None:
        _require_passphrase(self.passphrase)
        if not 1 <= self.log_n <= MAX_LOG_N:
            raise PassphraseError("passphrase.work_factor_out_of_range", limit=MAX_LOG_N, found=str(self.log_n))

    @property
    def company(self) -> Company:
        """A passphrase shares a header with no other recipient."""
        return Company.ALONE

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key of 16 bytes under the passphrase and a fresh salt."""
        salt = secrets.token_bytes(_SALT_BYTES)
        key = _stretch(self.passphrase, salt=salt, log_n=self.log_n)
        body = ChaCha20Poly1305(key).encrypt(_ZERO_NONCE, file_key, None)
        return Stanza((_TYPE, b64(salt), str(self.log_n)), body)


@dataclass(frozen=True, slots=True)
class PassphraseIdentity:
    """A passphrase to open with."""

    passphrase: str = field(repr=False)

    def __post_init__(self) -> None:
        _require_passphrase(self.passphrase)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if this is not a passphrase file or the passphrase is wrong.

        Raises:
            EnvelopeError: The stanza is malformed, not alone, or asks for more work than 2**20.
        """
        if all(stanza.type != _TYPE for stanza in stanzas):
            return None
        if len(stanzas) > 1:
            raise _malformed("envelope.passphrase_not_alone")
        salt, log_n = _read_arguments(stanzas[0])
        key = _stretch(self.passphrase, salt=salt, log_n=log_n)
        try:
            return ChaCha20Poly1305(key).decrypt(_ZERO_NONCE, stanzas[0].body, None)
        except InvalidTag:
            return None


def seal_with_passphrase(plaintext: bytes, *, passphrase: str, log_n: int = DEFAULT_LOG_N) -> bytes:
    """Seal a whole age file under a passphrase, as ``age -p`` does.

    Raises:
        PassphraseError: The passphrase is empty, or the work factor is out of range.
    """
    return seal_whole(plaintext, recipients=[PassphraseRecipient(passphrase, log_n)])


def open_with_passphrase(sealed: bytes, *, passphrase: str) -> bytes:
    """Open a whole age file that was sealed as ``age -p`` does.

    Raises:
        PassphraseError: The passphrase is empty or wrong, or the file is not under a passphrase.
        EnvelopeError: The file is malformed or damaged, or asks for more work than 2**20.
    """
    try:
        return open_whole(sealed, identities=[PassphraseIdentity(passphrase)])
    except NoMatchingKeyError as error:
        raise PassphraseError("passphrase.does_not_open") from error


def _require_passphrase(passphrase: str) -> None:
    if not passphrase:
        raise PassphraseError("passphrase.none_given")
    try:
        passphrase.encode("utf-8")
    except UnicodeEncodeError:
        # that error carries the whole text
        raise PassphraseError("passphrase.not_unicode") from None


def _read_arguments(stanza: Stanza) -> tuple[bytes, int]:
    match stanza.arguments:
        case (_, salt_text, log_n_text):
            salt = from_b64(salt_text)
        case _:
            raise _malformed("envelope.passphrase_arguments")
    if not _DECIMAL.fullmatch(log_n_text):
        raise _malformed("envelope.passphrase_work_factor_no_number")
    # the length first: int() of a very long number is work in itself
    if len(log_n_text) > len(str(MAX_LOG_N)) or int(log_n_text) > MAX_LOG_N:
        raise _malformed("envelope.passphrase_work_factor_too_high", limit=MAX_LOG_N)
    # the length is checked before decrypting, against partitioning oracles
    if len(salt) != _SALT_BYTES or len(stanza.body) != WRAPPED_FILE_KEY_BYTES:
        raise _malformed("envelope.passphrase_salt_or_body_length")
    return salt, int(log_n_text)


def _stretch(passphrase: str, *, salt: bytes, log_n: int) -> bytes:
    return Scrypt(salt=_INFO + salt, length=32, n=1 << log_n, r=8, p=1).derive(passphrase.encode("utf-8"))


def _malformed(code: str, **facts: Fact) -> EnvelopeError:
    return EnvelopeError(code, **facts)
