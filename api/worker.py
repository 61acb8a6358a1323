"""Does the tasks of a home, one at a time in each of two lines: imports, which need no key, and what opens records.

A task is leased, worked on, and ended; meanwhile its lease is renewed. What stops a worker at any moment, the next one
takes the task up: its act is in the log, and the outcome with it, or not at all.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from api.errors import of_system, problem_of
from api.home import Home
from api.office.request import Inside
from api.office.task import BUNDLES, TaskKind, remove_files, seal_of, tidy
from api.office.work import NEEDS_KEYS, Working, do_task, finish_task, told_of_bundle
from config import oplog
from config.errors import CallError, Explained, StoppedError
from evidence.errors import AuthorityError, HomeBusyError, HomeError, TaskLostError
from evidence.keys import Unlocked
from evidence.objects.durable import make_folder
from evidence.store import work
from evidence.store.database import reading
from evidence.store.reviews import Stage, is_acted, review_of
from evidence.store.work import MOST_ATTEMPTS, Lease, Task, TaskState
from evidence.times import format_time

LINES = (frozenset({TaskKind.IMPORT}), NEEDS_KEYS)
"""Kinds of tasks that wait for one another; a long import keeps no bundle waiting."""
_POLL_S = 0.5
_RENEW_S = 2.0
_AGAIN_IN = timedelta(seconds=2)
"""When to try again what others kept from being written."""
_TIDY_EVERY = 600
"""How many looks at an empty queue there are between two rounds of tidying up: five minutes."""


@dataclass(slots=True)
class Worker:
    """Does tasks until it is told to stop.

    Attributes:
        unlocked: The office's open keys; raises CallError while it is locked.
        is_open: Whether the keys are open; asking is no use of them.
    """

    home: Home
    unlocked: Callable[[], Unlocked]
    is_open: Callable[[], bool]
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Condition = field(default_factory=threading.Condition)

    def wake(self) -> None:
        """Look at the queue now: something was asked for."""
        with self._wake:
            self._wake.notify_all()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work in threads of its own as long as the block runs; what is being done is put back into the queue."""
        if self.home.read_only:
            yield
            return
        make_folder(self.home.path / BUNDLES, exist_ok=True)
        threads = [threading.Thread(target=self._run, args=(kinds,), daemon=True) for kinds in LINES]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._stop.set()
            self.wake()
            for each in threads:
                each.join()

    def _run(self, kinds: frozenset[TaskKind]) -> None:
        looks = 0
        while not self._stop.is_set():
            try:
                if self.step(kinds):
                    continue
                if TaskKind.IMPORT in kinds and looks % _TIDY_EVERY == 0:
                    tidy(self.home)
            except Exception as error:  # noqa: BLE001 - whatever it is, the queue is looked at again
                oplog.note("task_broke", error=type(error), place=oplog.source_place(error))
            looks += 1
            with self._wake:
                if not self._stop.is_set():
                    self._wake.wait(_POLL_S)

    def step(self, kinds: frozenset[TaskKind]) -> bool:
        """Do the oldest task of these kinds; return whether there was one."""
        _settle_waiting(self.home)
        able = [kind.value for kind in kinds if kind not in NEEDS_KEYS or self.is_open()]
        with reading(self.home.engine) as connection:
            if not work.has_work(connection, able, self.home.clock()):
                return False
        with _taken(self.home) as connection:
            leased = work.lease_task(connection, able, self.home.clock())
        if leased is None:
            return False
        _Job(self.home, *leased, self.unlocked, self._stop).run()
        return True


def _enriched(task: Task, told: Mapping[str, Any]) -> Mapping[str, Any]:
    more = {"bundle_id": task.task_id, "case_id": task.case_id} if task.kind == TaskKind.BUNDLE else {}
    return {**told, **more}


