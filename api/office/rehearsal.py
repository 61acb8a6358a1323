"""The rehearsal of the whole way, by the same functions that the commands call."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from api import TOOL
from api.home import Home
from api.office.audit import run_audit
from api.office.bundle import Order, export_case
from api.office.case import add_items, open_case, record_consent
from api.office.check import check_picture
from api.office.home import Plan, create_home
from api.office.intake import Wish, import_export
from api.office.item import list_items
from api.office.page import every_entry
from api.office.rehearsed_watch import rehearse_watch
from api.office.request import done_at_once
from casefiles.bundle.destination import Destination
from casefiles.consent import CHECK, Consent
from casefiles.verifier.__main__ import load_roots
from casefiles.verifier.checks import verify
from evidence.authority import Doer
from evidence.errors import HomeError
from evidence.finding import Verdict
from evidence.intake.keep import Counts
from evidence.observation import Mode
from evidence.spans import Spans
from evidence.times import system_clock
from monitor.rehearsal.export import ExportFacts, write_export

MESSAGES = 40
PHOTOS = 6
SEED = 1
CONSENT = "Rehearsal: the office may look for my generated picture, and give my case to a prosecutor.\n"
Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal leaves behind; ``home`` only where everything is kept."""

    bundle: Path
    letter: Path
    letter_pdf: Path | None
    trust: tuple[Path, ...]
    verdict: Verdict
    counts: Counts
    home: Path | None


def run_demo(keep: Path | None, tell: Tell) -> Rehearsed:
    """The verb behind ``demo``: go the whole way once.

    Raises:
        HomeError: The folder to keep things in is not empty.
        Explained: A step failed; its error says which and why.
    """
    out = (keep or _free(Path("nisisama-demo"))).resolve()
    if out.exists() and any(out.iterdir()):
        raise HomeError("home.not_empty", where=str(out))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _workplace(None if keep is None else out) as work:
        home, export, passphrase = _prepare(work, tell)
        counts = _import(home, export, work, tell)
        _watch(home, work, tell)
        made = _case(home, export, passphrase, out, tell)
        trust = tuple(_copied(file, out / "trust") for file in sorted(home.trust.glob("*.pem")))
        audited = run_audit(home, level=3, against=None, passphrase=passphrase, progress=lambda _more: None)
        tell(f"7. Audited {audited.entries} log entries and {audited.objects} objects: {audited.report.verdict.value}")
        audited.report.require_passed()
        home.engine.dispose()
    verdict = verify(made.bundle, roots=load_roots(trust)).verdict
    tell(f"8. Verified the bundle with the two roots: {verdict.value}")
    printed = made.letter_pdf if made.letter_pdf.exists() else None
    return Rehearsed(made.bundle, made.letter, printed, trust, verdict, counts, out / "home" if keep else None)


def _free(folder: Path) -> Path:
    """``folder``, or the first of ``folder-2``, ``folder-3`` ... that is not there."""
    at = 1
    while (named := folder if at == 1 else folder.with_name(f"{folder.name}-{at}")).exists():
        at += 1
    return named


@contextmanager
def _workplace(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    folder = Path(tempfile.mkdtemp(prefix="nisisama-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _prepare(work: Path, tell: Tell) -> tuple[Home, ExportFacts, str]:
    export = write_export(work / "export", seed=SEED, messages=MESSAGES, photos=PHOTOS)
    tell(f"1. Generated an export of {MESSAGES} harmless messages: {len(export.media)} files")
    passphrase = secrets.token_urlsafe(12)
    plan = Plan(work / "home", "Rehearsal office", passphrase, "rehearsal", rehearsal=True)
    created = create_home(plan, system_clock)
    tell(f"2. Made a home with its keys; the office key is on {len(created.cards)} cards only")
    return created.home, export, passphrase


def _import(home: Home, export: ExportFacts, work: Path, tell: Tell) -> Counts:
    today = home.clock().date()
    basis = work / "legal-basis.toml"
    basis.write_text(
        'text = "Rehearsal: generated pictures only"\ncounsel = "nobody, this is a rehearsal"\ncountry = "MK"\n'
        f"date = {today}\nexpires = {today + timedelta(days=1)}\n",
        encoding="utf-8",
    )
    (work / "consent.txt").write_text(CONSENT, encoding="utf-8")
    doer = Doer("caseworker", TOOL, home.clock(), reason="rehearsal", approver="lawyer")
    wish = Wish(export.folder, None, "client", Mode.SEALED, basis, doer)
    counts = done_at_once(import_export(home, wish)).counts
    tell(
        f"3. Sealed {counts.messages} messages, {counts.service} service messages, "
        f"{counts.unsupported} of an unknown kind, {counts.sealed} files; "
        f"missing files, recorded as holes: {counts.missing_media}"
    )
    return counts


def _watch(home: Home, work: Path, tell: Tell) -> None:
    doer = Doer("caseworker", TOOL, home.clock(), reason="rehearsal", approver="lawyer")
    kept = rehearse_watch(home, work / "legal-basis.toml", doer)
    seen = kept.completeness
    observed, empty = _told(seen.observed), _told(seen.holes)
    tell(
        f"4. Watched a group live: {kept.messages} messages, {kept.edits} edit, {kept.deletions} message gone, "
        f"{kept.media} file; numbers kept: {observed}; found empty: {empty}"
    )


def _told(spans: Spans) -> str:
    return ", ".join(str(lo) if lo == hi else f"{lo} to {hi}" for lo, hi in spans)


def _case(home: Home, export: ExportFacts, passphrase: str, out: Path, tell: Tell) -> Destination:
    keys = home.keys.unlock(passphrase)
    doer = Doer("caseworker", TOOL, home.clock(), reason="rehearsal", approver="lawyer")
    case_id = open_case(home, doer).case_id
    agreed = Consent("client", True, (CHECK, "prosecutor"), home.clock().date(), None, "en", CONSENT, None)
    record_consent(home, case_id, agreed, doer)
    picture = export.folder / max(name for name in export.media if name.endswith(".jpg"))
    with picture.open("rb") as stream:
        (found,) = check_picture(home, stream, case_id, doer, keys).pictures
    tell(f"5. Checked one picture: {len(found.matches)} found, compared with {found.compared}")
    messages = {match.message_id for match in found.matches}
    items = every_entry(lambda after: list_items(home, after=after))
    add_items(home, case_id, tuple(item.item_id for item in items if item.message_id in messages), doer)
    destination = Destination(out / "bundle.asice")
    done = done_at_once(export_case(home, Order(case_id, "prosecutor", "en", doer), keys.casework, destination))
    tell(f"6. Exported {case_id}: {done.facts.items} items, {done.facts.bytes} bytes, no picture in it")
    return destination


def _copied(file: Path, folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return Path(shutil.copy(file, folder / file.name))
