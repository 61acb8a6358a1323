"""Replaces a casework or matching key that somebody who left may still have, and seals every row again to the new key.

It makes a new header for each row ahead, outside the turn; a program that was stopped continues where it was. Then one
transaction puts all of them in their places and logs the change, so at every moment one key opens every row. By then,
the new key files and what the cards open of them lie beside the old ones; they take their places at once, or when
somebody next opens the home.

LIMIT: nobody else can write during that one transaction. If the home is so large that it takes longer than others
wait, they are refused, and lose nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from api.home import SEAL_KEY_FILE, Home
from api.office.backup import Progress
from api.office.task import reseal_tasks
from config.errors import Explained, SecretFileError
from evidence import rekey
from evidence.authority import Act, Doer, two_persons
from evidence.canonical import Value, sha256_hex
from evidence.custody.event import Draft, Prepared, prepare
from evidence.custody.pins import KEY_FILES
from evidence.custody.reseal import (
    SEALED_TO,
    KeyChange,
    count_entries,
    exchange,
    reseal_ahead,
)
from evidence.custody.resealed import rows_listed
from evidence.erasure import forget_old_pages
from evidence.errors import HomeError, PassphraseError, SealError
from evidence.keys import RECOVERY, Unlocked, require_long
from evidence.objects.durable import make_folder, storage_errors, write_file
from evidence.renewal import lay_public, recovery_of
from evidence.seal.envelopes import seal_whole
from evidence.seal.passphrase import open_with_passphrase, seal_with_passphrase
from evidence.seal.recipients import KeyIdentity, generate_identity, parse_identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.question import QuestionState, list_questions
from evidence.store.task import CASE_ENTRIES, forget_work
from evidence.store.work_ahead import WorkAhead, work_ahead


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made anew.

    Attributes:
        resealed: How many rows were sealed again to it.
        old_pages: Why the database may still keep pages with old headers; None if it keeps none.
        unstamped: Why no time stamp could be had yet.
    """

    role: str
    resealed: int
    old_pages: Explained | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class _Renewal:
    """The part of one change that is made outside the turn.

    Attributes:
        identities: As they are from then on.
        files: Of the keys that the passphrase opens, by name.
        recovery: The new identity, sealed to the office key.
    """

    role: str
    old: KeyIdentity
    new: KeyIdentity
    identities: Unlocked
    files: Mapping[str, bytes]
    recovery: bytes

    @property
    def change(self) -> KeyChange:
        return KeyChange(SEALED_TO[self.role], self.old, self.new.recipient)


def renew_key(home: Home, role: str, identities: Unlocked, passphrase: str, doer: Doer, progress: Progress) -> NewKey:
    """The verb behind ``key renew``: make a new key for a role and seal every row again to it; two persons decide it.

    The change is logged. Run again after a stop, with the same new passphrase, it continues where it was.

    Args:
        role: ``casework`` or ``matching``.
        identities: As the old passphrase opens them.
        passphrase: The new one, for all key files.

    Raises:
        AuthorityError: Two persons are not named.
        PassphraseError: The new passphrase is too short or too even, or cannot be typed.
        HomeError: A row is not what was logged, or does not open; another program changed a key meanwhile;
            or questions wait that only the old matching key opens.
    """
    grant = two_persons(Act.KEY, role, doer)
    require_long(passphrase)
    with reading(home.engine) as connection:
        _require_no_questions(home, connection, role)
    with home.writing() as writer, storage_errors(home.keys.path):
        folder = home.keys.path / rekey.AHEAD
        renewal = _begun(home, folder, role, identities, passphrase)
        with work_ahead(folder, renewal.new.seed) as ahead:
            with progress(count_entries(home.engine)) as hear:
                reseal_ahead(home.engine, renewal.change, ahead, hear)
            resealed = 0

            def choose(connection: sa.Connection) -> Sequence[Prepared]:
                nonlocal resealed
                files = {**renewal.files, **_seal_again(home, connection, renewal)}
                drafts, resealed = _exchanged(home, connection, replace(renewal, files=files), ahead)
                told = [Draft("key_changed", doer.values(grant.request) | said, resealed=rows) for said, rows in drafts]
                ready = [
                    prepare(each, origin=writer.sequencer.origin, casework=renewal.identities.casework.recipient)
                    for each in (*grant.drafts, *told)
                ]
                rekey.lay(home.keys, files)
                lay_public(home.path, role, renewal.new.recipient, renewal.recovery)
                return ready

            writer.sequencer.turn(choose)
        home.finish_keys(writer.sequencer.take)
    with home.writing() as writer:  # to the new key
        return NewKey(role, resealed, _forget_old_pages(home), writer.beat(now=True))


