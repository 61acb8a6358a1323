"""Does the tasks of a home, one at a time in each line: imports and single files, which need no key, and the rest.

A task is leased, worked on, and ended; meanwhile its lease is renewed. Whenever a worker is stopped, the next one takes
the task up: its act and its outcome are committed together, or neither is.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from api.errors import OURS, http_status, of_system, problem_of
from api.home import Home
from api.made import BUNDLES
from api.office.alert import Lookout
from api.office.mail import tell_news
from api.office.opened import OpenOffice
from api.office.request import Inside
from api.office.settle import settle_waiting
from api.office.task import NEEDS_KEYS, TaskKind, TaskSeal, remove_unread, seal_of, taken, tidy
from api.office.work import Working, do_task, finish_task, of_task
from config import oplog
from config.errors import CallError, Explained, StoppedError
from evidence.errors import HomeBusyError, HomeError, TaskLostError
from evidence.objects.durable import make_folder
from evidence.seal.age import Identity
from evidence.store import work
from evidence.store.database import reading
from evidence.store.work import MOST_ATTEMPTS, Lease, Task, TaskState

LINES = (frozenset({TaskKind.IMPORT}), NEEDS_KEYS, frozenset({TaskKind.ADDITION}))
"""Kinds of tasks that wait for one another; a long import keeps no bundle waiting, and no screenshot."""
_POLL_S = 0.5
_LOOK_S = 0.2
"""How long until it is looked again whether pictures of cases appeared: a question to the database of a fraction of a
millisecond."""
_LONGEST_REST_S = 0.05
_TELL_S = 5.0
"""How long until it is looked again whether a mail is due."""
_AGAIN_S, _LONGEST_S = 60.0, 3600.0
"""How long until a mail that failed is tried again, at first and at most."""
_RENEW_S = 2.0
_CHANGED = "authority.changed_"
"""Codes of acts that would now be others than were asked for: they must be asked for again."""
_AGAIN_IN = timedelta(seconds=2)
"""When to try again what others kept from being written."""
_TIDY_EVERY = 600
"""How many looks at an empty queue there are between two rounds of tidying up: five minutes."""


@dataclass(slots=True)
class Worker:
    """Does tasks until it is told to stop.

    Attributes:
        opened: What is open; raises CallError while the office is locked.
        seen_open: The same, or None; asking does not count as using it.
    """

    home: Home
    opened: Callable[[], OpenOffice]
    seen_open: Callable[[], OpenOffice | None]
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
        threads.append(threading.Thread(target=self._look_out, daemon=True))
        for each in threads:
            each.start()
        if self.home.settings.mail.host:  # nobody waits for it at the end: a mail that was cut off is sent again
            threading.Thread(target=self._tell, daemon=True).start()
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

    def _look_out(self) -> None:
        """Tell cases of pictures that appear again, as long as the keys are open."""
        lookout = None
        while not self._stop.wait(_LOOK_S):
            try:
                office = self.seen_open()
                if office is None:
                    lookout = None
                    continue
                if lookout is None or lookout.office is not office:
                    lookout = Lookout(self.home, office)
                lookout.look(stopped=resting(partial(self._is_closed, office)))
            except StoppedError:
                lookout = None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is looked again
                oplog.note("alerts_broke", error=type(error), place=oplog.source_place(error))

    def _tell(self) -> None:
        """Send a mail once something is new; one that failed is tried again, later each time."""
        wait_s = _TELL_S
        while not self._stop.wait(wait_s):
            try:
                wait_s = self.home.settings.mail.every_minutes * 60 if tell_news(self.home) else _TELL_S
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                wait_s = min(max(2 * wait_s, _AGAIN_S), _LONGEST_S)
                code = error.code if isinstance(error, Explained) else "call.broke"
                oplog.note("mail_failed", error=type(error), code=code)

    def _is_closed(self, office: OpenOffice) -> bool:
        """Whether the keys of an office were forgotten since, or the worker must stop."""
        return self._stop.is_set() or self.seen_open() is not office

    def step(self, kinds: frozenset[TaskKind]) -> bool:
        """Do the oldest task of these kinds; return whether there was one."""
        settle_waiting(self.home)
        able = [kind.value for kind in kinds if kind not in NEEDS_KEYS or self.seen_open()]
        with reading(self.home.engine) as connection:
            if not work.has_work(connection, able, self.home.clock()):
                return False
        with taken(self.home) as connection:
            leased = work.lease_task(connection, able, self.home.clock())
        if leased is None:
            return False
        _Job(self.home, *leased, self.opened, self._stop).run()
        return True


@dataclass(slots=True)
class _Job(Inside):
    """One task while it is worked on. What its row says counts: a commit may be done and reported as failed."""

    home: Home
    task: Task
    lease: Lease
    opened: Callable[[], OpenOffice]
    stop: threading.Event
    lost: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    so_far: tuple[int, int] = (0, 0)
    finishing: bool = False

    def run(self) -> None:
        renewing = threading.Thread(target=self._renew, daemon=True)
        renewing.start()
        try:
            self._run()
        except TaskLostError:  # whoever has it now ends it
            if self._row().state is TaskState.CANCELLED:
                remove_unread(self.home, self.task.task_id)
        finally:
            self.ended.set()
            renewing.join()

    def _run(self) -> None:
        try:
            self._end(TaskState.DONE, {"result": self._done()})
        except TaskLostError:
            raise
        except Explained as error:
            if isinstance(error, StoppedError | HomeBusyError) or error.code == "call.locked":
                self._put_back(busy=isinstance(error, HomeBusyError))
            else:
                self._fail(error, error)
        except OSError as error:
            self._fail(of_system(error), error)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends its task, and no other
            self._fail(CallError("call.broke"), error)

    def _done(self) -> Mapping[str, Any]:
        if self.task.outcome is None:
            if self.task.attempts >= MOST_ATTEMPTS:
                raise HomeError("home.task_given_up", count=self.task.attempts)
            asked = self._seal.open(self.task, "asked", self.task.asked, self._casework)
            told = do_task(self.home, self.task, asked, Working(self.opened, self, self.hear))
            if told is None:
                raise TaskLostError("task_lost.another_has_it", where=self.task.task_id)  # a second person has it
        else:  # whoever had it before logged its act
            told = {}
        done = {**told, **self._logged()}
        self.finishing = True
        done = {**finish_task(self.home, self.task, done, self.hear, self)}
        if self.task.kind == TaskKind.APPROVAL:
            settle_waiting(self.home, but=self.task.task_id)  # whoever asked is told no later than whoever approved
        return done

    @property
    def _seal(self) -> TaskSeal:
        return seal_of(self.home)

    def _casework(self) -> Identity:
        return self.opened().keys.casework

    def _row(self) -> Task:
        with reading(self.home.engine) as connection:
            return work.find_task(connection, self.task.task_id)

    def _logged(self) -> Mapping[str, Any]:
        """What the row says of the act; empty where it is of a kind that says it only at its end."""
        outcome = self._row().outcome
        told = {} if outcome is None else self._seal.open(self.task, "outcome", outcome, self._casework)
        found: Mapping[str, Any] = told.get("result", {})
        return found

    def hear(self, _what: str, done: int, total: int) -> None:
        self.so_far = (done, total)
        if self.lost.is_set():
            raise TaskLostError("task_lost.another_has_it", where=self.task.task_id)
        if self.stop.is_set():
            raise StoppedError("stopped.by_hand")
        if self.task.kind in NEEDS_KEYS and not self.finishing:
            self.opened()  # locked meanwhile, it goes back into the queue; while it works, the keys are in use

    # Inside the transaction that logs the act, or the request for it

    def acts(self, connection: sa.Connection, told: Mapping[str, Any]) -> None:
        sealed = self._seal.seal(self.task, "outcome", {"result": dict(of_task(self.task, told))})
        work.note_outcome(connection, self.lease, sealed)

    def waits(self, connection: sa.Connection, request: str) -> None:
        work.await_approval(connection, self.lease, request)

    # What becomes of the row

    def _renew(self) -> None:
        while not self.ended.wait(_RENEW_S):
            done, total = self.so_far
            try:
                with taken(self.home) as connection:
                    work.renew_lease(connection, self.lease, self.home.clock(), done=done, total=total)
            except TaskLostError:
                self.lost.set()
                return
            except (Explained, OSError, sa.exc.SQLAlchemyError):
                continue  # the fence decides, not this thread

    def _end(self, state: TaskState, told: Mapping[str, Any]) -> None:
        sealed = self._seal.seal(self.task, "outcome", told)
        done, total = self.so_far
        with taken(self.home) as connection:
            work.renew_lease(connection, self.lease, self.home.clock(), done=done, total=total)
            work.end_task(connection, self.lease, state, self.home.clock(), sealed)
            if state is TaskState.FAILED and self.task.kind == TaskKind.APPROVAL and self.task.request:
                self._tell_who_asked(connection, self.task.request, told)
        oplog.note("task_ended", task=self.task.task_id, state=state)

    def _tell_who_asked(self, connection: sa.Connection, request: str, told: Mapping[str, Any]) -> None:
        """Let the task of whoever asked wait again; where no later approval can do it, end it with the same problem."""
        if not told["problem"]["code"].startswith(_CHANGED):
            work.move_waiting(connection, request, approved=False)
            return
        for task in work.tasks_of_request(connection, request):
            if task.task_id != self.task.task_id:
                sealed = self._seal.seal(task, "outcome", {"problem": told["problem"]})
                work.end_waiting(connection, task.task_id, TaskState.FAILED, self.home.clock(), sealed)

    def _fail(self, error: Explained, cause: BaseException) -> None:
        oplog.note(
            "task_refused", task=self.task.task_id, error=type(error), code=error.code, place=oplog.source_place(cause)
        )
        logged = self._row().outcome is not None
        if logged and not self.finishing:  # its act is in the log: whoever takes it up tidies up
            self._put_back(busy=True)
            return
        told = {"result": dict(self._logged())} if logged else {}
        self._end(TaskState.FAILED, {**told, "problem": problem_of(error)})
        of_no_use = not logged or self.task.kind == TaskKind.ADDITION
        if of_no_use and http_status(error) < OURS:  # what was sent; else the machine was at fault
            remove_unread(self.home, self.task.task_id)

    def _put_back(self, *, busy: bool) -> None:
        with taken(self.home) as connection:
            later = self.home.clock() + _AGAIN_IN if busy else self.task.asked_at
            work.give_back(connection, self.lease, later)


def resting(stopped: Callable[[], bool]) -> Callable[[], bool]:
    """The same question, each time after a rest as long as the work since the last one: for work nobody waits for.

    A thread that only computes lets go of the interpreter every 5 ms, and each call that is answered beside it asks for
    the interpreter many times: 95 of 100 pages took 160 to 190 ms right after an unlock, and 16 with these rests.
    """
    worked_from = time.perf_counter()

    def asked() -> bool:
        nonlocal worked_from
        time.sleep(min(time.perf_counter() - worked_from, _LONGEST_REST_S))
        worked_from = time.perf_counter()
        return stopped()

    return asked
