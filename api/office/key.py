"""What key holders do: the yearly drill, a new seal, a new passphrase, and recovery where that was lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.home import (
    NEXT,
    SEAL_FILE,
    SEAL_KEY_FILE,
    SEAL_ROOT_FILE,
    Home,
    Writer,
    certificate_sha256,
    read_certificate,
    require_private,
)
from api.office.cards import require_newest_set
from api.office.request import Waiting, ask
from casefiles.bundle.sign import issue_seal
from config.errors import Explained
from evidence import rekey
from evidence.authority import Act, Doer, Grant, Request, two_persons
from evidence.canonical import Value
from evidence.custody.event import Draft, Prepared
from evidence.custody.pins import KEY_FILES, SEAL, read_pins
from evidence.errors import AuthorityError, HomeError
from evidence.keys import Unlocked
from evidence.objects.durable import make_folder, replace_file
from evidence.recovery import recover_identities, recover_seal_root, require_recovery
from evidence.rekey import fresh_files
from evidence.seal.cards import require_cards_of
from evidence.seal.envelopes import seal_whole
from evidence.stamp.certificate import fingerprint
from evidence.stamp.issue import Issuer
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class Drilled:
    """Cards that open the office key of an organisation."""

    cards: int
    organisation: str
    set_name: str


def drill(home: Home, cards: Sequence[str]) -> Drilled:
    """The verb behind ``key check``: check that cards open this office and what is sealed to it.

    Every card is tried; nothing is kept or logged.

    Args:
        cards: The texts of the cards, as they are printed or as words alone.

    Raises:
        CardError: They are too few, mistyped, of another office, or of a set that was replaced.
        HomeError: They do not open what they must recover, or it is another home's.
    """
    require_cards_of(cards, home.recipients.office)
    set_name = require_newest_set(home, cards)
    require_recovery(home.path, cards, seal_root=read_certificate(home.trust / SEAL_ROOT_FILE))
    return Drilled(len(cards), home.settings.office.organisation, set_name)


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new seal.

    Attributes:
        fingerprint: Lower hex SHA-256 of its certificate, as receivers compare it.
        ends: When it ends, as values of the log are written.
        replaced: The fingerprint of the seal before.
        unstamped: Why no time stamp could be had yet.
    """

    fingerprint: str
    ends: str
    replaced: str
    unstamped: Explained | None


def renew_seal(home: Home, cards: Sequence[str], doer: Doer) -> Renewed | Waiting:
    """The verb behind ``key renew-seal``: a new key and certificate for the office's seal; two persons decide it.

    They are under the same root, and it is logged.

    Args:
        cards: Needed where both persons are named; whoever approves a request brings them.

    Raises:
        AuthorityError: Both persons are one.
        CardError: The cards are too few, mistyped, or of another office.
        HomeError: They do not open the key of the seal's root.
    """
    if doer.approver is None:
        return ask(home, Act.KEY, SEAL, {"key": SEAL, "old": certificate_sha256(home.path / SEAL_FILE)}, doer)
    return _renew(home, cards, doer, two_persons(Act.KEY, SEAL, doer))


def renew_asked_seal(home: Home, asked: Request, doer: Doer, grant: Grant, cards: Sequence[str]) -> Renewed:
    """Renew the seal once a second person approved it, as the request says.

    Raises:
        AuthorityError: It was renewed since that was asked for, or somebody answered.
        CardError, HomeError: As ``renew_seal``.
    """
    found = certificate_sha256(home.path / SEAL_FILE)
    if found != (expected := asked.text("old")):
        raise AuthorityError("authority.changed_seal", where=asked.request, expected=expected, found=found)
    return _renew(home, cards, doer, grant)


def _renew(home: Home, cards: Sequence[str], doer: Doer, grant: Grant) -> Renewed:
    """Renew the seal.

    The new files lie beside the old ones before it is logged, and take their place after: cut short anywhere,
    the old seal or the new one is whole, and the next opening for writing finishes what was logged.
    """
    require_cards_of(cards, home.recipients.office)
    root, root_key = read_certificate(home.trust / SEAL_ROOT_FILE), recover_seal_root(home.path, cards)
    if root_key.public_key() != root.public_key():
        raise HomeError("home.recovery_of_another", where=str(home.path / "recovery"))
    with home.writing() as writer:
        old = certificate_sha256(home.path / SEAL_FILE)
        issuer = Issuer(root.subject, root_key)
        certificate, key = issue_seal(home.settings.office.organisation, issuer, home.clock())
        sealed = _sealed(home, key)
        new = fingerprint(certificate)
        told: dict[str, Value] = {"key": SEAL, "old": old, "new": new}
        prepared = writer.sequencer.prepare([*grant.drafts, Draft("key_changed", doer.values(grant.request) | told)])

        def choose(connection: sa.Connection) -> list[Prepared]:
            grant.require_open(connection)
            _require_pinned(connection, old)  # another's new seal lies beside the old one until it is in its place
            _lay_beside(home, certificate, sealed)
            return prepared

        writer.sequencer.turn(choose)
        home.finish_renewal(writer.sequencer.take)
        return Renewed(new, format_time(certificate.not_valid_after_utc), old, writer.beat(now=True))


