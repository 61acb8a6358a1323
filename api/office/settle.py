"""Ends the tasks that wait for a second person, once their requests were answered: here or on the command line."""

import threading
import zipfile
from collections.abc import Mapping
from typing import Any

from api.errors import problem_of
from api.home import Home
from api.office.task import TaskKind, remove_files, seal_of, taken
from api.office.work import finish_task, of_task, told_of_bundle
from config import oplog
from config.errors import CallError, Explained
from evidence.errors import AuthorityError, HomeError, StoreError
from evidence.store import work
from evidence.store.database import reading
from evidence.store.reviews import Stage, is_acted, review_of
from evidence.store.work import Task, TaskState
from evidence.times import format_time

_NOT_DONE = frozenset({"authority.refused", "authority.too_old"})
"""Problems of tasks whose act is not in the log, and will not be."""
_SETTLING = threading.Lock()
"""Held by the one thread of this process that settles; another has nothing to do meanwhile."""


def settle_waiting(home: Home, *, but: str | None = None) -> None:
    """The office's round over tasks that wait for a second person: end each whose request was answered.

    Args:
        but: The task of an approval that calls this at its end; of any other that still works, nothing is ended.
    """
    with reading(home.engine) as connection:
        waiting = work.list_waiting(connection)
        if not waiting:
            return
        busy = {
            each.request
            for each in work.list_tasks(connection, states=work.OPEN)
            if each.kind == TaskKind.APPROVAL and each.task_id != but
        }
    if not _SETTLING.acquire(blocking=but is not None):
        return
    try:
        for task in waiting:
            if task.request not in busy:
                _settle(home, task)
    finally:
        _SETTLING.release()


def _settle(home: Home, task: Task) -> None:
    try:
        found = _answer(home, task)
    except OSError as error:  # the machine, and not this task: a later look may succeed
        oplog.note("task_broke", error=type(error), place=oplog.source_place(error))
        return
    except (Explained, ValueError, KeyError, zipfile.BadZipFile) as error:  # of this one task alone
        oplog.note("task_broke", error=type(error), place=oplog.source_place(error))
        if isinstance(error, StoreError) and not isinstance(error, HomeError):
            return
        problem = problem_of(error if isinstance(error, Explained) else CallError("call.broke"))
        found = TaskState.FAILED, {"problem": problem}
    if found is None:
        return
    state, told = found
    not_done = told.get("problem", {}).get("code") in _NOT_DONE  # otherwise its upload was audited, or is kept
    if not_done:
        try:
            remove_files(home, task.task_id)
        except BlockingIOError:  # a command that approved it before is still reading
            return
    with taken(home) as connection:
        sealed = seal_of(home).seal(task, "outcome", told)
        work.end_waiting(connection, task.task_id, state, home.clock(), sealed)


def _answer(home: Home, task: Task) -> tuple[TaskState, Mapping[str, Any]] | None:
    """How a task that waits has ended; None as long as it has not."""
    request = task.request or ""
    with reading(home.engine) as connection:
        review, acted = review_of(connection, request), is_acted(connection, request)
    if review is not None and not review.done:
        if review.stage(format_time(home.clock())) is not Stage.LAPSED:
            return None
        error = AuthorityError("authority.too_old", where=request, expected=review.due_at or "-")
        return TaskState.FAILED, {"problem": problem_of(error)}
    if not acted:
        return TaskState.FAILED, {"problem": problem_of(AuthorityError("authority.refused", where=request))}
    return _acted(home, task, request)


def _acted(home: Home, task: Task, request: str) -> tuple[TaskState, Mapping[str, Any]] | None:
    """How a task has ended whose act is in the log; None as long as its files do not have their names."""
    told = _told_by_approval(home, request)
    if task.kind == TaskKind.BUNDLE:
        try:
            told = told_of_bundle(home, task, told)
        except HomeError:
            return None
    elif task.kind == TaskKind.IMPORT:
        told = finish_task(home, task, told, lambda _what, _done, _total: None)
    return TaskState.DONE, {"result": of_task(task, told)}


def _told_by_approval(home: Home, request: str) -> Mapping[str, Any]:
    """What came of an act, as the task that did it has it; empty if that was the command line."""
    with reading(home.engine) as connection:
        tasks = work.tasks_of_request(connection, request)
    told: Mapping[str, Any] = {}
    for each in tasks:
        if each.kind == TaskKind.APPROVAL and each.outcome is not None:
            told = seal_of(home).open(each, "outcome", each.outcome).get("result", {})
    return told
