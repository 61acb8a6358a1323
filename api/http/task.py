"""Tasks: what a caller asked for and waits for. A task is shown to the person who asked for it, and to nobody else."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, CallBody, example, links
from api.http.problem import WRITES, refusals
from api.office.task import ShownTask, TaskKind, call_off_task, list_own_tasks, show_task, task_of_owner
from config.errors import CallError
from evidence.errors import AuthorityError, UnknownItemError
from evidence.store.api_key import Scope
from evidence.store.work import OPEN, Mine, Task, TaskState
from evidence.times import format_time

router = APIRouter(tags=["tasks"])
_TASK, _ASKED, _ENDED = "5f0c7d3e9a1b4c2d8e6f70112233aabb", "2026-11-27T09:30:00.000Z", "2026-11-27T09:30:04.000Z"
TaskId = Annotated[str, Path(description="The whole identifier of a task", examples=[_TASK])]
_NO_SUCH_TASK = UnknownItemError("unknown_item.no_such_task", found="0" * 32)
AGAIN_IN_S = 1
"""After how many seconds to look at a task again."""
_TAKEN_BACK = "cancelled"

SCOPES = {
    TaskKind.IMPORT: Scope.IMPORTS,
    TaskKind.ADDITION: Scope.IMPORTS,
    TaskKind.BUNDLE: Scope.BUNDLES,
    TaskKind.CHECK: Scope.CHECKS,
    TaskKind.APPROVAL: Scope.APPROVE,
}
"""What a key needs to see a task of a kind."""
Anybody = Annotated[ApiCaller, Depends(calls_with(*SCOPES.values()))]


_RESULT = {
    "bundle_id": _TASK,
    "case_id": "case-1f0c5c8e3a52",
    "items": 3,
    "sha256": "0a" * 32,
    "bytes": 281250,
    "seal_fingerprint": "0b" * 32,
    "review_by": "2026-12-04T09:30:00.000Z",
    "holes": 1,
    "withheld": {"observed": ["actor", "reason"]},
    "warnings": [],
}


class AskedBody(AnswerBody):
    """A task that was asked for."""

    model_config = example(task_id=_TASK)

    task_id: str


class ProgressBody(AnswerBody):
    """How much of the work is done."""

    done: int
    total: int = Field(description="0 while it is not known")


class TaskBody(AnswerBody):
    """A task."""

    model_config = example(
        task_id=_TASK,
        kind="bundle",
        state="done",
        progress={"done": 42, "total": 42},
        case_id="case-1f0c5c8e3a52",
        request_id=None,
        asked_at=_ASKED,
        ended_at=_ENDED,
        result=_RESULT,
        problem=None,
    )

    task_id: str
    kind: TaskKind
    state: TaskState
    progress: ProgressBody
    case_id: str | None
    request_id: str | None = Field(description="The request that a second person approves")
    asked_at: str
    ended_at: str | None
    result: dict[str, Any] | None = Field(description="What came of it, once it is done")
    problem: dict[str, Any] | None = Field(description="Why it failed, as problem details")


class TasksBody(AnswerBody):
    """The caller's tasks, without what came of them."""

    model_config = example(
        tasks=[
            {
                "task_id": _TASK,
                "kind": "import",
                "state": "running",
                "progress": {"done": 120, "total": 400},
                "case_id": None,
                "request_id": None,
                "asked_at": _ASKED,
                "ended_at": None,
                "result": None,
                "problem": None,
            }
        ],
        next=None,
    )

    tasks: list[TaskBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class CancelBody(CallBody):
    """Why a task is cancelled; logged where that takes a request back."""

    model_config = example(reason="It is no longer needed")

    reason: str = Field(_TAKEN_BACK, min_length=1, max_length=2000)


@router.get(
    "/tasks",
    summary="List your tasks",
    responses={
        **refusals(CallError("call.stale_cursor")),
        200: {"links": links(get_task={"task_id": "$response.body#/tasks/0/task_id"}, get_tasks=NEXT_PAGE)},
    },
)
def get_tasks(asked: Annotated[PageQuery, Query()], caller: Anybody) -> TasksBody:
    """What you asked for, the oldest first."""
    of, key = ("tasks", caller.key.key_id), caller.key
    mine = Mine(key.owner, [kind.value for kind, scope in SCOPES.items() if scope in key.scopes], key.cases)
    page = list_own_tasks(caller.home, mine, after=after_of(caller.home.keys, asked.cursor, *of), limit=asked.limit)
    return TasksBody(
        tasks=[_told(ShownTask(task, None, None)) for task in page.entries],
        next=cursor_of(caller.home.keys, page.more_after, *of),
    )


@router.get("/tasks/{task_id}", summary="Show a task", responses=refusals(_NO_SUCH_TASK, CallError("call.locked")))
def get_task(task_id: TaskId, caller: Anybody, response: Response) -> TaskBody:
    """How a task stands, and what came of it."""
    task = own_task(caller, task_id)
    if task.state in OPEN:
        response.headers["Retry-After"] = str(AGAIN_IN_S)
    shown = show_task(caller.home, task, lambda: caller.office.keyring.casework)
    return _told(shown if caller.key.cases is None else _of_its_case(shown))


@router.post(
    "/tasks/{task_id}/cancel",
    summary="Cancel a task",
    responses=refusals(
        _NO_SUCH_TASK, AuthorityError("authority.task_ended", where=_TASK), CallError("call.locked"), *WRITES
    ),
)
def post_cancel(task_id: TaskId, caller: Anybody, asked: Annotated[CancelBody | None, Body()] = None) -> TaskBody:
    """Cancel a task that is not done. What an import has taken in stays; a request is taken back."""
    reason = _TAKEN_BACK if asked is None else asked.reason
    call_off_task(caller.home, own_task(caller, task_id), caller.doer(reason), lambda: caller.office.keyring.casework)
    return _told(ShownTask(own_task(caller, task_id), None, None))


def accepted(caller: ApiCaller, task_id: str, response: Response) -> AskedBody:
    """The answer to a call that asked for a task (RFC 9110, 15.3.3), which is begun at once."""
    caller.office.wake()
    response.headers["Location"] = f"/api/v1/tasks/{task_id}"
    response.headers["Retry-After"] = str(AGAIN_IN_S)
    return AskedBody(task_id=task_id)


def own_task(caller: ApiCaller, task_id: str) -> Task:
    """The task that a call names, if the caller may see it.

    Raises:
        UnknownItemError: There is none.
    """
    task = task_of_owner(caller.home, task_id, caller.key.owner)
    if not _sees(caller, task):
        raise UnknownItemError("unknown_item.no_such_task", found=task_id[:64])
    return task


def _sees(caller: ApiCaller, task: Task) -> bool:
    reaches = caller.key.cases is None or (task.case_id is not None and caller.key.reaches(task.case_id))
    return reaches and SCOPES[TaskKind(task.kind)] in caller.key.scopes


def _of_its_case(shown: ShownTask) -> ShownTask:
    """The task as a key of some cases is told of it: how many other questions are alike would tell of other cases."""
    told = shown.result and {name: value for name, value in shown.result.items() if name != "alike"}
    return replace(shown, result=told)


def _told(shown: ShownTask) -> TaskBody:
    task = shown.task
    return TaskBody(
        task_id=task.task_id,
        kind=TaskKind(task.kind),
        state=task.state,
        progress=ProgressBody(done=task.done, total=task.total),
        case_id=task.case_id,
        request_id=task.request,
        asked_at=format_time(task.asked_at),
        ended_at=None if task.ended_at is None else format_time(task.ended_at),
        result=None if shown.result is None else dict(shown.result),
        problem=None if shown.problem is None else dict(shown.problem),
    )
