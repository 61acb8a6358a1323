"""Opens what the cards must recover, for the drill and for a new seal: the files in ``HOME/recovery``, never media.

Only the commands of ``key`` reach it, run offline with the cards. The office key exists between
reading the cards and the return, in memory.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evidence.errors import EnvelopeError, HomeError, NoMatchingKeyError, SealError
from evidence.keys import RECOVERY, read_recipients
from evidence.seal.cards import read_cards
from evidence.seal.envelopes import open_whole
from evidence.seal.recipients import HybridIdentity, parse_identity


def recover_seal_root(home: Path, cards: Sequence[str]) -> ec.EllipticCurvePrivateKey:
    """The key of the seal's root, which the cards open.

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


def require_recovery(home: Path, cards: Sequence[str], *, seal_root: x509.Certificate) -> None:
    """Check that cards open every file in ``HOME/recovery``, and that what is in it is this home's; nothing is kept.

    Args:
        cards: Enough of them, of this office.
        seal_root: Its key is in one of the files.

    Raises:
        CardError: The cards are too few, mistyped or of different sets.
        HomeError: A file is missing, is sealed to somebody else, or holds another key.
    """
    office, recipients = HybridIdentity(read_cards(cards)), read_recipients(home)
    expected = {"casework": recipients.casework, "matching": recipients.matching}
    if recover_seal_root(home, cards).public_key() != seal_root.public_key():
        raise HomeError("home.recovery_of_another", where=str(home / "recovery" / RECOVERY["seal_root"]))
    for role, recipient in expected.items():
        file = home / "recovery" / RECOVERY[role]
        try:
            plain = open_whole(file.read_bytes(), identities=(office,))
            same = parse_identity(plain.decode("ascii").strip()).recipient == recipient
        except FileNotFoundError as error:
            raise HomeError("home.recovery_missing", where=str(file)) from error
        except (SealError, ValueError) as error:
            raise HomeError("home.recovery_closed", where=str(file)) from error
        if not same:
            raise HomeError("home.recovery_of_another", where=str(file))
