"""Opens what the cards must recover: the files in ``HOME/recovery``, never media.

For the drill, for a new seal, and for keys whose passphrase was lost.

Only the commands of ``key`` reach it, run offline with the cards. The office key exists between
reading the cards and the return, in memory.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evidence.errors import EnvelopeError, HomeError, NoMatchingKeyError, SealError
from evidence.keys import RECOVERY, Unlocked
from evidence.seal.age import Recipient
from evidence.seal.cards import read_cards
from evidence.seal.envelopes import open_whole
from evidence.seal.recipients import HybridIdentity, KeyIdentity, parse_identity, read_recipients


def recover_seal_root(home: Path, cards: Sequence[str]) -> ec.EllipticCurvePrivateKey:
    """The recovery of the key of the seal's root, from the cards that open it.

    Raises:
        CardError: The cards are too few, mistyped or of different sets.
        HomeError: The file is missing, is sealed to somebody else, or holds another key.
    """
    file = home / "recovery" / RECOVERY["seal_root"]
    try:
        key = load_pem_private_key(open_whole(file.read_bytes(), identities=(HybridIdentity(read_cards(cards)),)), None)
    except FileNotFoundError as error:
        raise HomeError("home.recovery_missing", where=str(file)) from error
    except (EnvelopeError, NoMatchingKeyError, ValueError) as error:
        raise HomeError("home.recovery_closed", where=str(file)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise HomeError("home.recovery_of_another", where=str(file))
    return key


def office_identity(cards: Sequence[str]) -> HybridIdentity:
    """The office key of these cards, for what is sealed to it and is no medium.

    Raises:
        CardError: The cards are too few, mistyped or of different sets.
    """
    return HybridIdentity(read_cards(cards))


def recover_identities(home: Path, cards: Sequence[str]) -> Unlocked:
    """The recovery of a home's casework and matching identities, from the cards that open them.

    Raises:
        CardError: The cards are too few, mistyped or of different sets.
        HomeError: A file is missing, is sealed to somebody else, or holds another key than the home seals to.
    """
    office, recipients = office_identity(cards), read_recipients(home)
    return Unlocked(
        _recover(home / "recovery" / RECOVERY["casework"], office, recipients.casework),
        _recover(home / "recovery" / RECOVERY["matching"], office, recipients.matching),
    )


def _recover(file: Path, office: HybridIdentity, expected: Recipient) -> KeyIdentity:
    try:
        identity = parse_identity(open_whole(file.read_bytes(), identities=(office,)).decode("ascii").strip())
    except FileNotFoundError as error:
        raise HomeError("home.recovery_missing", where=str(file)) from error
    except (SealError, ValueError) as error:
        raise HomeError("home.recovery_closed", where=str(file)) from error
    if identity.recipient != expected:
        raise HomeError("home.recovery_of_another", where=str(file))
    return identity


def require_recovery(home: Path, cards: Sequence[str], *, seal_root: x509.Certificate) -> None:
    """Check that cards open every file in ``HOME/recovery``, and that what is in it is this home's; nothing is kept.

    Args:
        cards: Enough of them, of this office.
        seal_root: Its key is in one of the files.

    Raises:
        CardError: The cards are too few, mistyped or of different sets.
        HomeError: A file is missing, is sealed to somebody else, or holds another key.
    """
    if recover_seal_root(home, cards).public_key() != seal_root.public_key():
        raise HomeError("home.recovery_of_another", where=str(home / "recovery" / RECOVERY["seal_root"]))
    recover_identities(home, cards)
