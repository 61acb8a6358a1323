"""The keys of one home: secrets in ``HOME.keys`` (0700, beside the home), public halves in the home.

    HOME.keys/log.key        the log key, Ed25519 seed, base64
    HOME.keys/seen.key       32 random bytes, base64: to know again what was stored
    HOME.keys/casework.age   opens records; under the passphrase, as ``age -p`` writes it
    HOME.keys/matching.age   opens prints; under the passphrase
    HOME.keys/log.signed     the newest checkpoint that was signed
    HOME/recipients/*.txt    office, casework, matching: whom to seal to (read by evidence.seal.recipients)
    HOME/recovery/*.age      the casework and matching identities, sealed to the office key

The office identity is never written: it exists on its cards only.
"""

import base64
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import SecretFileError
from config.settings import read_secret_file
from evidence.errors import EnvelopeError, HomeError, KeyTextError, PassphraseError
from evidence.objects.durable import make_folder, write_file
from evidence.seal.age import Identity, Recipient
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.passphrase import open_with_passphrase, seal_with_passphrase
from evidence.seal.recipients import KeyIdentity, generate_identity, parse_identity
from evidence.store.marks import SeenKey

SECRET_BYTES = 32
LOG_KEY, SEEN_KEY = "log.key", "seen.key"
NEXT = "next"
"""Folder of key files that count and are not in their places yet (``evidence.rekey``)."""
MIN_PASSPHRASE_CHARACTERS = 15
"""Of a new passphrase: whoever copied the disk guesses without limit (NIST SP 800-63B-4, 3.1.1, single factor)."""
MIN_DIFFERENT_CHARACTERS = 5
_NOT_TYPED = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, halves of pairs, and the separators of lines and paragraphs."""


RECOVERY = {"casework": "casework.age", "matching": "matching.age", "seal_root": "seal-root.age"}
"""Files in ``HOME/recovery``, by what the cards open in them."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The identities that the passphrase opens."""

    casework: KeyIdentity = field(repr=False)
    matching: KeyIdentity = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """``HOME.keys``."""

    path: Path

    @property
    def signed(self) -> Path:
        """The file that keeps the newest signed checkpoint."""
        return self.path / "log.signed"

    @property
    def graves(self) -> Path:
        """The file that names what was erased, for a home that is put back from before (``evidence.erasure``)."""
        return self.path / "erased"

    @property
    def continues(self) -> bool:
        """Whether everything is here by which the log goes on; without it, a home can only be read."""
        return all((self.path / name).exists() for name in (LOG_KEY, SEEN_KEY, self.signed.name))

    @property
    def only_recovered(self) -> bool:
        """Whether the keys were written again from cards alone, as on a bare machine: no card has the log keys."""
        return self.path.is_dir() and not any((self.path / name).exists() for name in (LOG_KEY, SEEN_KEY))

    def log_key(self) -> Ed25519PrivateKey:
        """The key that signs the log's checkpoints.

        Raises:
            SecretFileError: Missing, readable by others, or no key.
        """
        return Ed25519PrivateKey.from_private_bytes(self._read32(LOG_KEY))

    def seen_key(self) -> SeenKey:
        """The key that observations are known again by.

        Raises:
            SecretFileError: Missing, readable by others, or no key.
        """
        return SeenKey(self._read32(SEEN_KEY))

    def api_secret(self) -> bytes:
        """The secret under which the rows of API keys are marked, made of the log key for nothing else (RFC 5869).

        Raises:
            SecretFileError: As for ``log_key``.
        """
        return self._derived(b"nisisama/api-key/1")

    def task_secret(self) -> bytes:
        """The secret under which tasks are sealed, made of the log key for nothing else (RFC 5869).

        Raises:
            SecretFileError: As for ``log_key``.
        """
        return self._derived(b"nisisama/task/1")

    def cursor_secret(self) -> bytes:
        """The secret under which the API signs its cursors, made of the log key for nothing else (RFC 5869).

        Raises:
            SecretFileError: As for ``log_key``.
        """
        return self._derived(b"nisisama/cursor/1")

    def unlock(self, passphrase: str) -> Unlocked:
        """Open the casework and matching identities.

        Raises:
            PassphraseError: Missing or wrong.
            SecretFileError: A file is missing, damaged or readable by others.
        """
        return Unlocked(self._identity("casework", passphrase), self._identity("matching", passphrase))

    def _identity(self, role: str, passphrase: str) -> KeyIdentity:
        file = self.path / f"{role}.age"
        sealed = self._read_current(file.name)
        try:
            return parse_identity(open_with_passphrase(sealed, passphrase=passphrase).decode("ascii").strip())
        except (EnvelopeError, KeyTextError, UnicodeDecodeError) as error:
            raise SecretFileError("secret_file.damaged", where=str(file)) from error

    def _read_current(self, name: str) -> bytes:
        """The file of this name that counts: while keys are changed, the new one, until it is in its place."""
        try:
            return read_secret_file(self.path / NEXT / name)
        except SecretFileError:
            if (self.path / NEXT / name).exists():
                raise
        return read_secret_file(self.path / name)

    def read_sealed(self, name: str, identity: Identity) -> bytes:
        """A further secret, sealed to ``identity``."""
        return open_whole(self._read_current(name), identities=(identity,))

    def write_sealed(self, name: str, secret: bytes, recipient: Recipient) -> None:
        """Keep a further secret, sealed to ``recipient``."""
        write_file(self.path / name, seal_whole(secret, recipients=(recipient,)))

    def files(self) -> Sequence[Path]:
        """Every file in the key folder."""
        return sorted(file for file in self.path.rglob("*") if not file.is_dir())

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, None, purpose).derive(self._read32(LOG_KEY))

    def _read32(self, name: str) -> bytes:
        try:
            secret = base64.b64decode(read_secret_file(self.path / name).strip(), validate=True)
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise SecretFileError("secret_file.not_a_key", where=str(self.path / name))
        return secret