def _begun(home: Home, folder: Path, role: str, identities: Unlocked, passphrase: str) -> _Renewal:
    """The change that was begun before under the same passphrase, or a new one."""
    old: KeyIdentity = getattr(identities, role)
    if old.recipient != getattr(home.recipients, role):
        raise HomeError("home.keys_of_another_time", where=str(home.keys.path))
    new = _continued(folder / f"{role}.age", passphrase)
    if new is None or new.recipient == old.recipient:  # what a change that was done left would change nothing
        rekey.forget_ahead(home.keys)
        make_folder(folder)
        new = generate_identity()
        text = f"{new.secret_string()}\n".encode()
        log_n = home.settings.keys.passphrase_log_n
        write_file(folder / f"{role}.age", seal_with_passphrase(text, passphrase=passphrase, log_n=log_n))
    after = replace(identities, **{role: new})
    files = rekey.fresh_files(after, passphrase=passphrase, log_n=home.settings.keys.passphrase_log_n)
    return _Renewal(role, old, new, after, files, recovery_of(new, home.recipients.office))


def _continued(file: Path, passphrase: str) -> KeyIdentity | None:
    try:
        return parse_identity(open_with_passphrase(file.read_bytes(), passphrase=passphrase).decode("ascii").strip())
    except (FileNotFoundError, PassphraseError, SealError, ValueError):
        return None  # not begun, begun with another passphrase, or cut off


def _seal_again(home: Home, connection: sa.Connection, renewal: _Renewal) -> Mapping[str, bytes]:
    """The key of the office's seal, sealed to a new casework key; read in the turn, as it may have been renewed."""
    if renewal.role != "casework":
        return {}
    home.finish_renewal_in(connection)
    try:
        seal = home.keys.read_sealed(SEAL_KEY_FILE, renewal.old)
    except SecretFileError:
        return {}  # where it is lost, ``key renew-seal`` makes another
    return {SEAL_KEY_FILE: seal_whole(seal, recipients=(renewal.new.recipient,))}


_Told = tuple[dict[str, Value], bytes | None]


def _exchanged(
    home: Home, connection: sa.Connection, renewal: _Renewal, ahead: WorkAhead
) -> tuple[Sequence[_Told], int]:
    """Seal everything in the database again, in the turn; return what to log of it, and how many rows it was."""
    _require_no_questions(home, connection, renewal.role)
    rows = exchange(connection, renewal.change, ahead)
    if renewal.role == "casework":
        reseal_tasks(connection, home, renewal.old, renewal.new.recipient)
        forget_work(connection, kind=CASE_ENTRIES, subject=CASE_ENTRIES)  # a snapshot too
    else:
        connection.execute(sa.delete(database.print_segment))  # a snapshot, which is made again
    role, recovery = renewal.role, home.path / "recovery" / RECOVERY[renewal.role]
    told: list[_Told] = [
        ({"key": role, "old": str(renewal.old.recipient), "new": str(renewal.new.recipient)}, rows),
        (
            {
                "key": f"{role}_recovery",
                "old": sha256_hex(recovery.read_bytes()),
                "new": sha256_hex(renewal.recovery),
            },
            None,
        ),
        (
            {
                "key": KEY_FILES,
                "old": rekey.current(home.keys, renewal.files),
                "new": rekey.digest_of(renewal.files),
            },
            None,
        ),
    ]
    return told, rows_listed(rows)


def _require_no_questions(home: Home, connection: sa.Connection, role: str) -> None:
    """Check that nobody waits for an answer: a question is named by its sealed bytes, so it is not sealed again."""
    waiting = {QuestionState.TICKET, QuestionState.RECEIVED}
    kept = [each for each in list_questions(connection, home.clock()) if each.state in waiting]
    if role == "matching" and kept:
        raise HomeError("home.questions_wait", count=len(kept))


def _forget_old_pages(home: Home) -> Explained | None:
    try:
        forget_old_pages(home.engine)
    except HomeError as error:
        return error
    return None
