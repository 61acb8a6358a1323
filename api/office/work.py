"""What each kind of task does: the same verbs as the command line's, and what is left to do once its act is logged."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from api.errors import warning_of
from api.home import SEAL_FILE, Home, certificate_sha256
from api.office.addition import Begun, Brought, begin_addition, keep_addition
from api.office.approval import Means, approve
from api.office.audit import entries_to_read, run_audit
from api.office.brought import export_in
from api.office.bundle import Exported, Order, export_case, told_of
from api.office.check import AskedPictures, check_pictures
from api.office.intake import Heard, Imported, Wish, import_export
from api.office.opened import OpenOffice
from api.office.question import check_question
from api.office.request import NOTHING_BESIDE, Inside, Waiting, find_request
from api.office.task import TaskKind, bundle_of, doer_of, remove_unread, seal_of, taken, upload_folder
from casefiles.bundle.sign import BundleFacts
from casefiles.format.layout import ITEMS_JSONL
from config.errors import Explained, Term
from evidence.canonical import sha256_hex
from evidence.errors import AuthorityError, HomeError
from evidence.finding import Verdict
from evidence.match.question import open_question
from evidence.observation import Mode
from evidence.store.database import reading
from evidence.store.reviews import is_acted
from evidence.store.work import Task
from evidence.times import parse_time
from monitor.pages import SavedPage

TaskOutcome: TypeAlias = Mapping[str, Any]
HeardWork: TypeAlias = Callable[[str, int, int], object]
"""Told what is being done, how much of it is done, and out of how much."""
AUDIT_LEVEL = 2
"""An upload is deleted only after an audit of this level: every ciphertext is there and is what its leaf says."""


@dataclass(frozen=True, slots=True)
class Working:
    """What a task works with.

    Attributes:
        opened: What the passphrase opens; raises while the office is locked.
        inside: Writes the outcome in the transaction that logs the act.
        hear: Told what is being done, how much of it is done, and out of how much; raises if the work must stop.
    """

    opened: Callable[[], OpenOffice]
    inside: Inside
    hear: HeardWork

    def begin_import(self, messages: int, files: int) -> Heard:
        """Progress of an import, in messages and files."""
        count = self._counted("sealing", messages + files)
        return Heard(durable=count, read=count)

    def stage(self, label: Term, _unit: Term) -> Callable[[int], Callable[[int], object]]:
        """Progress of a stage of an export."""
        return partial(self._counted, label.code.removeprefix("progress."))

    def _counted(self, what: str, total: int) -> Callable[[int], object]:
        return _counting(self.hear, what, total)


def _counting(hear: HeardWork, what: str, total: int) -> Callable[[int], object]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        hear(what, done, total)

    count(0)
    return count


def do_task(home: Home, task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome | None:
    """The act of a task, by its verb; return what came of it, or None if it waits for a second person.

    Raises:
        CallError: The office is locked.
        TaskLostError: Another has the task, or it was cancelled; its act was not logged.
        Explained: What the act itself raises.
    """
    return _DO[TaskKind(task.kind)](home, task, asked, working)


def _import(home: Home, task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome | None:
    said, basis = asked["said"], asked["said"]["legal_basis"]
    wish = Wish(
        export_in(upload_folder(home, task.task_id)),
        said["chat"],
        said["declared_by"],
        Mode(said["mode"]),
        None if basis is None else io.BytesIO(basis.encode()),
        doer_of(asked),
        said["private_chat"],
    )
    done = import_export(home, wish, working.begin_import, working.inside)
    return None if isinstance(done, Waiting) else _with_warnings(done.told(), done.unstamped)


def _addition(home: Home, task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome:
    """Log who brings what; the files are kept by ``finish_task``."""
    seed = bytes.fromhex(asked["said"]["seed"])
    return begin_addition(home, _brought(home, task, asked), seed, working.inside).told()


def _brought(home: Home, task: Task, asked: TaskOutcome) -> Brought:
    said, folder = asked["said"], upload_folder(home, task.task_id)
    names = {folder / str(number): name for number, name in enumerate(said["names"])}
    paths, pages = list(names), list[SavedPage]()
    if said["page"] is not None:
        pages.append(SavedPage(said["page"], paths.pop(), said["chat"]))
    return Brought(
        paths, said["source"], said["declared_by"], doer_of(asked), task.case_id, said["links"], pages, names
    )


def _bundle(home: Home, task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome | None:
    said, casework = asked["said"], working.opened().keys.casework
    order = Order(task.case_id or "", said["audience"], said["language"], doer_of(asked), said["to"])
    done = export_case(home, order, casework, bundle_of(home, task.task_id), working.stage, working.inside)
    return None if isinstance(done, Waiting) else _with_warnings(done.told(), done.unstamped)


def _check(home: Home, task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome:
    office, said, case_id = working.opened(), asked["said"], task.case_id or ""
    working.hear("comparing", 0, 0)
    if "receipt" in said:
        done = check_question(home, said["receipt"], case_id, doer_of(asked), office, working.inside)
    else:
        wanted = AskedPictures(open_question(bytes.fromhex(said["sealed"]), office.keys.matching).pictures)
        done = check_pictures(home, wanted, case_id, doer_of(asked), office, working.inside)
    return _with_warnings(done.told(), done.unstamped)


def _approval(home: Home, _task: Task, asked: TaskOutcome, working: Working) -> TaskOutcome:
    keys, request = working.opened().keys, asked["said"]["request"]  # its row could name another
    found = find_request(home, request, keys.casework)
    told = {"request_id": request, "what": found.act.value}
    with reading(home.engine) as connection:
        if is_acted(connection, request):
            return told  # another worker died after it
    if found.review is None or not found.review.approved:
        raise AuthorityError("authority.answered", where=request)
    means = Means(
        keys.casework,
        progress=working.begin_import,
        stages=working.stage,
        inside=working.inside,
        matching=keys.matching,
    )
    done = approve(home, found, doer_of(asked), means)
    more = done.done.told() if isinstance(done.done, Imported | Exported) else {}
    return _with_warnings({**told, **more}, done.unstamped)


_DO: Mapping[TaskKind, Callable[[Home, Task, TaskOutcome, Working], TaskOutcome | None]] = {
    TaskKind.IMPORT: _import,
    TaskKind.ADDITION: _addition,
    TaskKind.BUNDLE: _bundle,
    TaskKind.CHECK: _check,
    TaskKind.APPROVAL: _approval,
}


def _with_warnings(told: TaskOutcome, unstamped: Explained | None) -> TaskOutcome:
    return {**told, "warnings": [] if unstamped is None else [warning_of(unstamped)]}


def of_task(task: Task, told: TaskOutcome) -> TaskOutcome:
    """What the verb of a task answers, with what names its bundle."""
    more = {"bundle_id": task.task_id, "case_id": task.case_id} if task.kind == TaskKind.BUNDLE else {}
    return {**told, **more}


# Once the act is in the log


def finish_task(
    home: Home, task: Task, told: TaskOutcome, hear: HeardWork, inside: Inside = NOTHING_BESIDE
) -> TaskOutcome:
    """Do what a verb left to do of a task whose act is in the log; needs no key, and may be done again.

    Args:
        inside: Writes what came of it before what a call brought is removed.

    Raises:
        StorageFullError: No space for a file that a call brought; what was kept stays.
        HomeError: The audit after an import found something, and its upload is kept; or a bundle's files are lost.
    """
    if task.kind == TaskKind.IMPORT:
        return _audited(home, task, told, hear)
    if task.kind == TaskKind.ADDITION:
        return _with_files(home, task, told, hear, inside)
    if task.kind == TaskKind.BUNDLE:
        _hand_over(home, task, told)
    return told


def _with_files(home: Home, task: Task, told: TaskOutcome, hear: HeardWork, inside: Inside) -> TaskOutcome:
    """Keep the files of an addition that is in the log; those that were kept before are known by its seed."""
    if "items" not in told:
        asked = seal_of(home).open(task, "asked", task.asked)
        brought, seed = _brought(home, task, asked), bytes.fromhex(asked["said"]["seed"])
        due = told["review_by"]
        begun = Begun(told["channel_id"], told["request"], None if due is None else parse_time(due), seed)
        done = keep_addition(home, brought, begun, Heard(read=_counting(hear, "sealing", len(brought.names))))
        told = _with_warnings(done.told(), done.unstamped)
        with taken(home) as connection:
            inside.acts(connection, told)  # before what was sent is removed
    remove_unread(home, task.task_id)
    return told


def _audited(home: Home, task: Task, told: TaskOutcome, hear: HeardWork) -> TaskOutcome:
    read, total = 0, entries_to_read(home) or 0

    def count(more: int) -> None:
        nonlocal read
        read += more
        hear("auditing", read, total)

    done = run_audit(home, level=AUDIT_LEVEL, against=None, passphrase=None, progress=count)
    failed = sum(finding.verdict is Verdict.FAILED for finding in done.report.findings)
    if failed:
        raise HomeError("home.audit_after_upload", count=failed)
    remove_unread(home, task.task_id)
    return {**told, "audited": {"level": AUDIT_LEVEL, "entries": done.entries}}


def _hand_over(home: Home, task: Task, told: TaskOutcome) -> None:
    """Give a bundle that was logged its name, where whoever made it died before that."""
    destination = bundle_of(home, task.task_id)
    with destination.leftovers() as leftovers:
        for held in leftovers:
            if sha256_hex(held.bundle.read_bytes()) == told["sha256"]:
                held.hand_over(again=True)
            else:
                held.drop()
    if not destination.bundle.exists():
        raise HomeError("home.bundle_lost", where=task.task_id)


def told_of_bundle(home: Home, task: Task, told: TaskOutcome) -> TaskOutcome:
    """What the office tells of a bundle that a second person approved, here or on the command line.

    Args:
        told: What is known of it; empty if it was approved on the command line: then its file says something.

    Raises:
        HomeError: Its file does not have its name yet.
    """
    if "sha256" in told:
        _hand_over(home, task, told)
        return told
    file = bundle_of(home, task.task_id).bundle
    if not file.exists():
        raise HomeError("home.bundle_lost", where=task.task_id)
    data = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        items = archive.read(ITEMS_JSONL).count(b"\n")
    seal = certificate_sha256(home.path / SEAL_FILE)
    return told_of(BundleFacts(sha256_hex(data), len(data), seal, items), None)