@dataclass(slots=True)
class _Job(Inside):
    """One task while it is worked on."""

    home: Home
    task: Task
    lease: Lease
    unlocked: Callable[[], Unlocked]
    stop: threading.Event
    lost: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    so_far: tuple[int, int] = (0, 0)
    told: Mapping[str, Any] | None = None
    waiting: bool = False

    def run(self) -> None:
        renewing = threading.Thread(target=self._renew, daemon=True)
        renewing.start()
        try:
            with suppress(TaskLostError):  # whoever has it now ends it
                self._run()
        finally:
            self.ended.set()
            renewing.join()

    def _run(self) -> None:
        try:
            self._end(TaskState.DONE, {"result": self._done()})
        except (StoppedError, HomeBusyError) as error:
            self._put_back(error)
        except CallError as error:
            if error.code != "call.locked":
                raise
            self._put_back(error)
        except TaskLostError:
            raise
        except Explained as error:
            self._fail(error)
        except OSError as error:
            self._fail(of_system(error), error)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends its task, and no other
            self._fail(CallError("call.broke"), error)

    def _done(self) -> Mapping[str, Any]:
        seal = seal_of(self.home)
        if self.task.outcome is not None:  # whoever had it before logged its act
            self.told = seal.open(self.task, "outcome", self.task.outcome)["result"]
        elif self.task.attempts >= MOST_ATTEMPTS:
            raise HomeError("home.task_given_up", count=self.task.attempts)
        else:
            asked = seal.open(self.task, "asked", self.task.asked)
            told = do_task(self.home, self.task, asked, Working(self.unlocked, self, self.hear))
            self.told = None if told is None else {**_enriched(self.task, told), **(self.told or {})}
        done = {} if self.told is None else finish_task(self.home, self.task, self.told, self.hear)
        if self.task.kind == TaskKind.APPROVAL:
            _settle_waiting(self.home)  # whoever asked first is told no later than whoever approved
        return done

    def hear(self, _what: str, done: int, total: int) -> None:
        self.so_far = (done, total)
        if self.lost.is_set():
            raise TaskLostError("task_lost.another_has_it", where=self.task.task_id)
        if self.stop.is_set():
            raise StoppedError("stopped.by_hand")

    # Inside the transaction that logs the act, or the request for it

    def acts(self, connection: sa.Connection, told: Mapping[str, Any]) -> None:
        self.told = _enriched(self.task, told)
        sealed = seal_of(self.home).seal(self.task, "outcome", {"result": dict(self.told)})
        work.note_outcome(connection, self.lease, sealed)

    def waits(self, connection: sa.Connection, request: str) -> None:
        self.waiting = True
        work.await_approval(connection, self.lease, request)

    # What becomes of the row

    def _renew(self) -> None:
        while not self.ended.wait(_RENEW_S):
            done, total = self.so_far
            try:
                with _taken(self.home) as connection:
                    work.renew_lease(connection, self.lease, self.home.clock(), done=done, total=total)
            except TaskLostError:
                self.lost.set()
                return
            except (Explained, OSError, sa.exc.SQLAlchemyError):
                continue  # the fence decides, not this thread

    def _end(self, state: TaskState, told: Mapping[str, Any]) -> None:
        if self.waiting:
            return
        sealed = seal_of(self.home).seal(self.task, "outcome", told)
        with _taken(self.home) as connection:
            done, total = self.so_far
            work.renew_lease(connection, self.lease, self.home.clock(), done=done, total=total)
            work.end_task(connection, self.lease, state, self.home.clock(), sealed)
        oplog.note("task_ended", state=state)

    def _fail(self, error: Explained, cause: BaseException | None = None) -> None:
        oplog.note("task_refused", error=type(error), code=error.code, place=oplog.source_place(cause or error))
        told = {} if self.told is None else {"result": self.told}
        self._end(TaskState.FAILED, {**told, "problem": problem_of(error)})
        if self.task.kind == TaskKind.APPROVAL and self.task.request:
            with _taken(self.home) as connection:
                work.move_waiting(connection, self.task.request, approved=False)
        elif self.told is None:
            remove_files(self.home, self.task.task_id)

    def _put_back(self, error: Explained) -> None:
        if self.waiting:
            return
        later = self.home.clock() + (_AGAIN_IN if isinstance(error, HomeBusyError) else timedelta())
        with _taken(self.home) as connection:
            work.give_back(connection, self.lease, later)


# What a second person answered, here or on the command line


def _settle_waiting(home: Home) -> None:
    """End each task whose request was answered."""
    with reading(home.engine) as connection:
        waiting = work.list_waiting(connection)
        answered = [(task, found) for task in waiting if (found := _answer(home, connection, task)) is not None]
    for task, (state, told) in answered:
        with _taken(home) as connection:
            sealed = seal_of(home).seal(task, "outcome", told)
            work.end_waiting(connection, task.task_id, state, home.clock(), sealed)
        if task.kind == TaskKind.IMPORT:
            remove_files(home, task.task_id)


def _answer(home: Home, connection: sa.Connection, task: Task) -> tuple[TaskState, Mapping[str, Any]] | None:
    """How a task that waits has ended; None as long as it has not."""
    request = task.request or ""
    review = review_of(connection, request)
    if review is not None and not review.done:
        if review.stage(format_time(home.clock())) is not Stage.LAPSED:
            return None
        error = AuthorityError("authority.too_old", where=request, expected=review.due_at or "-")
        return TaskState.FAILED, {"problem": problem_of(error)}
    if not is_acted(connection, request):
        return TaskState.FAILED, {"problem": problem_of(AuthorityError("authority.refused", where=request))}
    return _acted(home, connection, task, request)


def _acted(
    home: Home, connection: sa.Connection, task: Task, request: str
) -> tuple[TaskState, Mapping[str, Any]] | None:
    """How a task has ended whose act is in the log; None as long as its files do not have their names."""
    told: Mapping[str, Any] = {}
    for each in work.list_tasks(connection):
        if each.request == request and each.kind == TaskKind.APPROVAL and each.outcome is not None:
            told = seal_of(home).open(each, "outcome", each.outcome).get("result", {})
    if task.kind == TaskKind.BUNDLE:
        try:
            told = told_of_bundle(home, task, told)
        except HomeError:
            return None
    return TaskState.DONE, {"result": _enriched(task, told)}


@contextmanager
def _taken(home: Home) -> Iterator[sa.Connection]:
    with home.writing() as writer, writer.sequencer.take() as connection:
        yield connection
