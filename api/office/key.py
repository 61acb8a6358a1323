"""What key holders do with their cards: the yearly drill, that they open this office; and renewing its seal."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.home import NEXT, SEAL_FILE, SEAL_KEY_FILE, SEAL_ROOT_FILE, Home, certificate_sha256, read_certificate
from casefiles.bundle.sign import issue_seal
from config.errors import Explained
from evidence.authority import Act, Doer, two_persons
from evidence.canonical import Value, sha256_hex
from evidence.custody.event import Draft
from evidence.custody.pins import SEAL
from evidence.errors import HomeError
from evidence.objects.durable import replace_file
from evidence.recovery import recover_seal_root, require_recovery
from evidence.seal.cards import require_cards_of
from evidence.seal.envelopes import seal_whole
from evidence.stamp.issue import Issuer
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class Drilled:
    """Cards that open the office key of an organisation."""

    cards: int
    organisation: str


def drill(home: Home, cards: Sequence[str]) -> Drilled:
    """Check that cards open this office and what is sealed to it: every card is tried, nothing is kept or logged.

    Args:
        cards: The texts of the cards, as they are printed or as words alone.

    Raises:
        CardError: They are too few, mistyped, or of another office.
        HomeError: They do not open what they must recover, or it is another home's.
    """
    require_cards_of(cards, home.recipients.office)
    require_recovery(home.path, cards, seal_root=read_certificate(home.trust / SEAL_ROOT_FILE))
    return Drilled(len(cards), home.settings.office.organisation)


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new seal.

    Attributes:
        fingerprint: Lower hex SHA-256 of its certificate, as receivers compare it.
        ends: When it ends, as values of the log are written.
        unstamped: Why no time stamp could be had yet.
    """

    fingerprint: str
    ends: str
    unstamped: Explained | None


def renew_seal(home: Home, cards: Sequence[str], doer: Doer) -> Renewed:
    """Give the office's seal a new key and certificate under its root, and log it; two persons decide it.

    The new files lie beside the old ones before it is logged, and take their place after: cut short anywhere,
    the old seal or the new one is whole, and the next opening for writing finishes what was logged.

    Raises:
        AuthorityError: Two persons are not named.
        CardError: The cards are too few, mistyped, or of another office.
        HomeError: They do not open the key of the seal's root.
    """
    grant = two_persons(Act.KEY, SEAL, doer)
    require_cards_of(cards, home.recipients.office)
    root, root_key = read_certificate(home.trust / SEAL_ROOT_FILE), recover_seal_root(home.path, cards)
    if root_key.public_key() != root.public_key():
        raise HomeError("home.recovery_of_another", where=str(home.path / "recovery"))
    with home.writing() as writer:
        old = certificate_sha256(home.path / SEAL_FILE)
        issuer = Issuer(root.subject, root_key)
        certificate, key = issue_seal(home.settings.office.organisation, issuer, home.clock())
        _lay_beside(home, certificate, key)
        new = sha256_hex(certificate.public_bytes(Encoding.DER))
        told: dict[str, Value] = {"key": SEAL, "old": old, "new": new}
        writer.sequencer.append([*grant.drafts, Draft("key_changed", doer.values(grant.request) | told)])
        home.finish_renewal()
        return Renewed(new, format_time(certificate.not_valid_after_utc), writer.beat(now=True))


def _lay_beside(home: Home, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    sealed = seal_whole(pem, recipients=(home.recipients.casework,))
    replace_file(home.keys.path / f"{SEAL_KEY_FILE}{NEXT}", sealed)
    replace_file(home.path / f"{SEAL_FILE}{NEXT}", certificate.public_bytes(Encoding.PEM), mode=0o644)
