"""Tasks of the office: asked for, shown, cancelled; and the files that belong to them.

HOME/uploads/TASK/         an export that a call brought, unpacked, until it is taken in and audited; or single files,
                           called 0, 1 and so on, until they are kept
HOME/bundles/TASK.asice    a bundle that a call asked for, with its letter, for ``serve.keep_days``

What was asked for, and what came of it, is sealed with a secret that lies beside the home, so that a copy of the
database does not tell it. A task belongs to the person who asked for it, and to the case that it is about.
"""

import hmac
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from api import TOOL
from api.home import Home
from api.made import BUNDLES
from api.office.approval import refuse
from api.office.brought import UPLOADS, export_in, remove_abandoned, unpacked
from api.office.page import LIMIT, Page, page_of
from api.office.request import find_request
from casefiles.bundle.destination import SUFFIX, Destination
from config.errors import CallError
from evidence.authority import Doer
from evidence.canonical import jcs
from evidence.errors import AuthorityError, EnvelopeError, NoMatchingKeyError, UnknownItemError
from evidence.objects.durable import make_folder, reading_of, remove_folder, write_new
from evidence.seal.age import Identity, Recipient
from evidence.seal.beside import open_beside, seal_beside
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.store import database, work
from evidence.store.database import reading
from evidence.store.freeze import is_hidden
from evidence.store.question import forget_questions, has_expired_questions
from evidence.store.work import Mine, Task, TaskState
from evidence.times import format_time, parse_time

MOST_OPEN = 50
"""How many tasks of one person may wait, or be done, at a time."""
_CHUNK = 1 << 20
_LOOK_AGAIN_S = 30
_ID_DIGITS = 32
_UNPACKED_WITHIN_S = 6 * 3600
"""How old a folder of an upload without a task is when nobody unpacks into it any more."""


class TaskKind(StrEnum):
    """What can be asked for as a task."""

    IMPORT = "import"
    ADDITION = "addition"
    BUNDLE = "bundle"
    CHECK = "check"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class TaskWish:
    """What somebody asks for.

    Attributes:
        said: All that the work needs beside who asks; nothing of it is in clear.
        alike: What makes another one the same as long as this one has not ended; None if none is.
    """

    kind: TaskKind
    doer: Doer
    said: Mapping[str, Any]
    case_id: str | None = None
    request: str | None = None
    alike: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task, for whoever asked for it.

    Attributes:
        done, total: How much of its work is done; ``total`` is 0 while that is not known.
        result: What came of it, once it is done.
        problem: Why it failed, as problem details.
    """

    task: Task
    result: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None


BRINGS_FILES = frozenset({TaskKind.IMPORT, TaskKind.ADDITION})
"""Kinds whose call brings files, which are taken in and removed."""
NEEDS_KEYS = frozenset({TaskKind.BUNDLE, TaskKind.CHECK, TaskKind.APPROVAL})
"""Kinds that open records: what was asked for, of these, opens only with the casework key."""


def no_key() -> Identity:
    """The casework key for tasks that need none.

    Raises:
        TypeError: It is needed.
    """
    raise TypeError("this part of a task opens with the casework key alone")


@dataclass(frozen=True, slots=True)
class TaskSeal:
    """Seals what was asked for and what came of it, each for its place.

    The secret lies beside the home, so that nobody who can only write to the database makes an order. What people
    said, and what a check found, is sealed to the casework key as well: a thief of the home and its keys reads none.
    """

    secret: bytes = field(repr=False)
    casework: Recipient

    def seal(self, task: Task, part: str, said: Mapping[str, Any]) -> bytes:
        """Seal one part of a task."""
        text = json.dumps(said).encode()
        if _is_private(task, part):
            text = seal_whole(text, recipients=(self.casework,))
        return seal_beside(self.secret, text, place=_place(task, part))

    def open(
        self, task: Task, part: str, sealed: bytes, casework: Callable[[], Identity] = no_key
    ) -> Mapping[str, Any]:
        """Open one part of a task.

        Args:
            casework: Asked only where the casework key is needed: not for what came of anything but a check.

        Raises:
            ValueError: It was sealed for another task, or not here.
            CallError: The office is locked.
        """
        text = open_beside(self.secret, sealed, place=_place(task, part))
        if _is_private(task, part):
            text = open_whole(text, identities=(casework(),))
        said: Mapping[str, Any] = json.loads(text)
        return said


def _is_private(task: Task, part: str) -> bool:
    return task.kind == TaskKind.CHECK or (part == "asked" and task.kind in NEEDS_KEYS)


def _place(task: Task, part: str) -> str:
    return jcs([part, task.task_id, task.kind, task.owner, task.case_id or ""]).decode()


def reseal_tasks(connection: sa.Connection, home: Home, old: Identity, new: Recipient) -> None:
    """Seal again to a new casework key what is sealed to the old one of tasks; in the turn that changes it.

    A part that does not open is left as it is: whoever asks for it is told so, as before.
    """
    secret, table = home.keys.task_secret(), database.task
    for task in work.list_tasks(connection):
        parts = {"asked": task.asked, "outcome": task.outcome}
        for part, sealed in parts.items():
            if not sealed or not _is_private(task, part):
                continue
            place = _place(task, part)
            with suppress(ValueError, EnvelopeError, NoMatchingKeyError):
                said = open_whole(open_beside(secret, sealed, place=place), identities=(old,))
                again = seal_beside(secret, seal_whole(said, recipients=(new,)), place=place)
                connection.execute(sa.update(table).where(table.c.id == task.task_id).values({part: again}))


def seal_of(home: Home) -> TaskSeal:
    """The seal of a home's tasks, under which the office keeps what was asked for."""
    return TaskSeal(home.keys.task_secret(), home.recipients.casework)


