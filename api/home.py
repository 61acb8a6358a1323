"""The composition root: opens a home, and puts the parts together for reading and for writing.

HOME/nisisama.toml   settings          HOME/objects/      sealed payloads
HOME/nisisama.db     rows              HOME/recipients/   whom to seal to
HOME/trust/*.pem     roots to hand out HOME/recovery/     identities sealed to the office key
HOME/seal.pem        the office's seal certificate
HOME/revocation/     revocation lists of the seal's root and of the time-stamp offices (evidence.stamp.kept_lists)
HOME/nisisama.log    what an operator needs to know of each run
HOME/lock            held for each commit by whoever makes it; HOME/lock.next by who is next
HOME/unfinished      only while ``init`` makes the home, or where it was stopped (api.unfinished)
HOME/backup          what is noted of each folder with backups (evidence.backup)
HOME/moving          only while the rows are moved to another database, or if that was cut off (api.office.database)
HOME/beat            when a time stamp was last asked for (evidence.custody.beat)
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.made import drop_releases, drop_unlogged_releases, remove_erased
from api.unfinished import DATABASE_FILE, VKEY_FILE, refuse_unfinished
from config import oplog
from config.catalogues import RootCertificate, time_stamp_offices
from config.errors import Explained, SettingsError
from config.settings import Settings, database_url_in, load_settings
from evidence import rekey, renewal
from evidence.backup import remove_dead_parts, remove_dead_proof
from evidence.canonical import sha256_hex, text_value
from evidence.custody import stamps
from evidence.custody.anchoring import NONCE_BITS, Anchoring, has_news
from evidence.custody.beat import BEAT_FILE, Beat
from evidence.custody.clock import KnownTimes, ahead_of, known_times, require_clock, today
from evidence.custody.event import Draft
from evidence.custody.pins import KEY_FILES, InUse, Pins, SealingTo, read_pins, unpinned
from evidence.custody.sequencer import Also, Sequencer, unsigned_tail
from evidence.custody.turn import Turn
from evidence.erasure import bury_again, finish_erasures, read_graves, risen
from evidence.errors import (
    CertificateError,
    EvidenceError,
    HomeBusyError,
    HomeError,
    KeyTextError,
    NoteError,
    SignedDataError,
    StampError,
    StampUnreachableError,
    StorageFullError,
    StoreError,
)
from evidence.keys import LOG_KEY, RECOVERY, KeyFolder, Unlocked, keys_beside
from evidence.log.note import VerifierKey, open_checkpoint
from evidence.objects.durable import move_file, storage_errors, write_file
from evidence.objects.local import LocalObjects
from evidence.rehearsal.tsa import LIST_PATH, RehearsalOffice
from evidence.seal.recipients import ROLES, KeyIdentity, Recipients, read_recipients
from evidence.stamp.certificate import Certificate, fingerprint, read_pem
from evidence.stamp.client import TimeStampOffice, request_stamp, stamping_client
from evidence.stamp.kept_lists import KeptLists
from evidence.store import database, follow
from evidence.store.schema import require_own_schema
from evidence.store.stored import MOST
from evidence.times import Clock, system_clock

SETTINGS_FILE = "nisisama.toml"
OBJECTS_FOLDER = "objects"
LOCK_FILE = "lock"
SEAL_FILE = "seal.pem"
SEAL_KEY_FILE = "seal.age"
SEAL_ROOT_FILE = "seal-root.pem"
REVOCATION_FOLDER = "revocation"
REHEARSAL = "rehearsal"
NEXT = ".next"
"""How a new seal and its key end as long as their event is not logged."""


class Home:
    """One opened home; see the module for what lies where.

    Args:
        path: The folder that ``nisisama init`` made.
        clock: Tells the time; the system's, but in tests.
    """

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self.path = path
        self.clock = clock
        self._settings_seen = _seen(path / SETTINGS_FILE)  # before the file is read
        self._url_in_file = database_url_in(path / SETTINGS_FILE)
        self.settings: Settings = load_settings(path / SETTINGS_FILE)
        self.keys: KeyFolder = keys_beside(path)
        self.graves_elsewhere: Path | None = None
        self.read_only = False
        self._recipients: tuple[object, Recipients] | None = None

    @classmethod
    def open(cls, path: Path, clock: Clock = system_clock, *, unfinished: bool = False) -> "Home":
        """Open a home and check that this program may read it. Where it cannot write, the home is ``read_only``.

        Args:
            unfinished: The caller is just making it.

        Raises:
            SettingsError: There is no home here, or a setting is wrong.
            HomeError: It was never finished, others may read the folder, this account may not, or a part is missing;
                or it cannot be written and has a journal that only a writer can read.
            SchemaVersionError: The database is of another version.
            StoreError: Its schema has what this program did not make.
        """
        remove_dead_proof(path.resolve())
        if not unfinished:
            refuse_unfinished(path.resolve())
        home = cls(path.resolve(), clock)
        require_private(home.path)
        oplog.keep_in(home.path, max_bytes=home.settings.oplog.max_bytes, files=home.settings.oplog.files)
        home.read_only = _is_read_only(home.path)
        if home.engine.dialect.name == "sqlite" and not (home.path / DATABASE_FILE).exists():
            raise HomeError("home.database_missing", where=str(home.path / DATABASE_FILE))
        if not (home.path / OBJECTS_FOLDER).is_dir():
            raise HomeError("home.objects_missing", where=str(home.path / OBJECTS_FOLDER))
        try:
            with database.reading(home.engine) as connection:
                database.require_version(connection)
                require_own_schema(connection)
            home.erase_again()
            home.finish_keys_alone()
        except BaseException:
            home.engine.dispose()  # nobody else holds it
            raise
        if not home.read_only:
            remove_dead_parts(home.path)  # copies of rows that a killed process left
        oplog.note("home_opened", database=home.engine.dialect.name)
        return home

    @property
    def graves(self) -> Path:
        """The file that names what was erased: beside the keys, but for a home that is being restored."""
        return self.graves_elsewhere or self.keys.graves

    def erase_again(self, named_in: Path | None = None) -> None:
        """Before anything is read: destroy what was erased after the moment to which the database was put back.

        Args:
            named_in: A file like the one beside the keys, in its place.

        Raises:
            HomeError: The home cannot be written, or the file beside the keys that names it is damaged.
            HomeBusyError: Others kept writing.
        """
        graves = read_graves(named_in or self.graves)
        if not graves:
            return
        with database.reading(self.engine) as connection:
            named = risen(connection, graves)
        if not named:
            return
        if self.read_only:
            raise HomeError("home.holds_erased", where=str(self.path), count=len(named))
        turn = Turn(self.engine, self.path / LOCK_FILE)
        with turn.take() as connection:
            bury_again(connection, risen(connection, graves), self.clock())
        oplog.note("erased_again", entries=len(named))
        finish_erasures(self.engine, self.objects, self.graves, turn.take, self._remove_bundles)

    def finish_erasures(self, take: Callable[[], AbstractContextManager[sa.Connection]]) -> Explained | None:
        """Do what is left of erasures that were logged; whoever writes next does it where this could not.

        Args:
            take: Takes the turn.

        Returns:
            Why something is left.
        """
        try:
            with storage_errors(self.path):
                removed = finish_erasures(self.engine, self.objects, self.graves, take, self._remove_bundles)
        except (HomeError, HomeBusyError, StorageFullError, StoreError) as error:
            return error
        if removed is not None:
            oplog.note("erasure_finished", objects=removed)
        return None

    def _remove_bundles(self) -> None:
        with database.reading(self.engine) as connection:
            remove_erased(connection, self.path)
        remove_dead_parts(self.path)  # rows that were copied for another organisation's backup
        drop_releases(self.path)

    @cached_property
    def engine(self) -> sa.Engine:
        """The engine of this home's database.

        Raises:
            HomeError: It cannot be written and has a journal that only a writer can read.
        """
        if self.settings.database.url:
            return database.open_engine(self.settings.database.url, self.require_current)
        file = self.path / DATABASE_FILE
        if self.read_only:
            return database.open_read_only(file)
        return database.open_engine(database.existing_url(file), self.require_current)

    def require_current(self) -> None:
        """Check that the settings still name the database that this process has open.

        Raises:
            HomeError: The rows were moved to another one (``api.office.database``).
            SettingsError: The settings were changed and cannot be read.
        """
        file = self.path / SETTINGS_FILE
        if (seen := _seen(file)) == self._settings_seen:
            return
        if database_url_in(file) != self._url_in_file:  # a variable of this process overrides neither of them
            raise HomeError("home.moved", where=str(file))
        self._settings_seen = seen

    @cached_property
    def objects(self) -> LocalObjects:
        """The store of this home's sealed payloads."""
        return LocalObjects(self.path / OBJECTS_FOLDER)

    @property
    def recipients(self) -> Recipients:
        """The recipients that this home seals to now; read again where a file was changed.

        Raises:
            HomeError: A recipient's file is missing or mistyped.
        """
        seen = tuple(_seen(self.path / "recipients" / f"{role}.txt") for role in ROLES)
        if self._recipients is None or self._recipients[0] != seen:
            try:
                self._recipients = seen, read_recipients(self.path)
            except KeyTextError as error:
                raise _damaged(self.path / "recipients", error) from error
        return self._recipients[1]

    def unlock(self, passphrase: str) -> Unlocked:
        """Open the casework and matching identities, and check that what this home seals opens with them.

        Raises:
            PassphraseError: Missing or wrong.
            SecretFileError: A file is missing, damaged or readable by others.
            HomeError: The keys beside this home are of another time, or of another home.
        """
        found, recipients = self.keys.unlock(passphrase), self.recipients
        for identity, expected in ((found.casework, recipients.casework), (found.matching, recipients.matching)):
            if identity.recipient != expected:
                raise HomeError("home.keys_of_another_time", where=str(self.keys.path))
        return found

    @property
    def beat(self) -> Beat:
        """The beat by which this home asks for time stamps."""
        return Beat(self.path / BEAT_FILE, self.clock)

    @property
    def lists(self) -> KeptLists:
        """The revocation lists that this home keeps."""
        return KeptLists(self.path / REVOCATION_FOLDER)

    @property
    def trust(self) -> Path:
        """The folder of root certificates to hand out."""
        return self.path / "trust"

    @cached_property
    def verifier_key(self) -> VerifierKey:
        """The public half of this home's log key, from its file.

        Raises:
            HomeError: Its file is missing or damaged.
        """
        file = self.path / VKEY_FILE
        try:
            return VerifierKey.parse(file.read_text("ascii").strip())
        except FileNotFoundError as error:
            raise HomeError("home.log_key_missing", where=str(file)) from error
        except (NoteError, UnicodeDecodeError) as error:
            raise _damaged(file, error) from error

    def stamp_roots(self) -> Mapping[str, Sequence[x509.Certificate]]:
        """Trusted roots by the name of every time-stamp office that this home may have asked."""
        roots = {name: _certificates(entry.roots) for name, entry in time_stamp_offices().items()}
        handed_out = self.trust / f"time-stamp-{REHEARSAL}-1.pem"
        if (self.keys.path / REHEARSAL).exists():
            roots[REHEARSAL] = (RehearsalOffice.open(self.keys.path / REHEARSAL).root,)
        elif handed_out.exists():  # so an audit needs no keys' folder
            roots[REHEARSAL] = (read_certificate(handed_out),)
        return roots

    def in_use(self) -> Sequence[InUse]:
        """The pinned values that this home would use; ``read_pins`` gives those that it should use."""
        recipients, settings = self.path / "recipients", self.path / SETTINGS_FILE
        seal, root = self.path / SEAL_FILE, self.trust / SEAL_ROOT_FILE
        office = self.settings.office
        return [
            *(
                InUse(f"{role}_recipient", str(recipients / f"{role}.txt"), partial(self._recipient, role))
                for role in ROLES
            ),
            InUse("log_key", str(self.path / VKEY_FILE), lambda: str(self.verifier_key)),
            InUse("seal_certificate_sha256", str(seal), lambda: certificate_sha256(seal)),
            InUse("seal_root_sha256", str(root), lambda: certificate_sha256(root)),
            InUse("organisation", f"{settings}, office.organisation", lambda: text_value(office.organisation)),
            InUse("rehearsal", f"{settings}, office.rehearsal", lambda: "yes" if office.rehearsal else "no"),
        ]

    def in_recovery(self) -> Sequence[InUse]:
        """The files that the cards open, as ``in_use``."""
        folder = self.path / "recovery"
        return [
            InUse(f"{role}_recovery_sha256", str(folder / name), partial(file_sha256, folder / name))
            for role, name in RECOVERY.items()
        ]

    def unpinned(self, *, recovery: bool = False) -> Sequence[EvidenceError]:
        """Every difference between what this home would use and what its log pins.

        Args:
            recovery: Compare also what the cards open, which no command uses without them.

        Raises:
            LogError: What the log pins cannot be read, or entry 0 is not under the checkpoint that was signed last.
        """
        signed = self.keys.signed
        newest = open_checkpoint(signed.read_bytes(), key=self.verifier_key) if signed.exists() else None
        with database.reading(self.engine) as connection:
            pins = read_pins(connection, newest)
        used = [*self.in_use(), *(self.in_recovery() if recovery else ())]
        return [*unpinned(pins, used), *self.foreign_roots()] if pins else []

    def finish_renewal(self, take: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        """Put a new seal in its place where its renewal was logged and then cut short; its key first.

        Args:
            take: Takes the turn: nobody else is at it then.
        """
        with database.reading(self.engine) as connection:
            if not self._seal_is_laid(connection):
                return
        with take() as connection:
            self.finish_renewal_in(connection)

    def finish_renewal_in(self, connection: sa.Connection) -> None:
        """Like ``finish_renewal``, in the turn of somebody who has it."""
        if not self._seal_is_laid(connection):
            return  # it was never logged, or another process was at it
        key = self.keys.path / f"{SEAL_KEY_FILE}{NEXT}"
        if key.exists():
            move_file(key, self.keys.path / SEAL_KEY_FILE)
        move_file(self.path / f"{SEAL_FILE}{NEXT}", self.path / SEAL_FILE)

    def _seal_is_laid(self, connection: sa.Connection) -> bool:
        fresh = self.path / f"{SEAL_FILE}{NEXT}"
        if not fresh.exists():
            return False
        pin = read_pins(connection, None).get("seal_certificate_sha256")
        return pin is not None and pin.value == certificate_sha256(fresh)

    def finish_keys(self, take: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        """Put new key files in their places where their change was logged and then cut short.

        What was laid and never logged is removed.

        Args:
            take: Takes the turn: nobody else is at it then.
        """
        if not self._keys_laid():
            rekey.finish(self.keys)
            return
        with take() as connection:
            self.finish_keys_in(connection)

    def finish_keys_in(self, connection: sa.Connection) -> None:
        """Like ``finish_keys``, in the turn of somebody who has it: what the log pins now takes its place."""
        if not self._keys_laid():
            return  # nobody was cut short, or another process was at it
        pins = read_pins(connection, None)
        self._finish_key_files(pins)
        if renewal.is_logged(self.path, pins):
            rekey.forget_ahead(self.keys)  # before the files by which this is known take their places
        renewal.finish_public(self.path, pins)

    def finish_keys_alone(self) -> None:
        """Like ``finish_keys``, for whoever only reads: keys that were not in their places would open nothing."""
        if not self.read_only and self._keys_laid():
            self.finish_keys(Turn(self.engine, self.path / LOCK_FILE).take)

    def _keys_laid(self) -> bool:
        return rekey.laid(self.keys) is not None or renewal.is_laid(self.path)

    def _finish_key_files(self, pins: Pins) -> None:
        pin = pins.get(KEY_FILES)
        if (found := rekey.laid(self.keys)) is None:
            return
        if pin is not None and pin.value == found:
            rekey.switch(self.keys)
        else:
            rekey.forget(self.keys)

    def foreign_roots(self) -> Iterator[HomeError]:
        """Every certificate in ``trust`` that this home would hand out and the program does not know."""
        known = {
            f"time-stamp-{name}-{at}.pem": certificate
            for name, certificates in self.stamp_roots().items()
            for at, certificate in enumerate(certificates, start=1)
        }
        for file in sorted(self.trust.glob("*.pem")):
            if file.name != SEAL_ROOT_FILE and known.get(file.name) != read_certificate(file):
                yield HomeError("home.foreign_root", where=str(file))

    def _recipient(self, role: str) -> str:
        return str(getattr(self.recipients, role))

    def require_keys(self) -> None:
        """Check that the key folder is at its place.

        Raises:
            HomeError: It is not.
        """
        if not self.keys.path.is_dir():
            raise HomeError("home.keys_missing", where=str(self.keys.path))

    def require_own_log_key(self) -> None:
        """Check that the log key beside this home, if there is one, is this home's.

        Raises:
            HomeError: It is another home's.
        """
        if not (self.keys.path / LOG_KEY).exists():
            return
        public = self.keys.log_key().public_key().public_bytes_raw()
        if (found := VerifierKey(self.settings.log.origin, public)) != self.verifier_key:
            raise HomeError(
                "home.another_log_key", where=str(self.keys.path), expected=str(self.verifier_key), found=str(found)
            )

    def hand_out_roots(self) -> None:
        """Write the root of every chosen time-stamp office into ``trust``, where it is not there yet."""
        roots = self.stamp_roots()
        for name in self.settings.stamp.offices:
            for at, certificate in enumerate(roots.get(name, ()), start=1):
                file = self.trust / f"time-stamp-{name}-{at}.pem"
                with suppress(FileExistsError):
                    write_file(file, certificate.public_bytes(Encoding.PEM), mode=0o644)

    def unsigned_tail(self) -> HomeError | None:
        """The error that no checkpoint covers the newest entries: a program is still writing, or one could not sign."""
        with database.reading(self.engine) as connection:
            tail = unsigned_tail(connection)
        return HomeError("home.unsigned_tail", count=tail) if tail > 0 else None

    @contextmanager
    def time_stamping(self) -> Iterator[tuple[TimeStampOffice, ...]]:
        """The chosen time-stamp offices; the rehearsal one is started on loopback for as long as this lasts.

        Raises:
            SettingsError: A chosen name is in no catalogue.
        """
        roots, catalogue = self.stamp_roots(), time_stamp_offices()
        with ExitStack() as stack:
            chosen = []
            for name in self.settings.stamp.offices:
                lists: tuple[str, ...] = ()
                if name not in roots:
                    raise SettingsError("settings.unknown_office", expected=", ".join(sorted(catalogue)), found=name)
                if name == REHEARSAL:
                    rehearsal = RehearsalOffice.open(self.keys.path / REHEARSAL)
                    url = stack.enter_context(rehearsal.serving(self.clock))
                    lists = (url + LIST_PATH,)
                else:
                    url = catalogue[name].url
                chosen.append(TimeStampOffice(name, url, tuple(roots[name]), lists=lists))
            yield tuple(chosen)

    def today(self) -> date:
        """The day by which a term ends, as of a legal basis or a consent."""
        return today(self.clock(), self.known_times())

    def time_outside(self) -> datetime | None:
        """What time the first time-stamp office that answers says it is; None where none does.

        Random bytes are stamped for it, and nothing is logged.
        """
        with self.time_stamping() as offices, stamping_client(offices) as http:
            for office in offices:
                with suppress(StampError):
                    return request_stamp(
                        office=office,
                        sha256=secrets.token_bytes(32),
                        http=http,
                        nonce=secrets.randbits(NONCE_BITS),
                        timeout_s=self.settings.stamp.timeout_s,
                    ).info.gen_time
        return None

    def known_times(self) -> KnownTimes:
        """What the log of this home knows of time."""
        with database.reading(self.engine) as connection:
            return known_times(connection)

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """Write to this home, in turn with others; what dead writers left is taken back first.

        The turn is taken for each commit and not for all of this. On leaving, what was logged is signed,
        also where the block raised after it. Where others kept the turn, it is signed by whoever writes next.

        Raises:
            HomeBusyError: Others kept writing.
            SecretFileError: A key is missing or readable by others.
            HomeError: The home cannot be written, the keys' folder is away, the log key is another home's, others may
                look into the keys, or a file or setting is not what the log pins.
            CheckpointError: The database was put back to an older state; nothing was written.
            StoreError: The clock is behind what the log knows of time, or ahead of it.
        """
        if self.read_only:
            raise HomeError("home.read_only", where=str(self.path))
        sequencer = self._sequencer()
        sequencer.require_growth()  # first: an older database would have logged objects taken away
        self.finish_renewal(sequencer.take)
        self.finish_keys(sequencer.take)
        if unlike := self.unpinned():
            self.finish_keys(sequencer.take)  # another program has just changed a key
            unlike = self.unpinned()
        for error in unlike:
            raise error
        sequencer = self._sequencer()  # seals to the keys that are in their places now
        if taken_back := self.objects.recover(sequencer.logged_objects):
            oplog.note("recovery_took_back", objects=taken_back)
        drop_unlogged_releases(self.engine, self.path)
        self.finish_erasures(sequencer.take)
        writer = Writer(self, sequencer)
        with storage_errors(self.path):  # a stamp signs first
            require_clock(self.clock(), self.known_times, writer.stamp, self.time_outside)
        try:
            yield writer
        except BaseException:
            with suppress(EvidenceError, OSError):  # report what stopped the block; the next writer signs
                sequencer.sign()
            raise
        if not writer.put_off:
            with suppress(HomeBusyError):  # kept all the same; whoever opens the home hears of it
                sequencer.sign()

    def log_look(
        self, look: Draft, also: Also | None = None, *, casework: KeyIdentity | None = None
    ) -> Explained | None:
        """Log that somebody looks, before they do; where nothing can be logged, say that.

        Args:
            also: Written with it.
            casework: The opened key to which ``also`` seals.

        Returns:
            Why the look is not logged, or has no time stamp yet.
        """
        if self.read_only or self.keys.only_recovered:
            return HomeError("home.look_not_logged", where=str(self.path))
        with self.writing() as writer:
            writer.require_current(casework=casework)
            writer.sequencer.append([look], also)
            return writer.beat()

    def _sequencer(self) -> Sequencer:
        self.require_keys()
        seen = self.keys.seen_key()
        require_private(self.keys.path)
        self.require_own_log_key()
        return Sequencer(
            turn=Turn(self.engine, self.path / LOCK_FILE),
            origin=self.settings.log.origin,
            key=self.keys.log_key(),
            sealing_to=self._sealing_to(),
            seen=seen,
            signed=self.keys.signed,
        )

    def _sealing_to(self) -> SealingTo:
        recipients = self.recipients  # as they are now, for as long as somebody writes
        used = [
            InUse(f"{role}_recipient", str(self.path), partial(str, getattr(recipients, role)))
            for role in renewal.RENEWABLE
        ]
        return SealingTo(recipients.casework, used)


@dataclass(slots=True)
class Writer:
    """A home that this process may write to.

    Attributes:
        put_off: Whether the last beat waited for the turn, or for room on the disk, in vain: nobody waits twice.
    """

    home: Home
    sequencer: Sequencer
    put_off: bool = False

    def require_current(self, *, casework: KeyIdentity | None = None, matching: KeyIdentity | None = None) -> None:
        """Check that keys which were opened before this writer began are those that the log pins.

        Whoever seals with an opened key, or writes its file, asks this first. A change after it is refused by
        the turn itself, which compares what this writer seals to with the same pins.

        Raises:
            HomeError: One was changed since.
        """
        with database.reading(self.home.engine) as connection:
            pins = read_pins(connection, None)
        for role, identity in (("casework", casework), ("matching", matching)):
            pin = pins[f"{role}_recipient"]
            if identity is not None and pin.value != str(identity.recipient):
                raise HomeError("home.keys_changed", where=str(self.home.keys.path), index=pin.index)

    def beat(self, *, now: bool = False, idle: bool = False) -> Explained | None:
        """Sign what was logged, and have it stamped, if there is news and the beat is due (or ``now``).

        Args:
            idle: As ``stamp`` has it; then at once, too.

        Whatever keeps this from being done, what was logged is kept: no error of here is one of the work.

        Returns:
            Why there is no signature, or no time stamp, yet, or that no office is chosen; the next command that
            writes makes up for it.
        """
        self.put_off = False
        error: EvidenceError | None = None
        try:
            with storage_errors(self.home.path):
                if now or idle or self._is_due():
                    error = self.stamp(idle=idle)
                self.sequencer.sign()
        except (HomeBusyError, StorageFullError) as cause:
            self.put_off = True
            if self.sequencer.unsigned:
                return HomeError("home.unsigned", cause=cause)
            error = StampUnreachableError("stamp_unreachable.not_now", cause=cause)
        return error if self.home.settings.stamp.offices else no_office(self.home.path / SETTINGS_FILE)

    def stamp(self, *, idle: bool = False) -> EvidenceError | None:
        """Sign what was logged and have it stamped now.

        Args:
            idle: Have it stamped even if nothing but time stamps was logged since the last one.

        Returns:
            Why no office gave a time stamp, or that the clock is ahead of the one that was given.

        Raises:
            HomeBusyError: Others kept writing: nothing is stamped, or its stamp is logged and its position is not.
        """
        self.home.hand_out_roots()
        self.home.beat.begin()
        size = open_checkpoint(self.sequencer.checkpoint(), key=self.sequencer.verifier_key).size
        asked_at, before = self.home.clock(), self.home.known_times().stamped_at
        try:
            with self.home.time_stamping() as offices, stamping_client(offices) as http:
                timeout_s = self.home.settings.stamp.timeout_s
                lists = self.home.lists
                anchoring = Anchoring(
                    self.home.engine, self.sequencer, offices, http, timeout_s, lists=lists, idle=idle
                )
                follow.catch_up(self.home.engine, anchoring, self.sequencer.take)
        except StampError as error:
            return error
        finally:
            self.home.beat.end(size)
        stamped_at = self.home.known_times().stamped_at
        return None if stamped_at == before else ahead_of(asked_at, stamped_at)

    def _is_due(self) -> bool:
        """Whether there is news that no stamped checkpoint covers, and nobody asked for a stamp within the beat."""
        with database.reading(self.home.engine) as connection:
            if not has_news(connection, stamps.stamped_size(connection), MOST):
                return False
        return self.home.beat.is_due(self.home.settings.log.beat_s)


def no_office(settings: Path) -> StampUnreachableError:
    """The error of opening a home without a time-stamp office, which can be chosen in its file ``settings``."""
    return StampUnreachableError("stamp_unreachable.none_chosen", settings=str(settings))


def _seen(file: Path) -> tuple[int, int, int] | None:
    """What shows whether a file has changed: inode, time in nanoseconds, size in bytes; None if there is no file."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def read_certificate(file: Path) -> x509.Certificate:
    """Read a certificate of the home that is being opened.

    Raises:
        HomeError: The file is missing or holds no certificate.
    """
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except FileNotFoundError as error:
        raise HomeError("home.certificate_missing", where=str(file)) from error
    except ValueError as error:
        raise _damaged(file, error) from error


def certificate_sha256(file: Path) -> str:
    """Lower hex SHA-256 of a certificate of an opened home, as people compare it.

    Raises:
        HomeError: The file is missing or holds no certificate.
    """
    return fingerprint(read_certificate(file))


def file_sha256(file: Path) -> str:
    """Lower hex SHA-256 of a file of an opened home.

    Raises:
        HomeError: It is missing.
    """
    try:
        return sha256_hex(file.read_bytes())
    except FileNotFoundError as error:
        raise HomeError("home.recovery_missing", where=str(file)) from error


def read_roots(file: Path) -> tuple[Certificate, ...]:
    """Every certificate of a file in the trust folder of the home that is being opened.

    Raises:
        HomeError: It holds none, or one that is malformed.
    """
    try:
        return read_pem(file.read_bytes())
    except (SignedDataError, CertificateError) as error:
        raise _damaged(file, error) from error


def require_private(folder: Path) -> None:
    """Check, as a home is opened, that a folder is its owner's alone.

    Raises:
        HomeError: It is no folder, or others may look into it.
    """
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError as error:
        raise HomeError("home.folder_missing", where=str(folder)) from error
    if not stat.S_ISDIR(mode):
        raise HomeError("home.not_a_folder", where=str(folder))
    if mode & 0o077:
        raise HomeError("home.not_private", where=str(folder), S_IMODE=stat.S_IMODE(mode), folder=str(folder))


def _is_read_only(home: Path) -> bool:
    """Whether a home can be read and not written, as on a medium that nobody can write to."""
    # who only reads would write as well: SQLite keeps the index of its journal beside the database
    places = (home, *home.glob(DATABASE_FILE))
    for place in places:
        if not os.access(place, os.R_OK):
            raise HomeError("home.not_permitted", where=str(place))
    return not all(os.access(place, os.W_OK) for place in places)


def _damaged(where: Path, error: Exception) -> HomeError:
    return HomeError("home.file_damaged", system=str(error), where=str(where))


def _certificates(roots: Sequence[RootCertificate]) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificate(root.pem) for root in roots)