def keys_beside(home: Path) -> KeyFolder:
    """The folder of a home's keys: beside the home, never in it."""
    return KeyFolder(home.with_name(home.name + ".keys"))


def require_long(passphrase: str) -> None:
    """Check that a new passphrase for a home's keys is long, in characters, and can be typed.

    One that exists is only ever tried.

    No rule on kinds of characters: the standard forbids them, because they make people predictable.
    LIMIT: it also wants a list of common values to be refused (NIST SP 800-63B-4, 3.1.1.2). None is
    applied here, but for those of a few characters over and over.

    Raises:
        PassphraseError: It is too short, has too few different characters, or one that no prompt takes.
    """
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        # never its length: on a screen or in a script's log it helps whoever guesses
        raise PassphraseError("passphrase.too_short", least=MIN_PASSPHRASE_CHARACTERS)
    if len(set(passphrase)) < MIN_DIFFERENT_CHARACTERS:
        raise PassphraseError("passphrase.too_even", least=MIN_DIFFERENT_CHARACTERS)
    if any(unicodedata.category(character) in _NOT_TYPED for character in passphrase):
        raise PassphraseError("passphrase.not_typeable")


def create_keys(
    folder: KeyFolder, home: Path, *, office: Recipient, log_seed: bytes, passphrase: str, log_n: int
) -> None:
    """Make every key of a new home but the office key, which is on the cards, and the log key, whose seed is given.

    The log key is written first: by it an unfinished folder is known.

    Raises:
        PassphraseError: The passphrase is too short or too even, or cannot be typed.
        HomeError: The folder exists already.
    """
    identities = Unlocked(generate_identity(), generate_identity())
    protected = sealed_under(identities, passphrase=passphrase, log_n=log_n)
    try:
        make_folder(folder.path)
    except FileExistsError as error:
        raise HomeError("home.keys_there_already", where=str(folder.path)) from error
    for name, seed in ((LOG_KEY, log_seed), (SEEN_KEY, secrets.token_bytes(SECRET_BYTES))):
        write_file(folder.path / name, base64.b64encode(seed) + b"\n")
    for name, sealed in protected.items():
        write_file(folder.path / name, sealed)
    _write_public(home, office, identities)


def sealed_under(identities: Unlocked, *, passphrase: str, log_n: int) -> Mapping[str, bytes]:
    """The files of a home's keys under a new passphrase, by name.

    Raises:
        PassphraseError: The passphrase is too short or too even, or cannot be typed.
    """
    require_long(passphrase)
    return {
        f"{role}.age": seal_with_passphrase(_text(identity), passphrase=passphrase, log_n=log_n)
        for role, identity in _by_role(identities)
    }


def _by_role(identities: Unlocked) -> Sequence[tuple[str, KeyIdentity]]:
    return (("casework", identities.casework), ("matching", identities.matching))


def _text(identity: KeyIdentity) -> bytes:
    return f"{identity.secret_string()}\n".encode()


def _write_public(home: Path, office: Recipient, identities: Unlocked) -> None:
    for name in ("recipients", "recovery"):
        make_folder(home / name)
    write_file(home / "recipients" / "office.txt", f"{office}\n".encode())
    for role, identity in _by_role(identities):
        write_file(home / "recipients" / f"{role}.txt", f"{identity.recipient}\n".encode())
        write_file(home / "recovery" / RECOVERY[role], seal_whole(_text(identity), recipients=(office,)))