def new_task_id() -> str:
    """The id of a task to be, for a verb that a call orders: 16 random bytes, hex."""
    return secrets.token_hex(_ID_DIGITS // 2)


@contextmanager
def taken(home: Home) -> Iterator[sa.Connection]:
    """The home's turn, taken by a verb that writes rows of tasks."""
    with home.writing() as writer, writer.sequencer.take() as connection:
        yield connection


def order_task(home: Home, wanted: TaskWish, task_id: str | None = None) -> str:
    """The verb by which a call orders work: ask for a task; return its id, or that of the same one under way.

    Args:
        task_id: 16 bytes, hex, of a task whose files are there already.

    Raises:
        CallError: Too many tasks of the same person have not ended.
    """
    new = task_id or new_task_id()
    doer, seal = wanted.doer, seal_of(home)
    task = Task(
        new, wanted.kind.value, TaskState.QUEUED, doer.actor, wanted.case_id, wanted.request, b"", None, doer.at
    )
    by = {"actor": doer.actor, "at": format_time(doer.at), "reason": doer.reason}
    task = replace(task, asked=seal.seal(task, "asked", {"by": by, "said": dict(wanted.said)}))
    subject = new
    if wanted.alike is not None:
        subject = hmac.digest(seal.secret, jcs([doer.actor, *wanted.alike]), "sha256").hex()
    with taken(home) as connection:
        if len(work.list_tasks(connection, owner=doer.actor, states=work.OPEN)) >= MOST_OPEN:
            raise CallError("call.too_many", seconds=_LOOK_AGAIN_S)
        if wanted.kind is TaskKind.APPROVAL and wanted.request is not None:
            work.move_waiting(connection, wanted.request, approved=True)
        return work.add_task(connection, task, subject=subject)


def doer_of(asked: Mapping[str, Any]) -> Doer:
    """Who ordered a task, and when, for whoever does its act."""
    by = asked["by"]
    return Doer(by["actor"], TOOL, parse_time(by["at"]), reason=by["reason"])


def task_of_owner(home: Home, task_id: str, owner: str) -> Task:
    """The task that a caller may see, since it is their own.

    Raises:
        UnknownItemError: There is none, or it is another's.
    """
    with reading(home.engine) as connection:
        task = work.find_task(connection, task_id)
    if task.owner != owner:
        raise UnknownItemError("unknown_item.no_such_task", found=task_id[:64])
    return task


def show_task(home: Home, task: Task, casework: Callable[[], Identity] = no_key) -> ShownTask:
    """The verb behind ``GET /tasks/{id}``: a task with what came of it.

    Raises:
        CallError: It is of a check, and the office is locked.
    """
    said: Mapping[str, Any] = {}
    if task.outcome is not None and task.state in (TaskState.DONE, TaskState.FAILED):
        said = seal_of(home).open(task, "outcome", task.outcome, casework)
    result = said.get("result")
    if task.kind == TaskKind.CHECK and result is not None:
        result = _without_frozen(home, result)
    return ShownTask(task, result, said.get("problem"))


def _without_frozen(home: Home, checked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of a comparison, without what was frozen since."""
    with reading(home.engine) as connection:
        left = [each for each in checked["matches"] if not is_hidden(connection, each["item_id"])]
    told = {**checked, "matches": left, "found": bool(left)}
    if "pictures" in checked:
        told["pictures"] = [_without_frozen(home, each) for each in checked["pictures"]]
    return told


def list_own_tasks(home: Home, mine: Mine, *, after: str | None = None, limit: int = LIMIT) -> Page[Task]:
    """The verb behind ``GET /tasks``: a page of one person's tasks, the oldest first.

    Args:
        after: ``more_after`` of the page before.
    """
    with reading(home.engine) as connection:
        found = work.tasks_after(connection, mine, after or "", limit + 1)
    return page_of(found, limit=limit, key=work.task_place)


def call_off_task(home: Home, task: Task, doer: Doer, casework: Callable[[], Identity]) -> None:
    """The verb that cancels a task; what an import has taken in stays.

    A request that waits for a second person is taken back.

    Args:
        casework: Asked for only to take a request back.

    Raises:
        AuthorityError: It is done, or its act is in the log.
    """
    if task.request is not None and task.state is TaskState.WAITING:
        asked = find_request(home, task.request, casework())

        def end(connection: sa.Connection, _placed: object) -> None:
            work.end_waiting(connection, task.task_id, TaskState.CANCELLED, home.clock())

        refuse(home, asked, doer, end)
    else:
        with taken(home) as connection:
            if not work.cancel_task(connection, task.task_id, home.clock()):
                raise AuthorityError("authority.task_ended", where=task.task_id)
            if task.kind == TaskKind.APPROVAL and task.request is not None:
                work.move_waiting(connection, task.request, approved=False)
    if task.state is not TaskState.RUNNING:  # else whoever works on it is still reading, and removes them
        remove_unread(home, task.task_id)


# Files


def take_upload(home: Home, archive: BinaryIO) -> str:
    """Unpack the export that a call brought as its upload; return the id of its task to be.

    Raises:
        ArchiveError: The archive is damaged, or not what it says.
        StorageFullError: The disk has too little room.
    """
    task_id = new_task_id()
    with unpacked(upload_folder(home, task_id), [archive]):
        return task_id


@contextmanager
def taken_files(home: Home, files: Sequence[BinaryIO]) -> Iterator[tuple[str, Sequence[str]]]:
    """The single files that a call brought as its upload, on the disk, and removed if anything fails.

    Yields the id of their task to be, and the digest of each.

    Raises:
        StorageFullError: The disk has too little room.
    """
    task_id = new_task_id()
    folder = upload_folder(home, task_id)
    make_folder(folder, parents=True)
    try:
        with reading_of(folder):
            yield task_id, [write_new(folder / str(number), _chunks(file)) for number, file in enumerate(files)]
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def upload_folder(home: Home, task_id: str) -> Path:
    """Where the office keeps what a call brought for a task: an export, or single files."""
    return home.path / UPLOADS / task_id


def bundle_of(home: Home, task_id: str) -> Destination:
    """Where the office keeps the bundle of a task, until it is handed out."""
    return Destination(home.path / BUNDLES / f"{task_id}{SUFFIX}")


def remove_files(home: Home, task_id: str) -> None:
    """Remove what the office keeps for a task that has ended and is of no more use, also what was cut short.

    Raises:
        BlockingIOError: An import is still reading its upload; nothing was removed.
    """
    folder = upload_folder(home, task_id)
    if folder.exists():
        remove_folder(folder, read_at=export_in(folder))
    for file in (home.path / BUNDLES).glob(f"{task_id}.*"):
        file.unlink(missing_ok=True)


def remove_bundles(home: Home, case_id: str) -> None:
    """Remove the bundles that tasks made of a case, and their letters: its client took her consent back.

    LIMIT: one that is given its name at this very moment stays until it is old.
    """
    with reading(home.engine) as connection:
        made = [each for each in work.list_tasks(connection) if each.case_id == case_id]
    for each in made:
        if each.kind == TaskKind.BUNDLE:
            remove_files(home, each.task_id)


def remove_unread(home: Home, task_id: str) -> None:
    """Remove the files that the office keeps for a task; an upload that is still read stays until a later ``tidy``."""
    with suppress(BlockingIOError):
        remove_files(home, task_id)


def tidy(home: Home) -> None:
    """The office's round over its tasks: remove those that ended long ago, with their files.

    So are uploads of which no task is left, and expired questions.
    """
    before = home.clock() - timedelta(days=home.settings.serve.keep_days)
    with reading(home.engine) as connection:
        tasks = {task.task_id: task for task in work.list_tasks(connection)}
    if any(task.ended_at is not None and task.ended_at < before for task in tasks.values()):
        with taken(home) as connection:
            for task_id in work.forget_tasks(connection, ended_before=before):
                tasks.pop(task_id)
    for task_id in _left_behind(home, tasks):
        remove_unread(home, task_id)
    remove_abandoned(home)
    forget_expired(home)


def forget_expired(home: Home) -> None:
    """The office's round over questions and tickets: remove those that have expired."""
    with reading(home.engine) as connection:
        has_expired = has_expired_questions(connection, home.clock())
    if has_expired and not home.read_only:
        with taken(home) as connection:
            forget_questions(connection, home.clock())


def _left_behind(home: Home, tasks: Mapping[str, Task]) -> Sequence[str]:
    """Ids of files that no task needs; an upload that is being unpacked has no task yet, and is young."""
    found = []
    for file in _files(home):
        task_id = file.name[:_ID_DIGITS]
        task = tasks.get(task_id)
        age_s = home.clock().timestamp() - file.stat().st_mtime
        if age_s > _UNPACKED_WITHIN_S if task is None else _needs_none(task):
            found.append(task_id)
    return found


def _needs_none(task: Task) -> bool:
    """Whether a task needs no file any more; while an import was audited, a command may have kept its upload."""
    return task.state is TaskState.CANCELLED or (task.kind in BRINGS_FILES and task.state is TaskState.DONE)


def _files(home: Home) -> Iterator[Path]:
    for folder in (home.path / UPLOADS, home.path / BUNDLES):
        if folder.is_dir():
            yield from folder.iterdir()