def _require_pinned(connection: sa.Connection, old: str) -> None:
    pin = read_pins(connection, None).get("seal_certificate_sha256")
    if pin is not None and pin.value != old:
        raise AuthorityError("authority.changed_seal", where=SEAL, expected=old, found=str(pin.value))


def _sealed(home: Home, key: ec.EllipticCurvePrivateKey) -> bytes:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return seal_whole(pem, recipients=(home.recipients.casework,))


def _lay_beside(home: Home, certificate: x509.Certificate, sealed: bytes) -> None:
    replace_file(home.keys.path / f"{SEAL_KEY_FILE}{NEXT}", sealed)
    replace_file(home.path / f"{SEAL_FILE}{NEXT}", certificate.public_bytes(Encoding.PEM), mode=0o644)


@dataclass(frozen=True, slots=True)
class Changed:
    """Key files under a new passphrase.

    Attributes:
        logged: Whether the log says so; where the log's own keys were lost, nothing can be logged any more.
        unstamped: Why no time stamp could be had yet.
    """

    logged: bool
    unstamped: Explained | None = None


def change_passphrase(home: Home, identities: Unlocked, passphrase: str, doer: Doer) -> Changed:
    """The verb behind ``key passphrase``: casework and matching keys under a new one; two persons decide it.

    It is logged.

    Cut short anywhere, either the old passphrase opens both keys or the new one does, and the next opening for
    writing finishes what was logged.

    Raises:
        AuthorityError: Two persons are not named.
        PassphraseError: The new passphrase is too short or too even, or cannot be typed.
        HomeError: A key was made anew since they were opened: their files would come back in its place.
    """
    grant = two_persons(Act.KEY, KEY_FILES, doer)
    files = fresh_files(identities, passphrase=passphrase, log_n=home.settings.keys.passphrase_log_n)
    with home.writing() as writer:
        writer.require_current(casework=identities.casework, matching=identities.matching)
        return _log_and_switch(home, writer, files, grant, doer)


def recover(home: Home, cards: Sequence[str], passphrase: str, doer: Doer) -> Changed:
    """The verb behind ``key recover``: casework and matching keys written again from cards; two persons decide it.

    They are under a new passphrase.

    Where the log's own keys are gone too, nothing can be logged: this home can be read from now on, not continued.

    Raises:
        AuthorityError: Two persons are not named.
        PassphraseError: The new passphrase is too short or too even, or cannot be typed.
        CardError: The cards are too few, mistyped, of different sets, or of another office.
        HomeError: They do not open what they must recover, or what they would recover is not what the log pins,
            or a key was made anew since.
    """
    grant = two_persons(Act.KEY, KEY_FILES, doer)
    require_cards_of(cards, home.recipients.office)
    for error in home.unpinned(recovery=True):
        raise error
    identities = recover_identities(home.path, cards)
    files = fresh_files(identities, passphrase=passphrase, log_n=home.settings.keys.passphrase_log_n)
    if home.keys.continues:
        with home.writing() as writer:
            writer.require_current(casework=identities.casework, matching=identities.matching)
            return _log_and_switch(home, writer, files, grant, doer)
    make_folder(home.keys.path, exist_ok=True)
    require_private(home.keys.path)
    rekey.lay(home.keys, files)
    rekey.switch(home.keys)
    return Changed(logged=False)


def _log_and_switch(home: Home, writer: Writer, files: Mapping[str, bytes], grant: Grant, doer: Doer) -> Changed:
    told: dict[str, Value] = {
        "key": KEY_FILES,
        "old": rekey.current(home.keys, files),
        "new": rekey.digest_of(files),
    }
    drafts = [*grant.drafts, Draft("key_changed", doer.values(grant.request) | told)]
    prepared = writer.sequencer.prepare(drafts)

    def lay(_connection: sa.Connection) -> Sequence[Prepared]:
        rekey.lay(home.keys, files)
        return prepared

    writer.sequencer.turn(lay)
    home.finish_keys(writer.sequencer.take)
    return Changed(logged=True, unstamped=writer.beat(now=True))
