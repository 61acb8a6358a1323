"""What a second person answers ends the task that waits for it, once nobody works on it, and takes no other with it."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import NoReturn

import pytest
import sqlalchemy as sa

from api.office import brought, work
from api.office.approval import Means, approve, refuse
from api.office.case import remove_items
from api.office.intake import Heard
from api.office.request import find_request
from api.office.settle import settle_waiting
from api.office.task import bundle_of, call_off_task, task_of_owner, upload_folder
from api.office.wanted import ask_for_act
from api.worker import LINES
from casefiles.case import case_items
from evidence.authority import Request
from evidence.errors import AuthorityError, HomeBusyError
from evidence.observation import Mode
from evidence.store.work import TaskState
from tests.homes import records_of
from tests.working import WorkerDesk


def waiting(desk: WorkerDesk, task_id: str) -> Request:
    desk.do_all()
    return find_request(desk.home, task_of_owner(desk.home, task_id, "mira").request or "", desk.keys.casework)


@pytest.mark.every(2)
@pytest.mark.parametrize("changed", [True, False])
def test_who_asked_is_told_that_the_case_changed_before_the_approval_was_done(
    desk: WorkerDesk, *, changed: bool
) -> None:
    task_id = desk.ask_bundle(to=None)
    asked = waiting(desk, task_id)
    approval = ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, desk.case)
    if changed:
        held = case_items(desk.home.engine, desk.case)[0]
        remove_items(desk.home, desk.case, [held.item_id], desk.by("iva"))
    desk.do_all()
    if changed:
        assert desk.problem(approval, "iva") == desk.problem(task_id) == "authority.changed_case"
    else:
        assert desk.state(task_id) is TaskState.DONE


def test_what_nobody_answered_goes_on_waiting(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle(to=None)
    waiting(desk, task_id)
    settle_waiting(desk.home)
    assert desk.state(task_id) is TaskState.WAITING


def test_an_import_approved_elsewhere_is_audited_before_its_upload_goes(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_import(Mode.SEALED)
    asked, audits = waiting(desk, task_id), list[bool]()
    audit = work.run_audit

    def watched(*given: object, **named: object) -> object:
        audits.append(upload_folder(desk.home, task_id).exists())
        return audit(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "run_audit", watched)
    approve(desk.home, asked, desk.by("iva"), Means(desk.keys.casework))
    settle_waiting(desk.home)
    assert audits == [True]
    assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.DONE, False)


def test_while_an_approval_is_worked_on_nothing_is_ended_and_no_file_goes(desk: WorkerDesk) -> None:
    task_id = desk.ask_import(Mode.SEALED)
    asked = waiting(desk, task_id)
    approval = ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, None)
    assert desk.state(task_id) is TaskState.RUNNING
    again = find_request(desk.home, asked.request, desk.keys.casework)
    refuse(desk.home, again, desk.by("mira"))
    settle_waiting(desk.home)
    assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.RUNNING, True)
    desk.do_all()
    assert desk.problem(approval, "iva") == "authority.answered"
    assert desk.problem(task_id) == "authority.refused"
    assert [each.type for each in records_of(desk.home) if each.type in ("imported", "refused")] == [
        "imported",
        "refused",
    ]


@pytest.mark.parametrize("is_held", [True, False])
def test_what_a_command_still_reads_is_not_removed_when_its_request_is_refused(
    desk: WorkerDesk,
    monkeypatch: pytest.MonkeyPatch,
    is_held: bool,  # noqa: FBT001 - the control
) -> None:
    """Without the hold, the missing files would be logged as holes that the export does not have."""
    if not is_held:
        monkeypatch.setattr(brought, "reading_of", lambda _path: nullcontext())
    task_id = desk.ask_import(Mode.SEALED)
    asked, there = waiting(desk, task_id), list[bool]()

    def hear(_messages: int, _files: int) -> Heard:
        refuse(desk.home, find_request(desk.home, asked.request, desk.keys.casework), desk.by("mira"))
        settle_waiting(desk.home)
        there.append((upload_folder(desk.home, task_id) / "ChatExport").exists())
        return Heard()

    with suppress(AuthorityError):
        approve(desk.home, asked, desk.by("iva"), Means(desk.keys.casework, progress=hear))
    settle_waiting(desk.home)
    assert there == [is_held]
    assert (desk.problem(task_id), upload_folder(desk.home, task_id).exists()) == ("authority.refused", False)


def test_one_task_whose_files_are_broken_ends_alone(desk: WorkerDesk) -> None:
    task_id, other = desk.ask_bundle(to=None), desk.ask_check()
    approve(desk.home, waiting(desk, task_id), desk.by("iva"), Means(desk.keys.casework))
    bundle_of(desk.home, task_id).bundle.write_bytes(b"no archive")
    desk.do_all()
    assert desk.problem(task_id) == "call.broke"
    assert desk.state(other) is TaskState.DONE


def test_an_approval_that_is_called_off_lets_the_task_wait_again(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle(to=None)
    approval = ask_for_act(desk.home, waiting(desk, task_id), desk.by("iva"), desk.keys.casework, desk.case)
    call_off_task(desk.home, task_of_owner(desk.home, approval, "iva"), desk.by("iva"), desk.casework)
    assert desk.state(task_id) is TaskState.WAITING
    asked = find_request(desk.home, task_of_owner(desk.home, task_id, "mira").request or "", desk.keys.casework)
    ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, desk.case)
    desk.do_all()
    assert desk.state(task_id) is TaskState.DONE


def test_an_order_in_the_database_approves_no_other_request(desk: WorkerDesk) -> None:
    """Whoever can only write to the database turns a task of an approval to another request: nobody approved that."""
    first = waiting(desk, desk.ask_bundle(to=None))
    approval = ask_for_act(desk.home, first, desk.by("iva"), desk.keys.casework, desk.case)
    other = desk.ask_import(Mode.SEALED)
    desk.worker().step(LINES[0])
    request = task_of_owner(desk.home, other, "mira").request
    with desk.home.writing() as writer, writer.sequencer.take() as connection:
        connection.execute(
            sa.text("UPDATE task SET request = :request WHERE id = :id"), {"request": request, "id": approval}
        )
    desk.do_all()
    approved = [each.values["request"] for each in records_of(desk.home) if each.type == "approved"]
    assert request not in approved
    assert sum(each.type == "imported" for each in records_of(desk.home)) == 1


def test_trouble_of_the_machine_ends_no_task_and_takes_no_file(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_import(Mode.SEALED)
    approve(desk.home, waiting(desk, task_id), desk.by("iva"), Means(desk.keys.casework))
    errors = (OSError(5, "Input/output error"), HomeBusyError("home_busy.others_kept_adding"))
    for error in errors:
        with monkeypatch.context() as patched:
            patched.setattr(work, "run_audit", raising(error))
            settle_waiting(desk.home)
        assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.WAITING, True)
    settle_waiting(desk.home)
    assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.DONE, False)


def raising(error: Exception) -> Callable[..., NoReturn]:
    def fails(*_given: object, **_named: object) -> NoReturn:
        raise error

    return fails
