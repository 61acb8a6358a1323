"""Audits a home with its own keys and roots, and with what the caller brings from outside."""

from collections.abc import Callable

from api.home import Home
from casefiles.verifier.held import read_held
from config import oplog
from evidence.audit.log import HEADERS_LEVEL, AuditInput, RecordReader
from evidence.audit.run import Audit, audit
from evidence.custody.append import tree_size
from evidence.erasure import read_graves
from evidence.errors import StoreError
from evidence.keys import LOG_KEY
from evidence.store.database import reading


def run_audit(
    home: Home, *, level: int, against: bytes | None, passphrase: str | None, progress: Callable[[int], object]
) -> Audit:
    """The verb behind ``audit``: audit a home; without the keys' folder, records are not opened, passphrase or not.

    Args:
        against: A checkpoint from outside, cosigned or through the mail, or a bundle, as its file has it.
        progress: Called with the number of leaves read since.

    Raises:
        PassphraseError: A passphrase was given and is wrong.
        VerificationError: What begins as a bundle is none.
    """
    held = read_held(against).notes if against else ()
    casework = home.unlock(passphrase).casework if passphrase and home.keys.path.is_dir() else None
    reader = RecordReader(casework, home.keys.seen_key()) if casework and not home.keys.only_recovered else None
    signed = home.keys.signed
    audit_input = AuditInput(
        engine=home.engine,
        objects=home.objects,
        key=home.verifier_key,
        roots=home.stamp_roots(),
        level=level,
        signed=signed.read_bytes() if signed.exists() else None,
        against=held,
        reader=reader,
        keys=(home.keys.path / LOG_KEY).exists(),  # keys that were recovered know nothing of what was signed
        asked=home.beat.asked_size(),
        in_use=(*home.in_use(), *home.in_recovery()),
        graves={each.index: each.leaf_sha256 for each in read_graves(home.graves)},
    )
    done = audit(audit_input, progress)
    problems, verdict = len(done.report.problems), done.report.verdict
    oplog.note(
        "audit_finished", level=level, entries=done.entries, objects=done.objects, problems=problems, verdict=verdict
    )
    return done


def entries_to_read(home: Home) -> int | None:
    """How many entries the verb ``audit`` will read, for its progress; None where the database does not say."""
    try:
        with reading(home.engine) as connection:
            return tree_size(connection)
    except StoreError:
        return None


def how_records_compared(home: Home, done: Audit, level: int) -> str:
    """What the verb ``audit`` tells of the records: that they were opened and compared, or why not.

    What a row in clear says beyond its place is committed, so a keyless audit passes without having compared it.
    """
    if done.compared:
        return "compared"
    if level < HEADERS_LEVEL:
        return f"not compared: level {level}"
    if not home.keys.path.is_dir():
        return "not compared: no keys' folder"
    if home.keys.only_recovered:
        return "not compared: keys from cards alone"
    tried = any(finding.id == "records.rows" for finding in done.report.findings)
    return "not compared to the end: see records.rows" if tried else "not compared: no passphrase"
