"""Tasks are done once, whatever stops a worker and wherever; what it may not do waits, and says for whom."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from api import worker as workers
from api.home import Home
from api.office import addition
from api.office import task as tasks
from api.office.approval import Means, approve, refuse
from api.office.case import require_case
from api.office.opened import OpenOffice
from api.office.request import find_request
from api.office.task import (
    TaskKind,
    bundle_of,
    call_off_task,
    doer_of,
    seal_of,
    show_task,
    task_of_owner,
    upload_folder,
)
from api.office.wanted import (
    WantedBundle,
    ask_for_act,
    ask_for_bundle,
)
from api.office.work import do_task
from api.worker import LINES, Worker, resting
from casefiles.bundle.destination import Parts
from config import oplog
from config.errors import CallError
from evidence.errors import AuthorityError, HomeBusyError, StorageFullError, UnknownItemError
from evidence.intake.keep import Intake
from evidence.observation import Mode, Observation
from evidence.store import work
from evidence.store.database import reading
from evidence.store.work import Task, TaskState
from tests.appearing import case_with, jpeg, look_out, photo, post
from tests.homes import items_of, records_of, reviews_of, size_of
from tests.mailing import mail_server, with_mail, write_password
from tests.watching import until
from tests.working import WorkerDesk

NEVER = timedelta(seconds=-1)
"""A lease that has ended when it begins: its worker is as good as dead."""


class DiedError(BaseException):
    """What a worker meets that is killed; nothing in the program answers it."""


# Each kind, from its call to its end


def test_an_import_is_taken_in_audited_and_its_upload_removed(desk: WorkerDesk) -> None:
    task_id = desk.ask_import()
    assert (upload_folder(desk.home, task_id) / "ChatExport" / "result.json").exists()
    desk.do_all(desk.worker(locked=True))  # it needs no key
    result = desk.result(task_id)
    assert (result["messages"] > 10, result["warnings"], result["audited"]["level"]) == (True, [], 2)
    assert not upload_folder(desk.home, task_id).exists()
    (imported,) = [each for each in records_of(desk.home) if each.type == "imported"][1:]
    assert (imported.values["actor"], imported.values["declared_by"]) == ("mira", "client")
    desk.require_clean()


def test_single_files_are_sealed_and_put_into_their_case_and_their_upload_is_removed(desk: WorkerDesk) -> None:
    task_id, before, in_case = desk.ask_addition(), len(items_of(desk.home)), require_case(desk.home, desk.case).items
    assert len(list(upload_folder(desk.home, task_id).iterdir())) == 2
    desk.do_all(desk.worker(locked=True))  # it needs no key
    result = desk.result(task_id)
    assert not upload_folder(desk.home, task_id).exists()
    named = [(each["file"], each["hole"], each["preserved"]) for each in result["items"]]
    assert named == [("Screenshot.png", None, []), ("card.vcf", None, []), ("https://example.org/a", None, [])]
    assert result["in_case"] == 3
    added = items_of(desk.home)[before:]
    assert [each.item_id for each in added] == [each["item_id"] for each in result["items"]]
    assert {each.channel_id for each in added} == {result["channel_id"]}
    assert require_case(desk.home, desk.case).items == in_case + 3
    assert [request for request, _due in reviews_of(desk.home)] == [result["request"]]
    (said,) = [each.values for each in records_of(desk.home) if each.values.get("file_name") == "Screenshot.png"]
    assert (said["declared_by"], said["channel_title"], said["actor"]) == ("client", "her telephone", "mira")
    desk.require_clean()


@pytest.mark.every(4)
@pytest.mark.parametrize("place", ["_kept", "_files", "_in_case", "remove_unread"])
def test_single_files_are_kept_once_wherever_their_worker_died(
    desk: WorkerDesk, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, before, in_case = desk.ask_addition(), len(items_of(desk.home)), require_case(desk.home, desk.case).items
    plain = addition._kept

    def dies_midway(intake: Intake, contents: Iterator[Observation], *given: Any) -> NoReturn:  # noqa: ANN401 - any
        plain(intake, islice(contents, 1), *given)
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(work, "LEASE", NEVER)
        module = "work" if place == "remove_unread" else "addition"
        patched.setattr(f"api.office.{module}.{place}", dies_midway if place == "_kept" else dies)
        with pytest.raises(DiedError):
            desk.worker().step(LINES[2])
    midway = len(items_of(desk.home)) - before
    assert (midway, upload_folder(desk.home, task_id).exists()) == (1 if place == "_kept" else 3, True)
    desk.do_all()
    result = desk.result(task_id)
    assert not upload_folder(desk.home, task_id).exists()
    assert [each.item_id for each in items_of(desk.home)[before:]] == [each["item_id"] for each in result["items"]]
    assert (desk.logged("files_added"), result["in_case"]) == (1, 3)
    assert require_case(desk.home, desk.case).items == in_case + 3
    desk.require_clean()


def test_what_was_sent_is_removed_where_it_cannot_be_used(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = desk.ask_addition()

    def frozen_meanwhile(*_given: object) -> NoReturn:
        raise UnknownItemError("unknown_item.no_such_item", found="0" * 32)

    monkeypatch.setattr("api.office.addition._in_case", frozen_meanwhile)
    desk.do_all()
    assert (desk.state(task_id), desk.problem(task_id)) == (TaskState.FAILED, "unknown_item.no_such_item")
    assert not upload_folder(desk.home, task_id).exists()
    monkeypatch.undo()
    full = desk.ask_addition()
    with monkeypatch.context() as patched:
        patched.setattr("api.office.addition._kept", no_space)
        desk.do_all()
    assert (desk.state(full), upload_folder(desk.home, full).exists()) == (
        TaskState.FAILED,
        True,
    )  # the machine's fault


def no_space(*_given: object) -> NoReturn:
    raise StorageFullError("storage_full.too_little", where="home", found=0, expected=1)


def test_a_bundle_is_made_and_told_of(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    result, files = desk.result(task_id), bundle_of(desk.home, task_id)
    assert files.bundle.stat().st_size == result["bytes"]
    assert files.letter.exists()
    assert (result["bundle_id"], result["case_id"]) == (task_id, desk.case)
    assert "actor" in result["withheld"]["observed"]
    assert result["review_by"] is not None
    assert desk.logged("exported") == 1
    desk.require_clean()


def test_a_check_is_answered_and_its_fingerprint_is_sealed_meanwhile(desk: WorkerDesk) -> None:
    task_id = desk.ask_check()
    task = task_of_owner(desk.home, task_id, "mira")
    asked = seal_of(desk.home).open(task, "asked", task.asked, desk.casework)
    assert bytes.fromhex(asked["said"]["sealed"]).startswith(b"age-encryption.org/v1")
    desk.do_all()
    assert {"found", "matches", "compared", "limits"} <= desk.result(task_id).keys()
    assert desk.logged("checked") == 1


def test_what_needs_records_waits_while_the_office_is_locked(desk: WorkerDesk) -> None:
    ids = [desk.ask_bundle(), desk.ask_check()]
    desk.do_all(desk.worker(locked=True))
    assert [desk.state(each) for each in ids] == [TaskState.QUEUED, TaskState.QUEUED]
    desk.do_all()
    assert [desk.state(each) for each in ids] == [TaskState.DONE, TaskState.DONE]


def test_an_office_that_is_locked_in_between_puts_a_task_back(desk: WorkerDesk) -> None:
    task_id, office = desk.ask_bundle(), OpenOffice.of(desk.home, desk.keys)

    def opened() -> OpenOffice:
        raise CallError("call.locked")

    worker = Worker(desk.home, opened, lambda: office)
    assert worker.step(LINES[1])
    assert desk.state(task_id) is TaskState.QUEUED
    desk.do_all()
    assert desk.state(task_id) is TaskState.DONE


@pytest.mark.every(3)
@pytest.mark.parametrize("uses", [2, 3, 9])
def test_an_office_that_is_locked_while_a_bundle_is_made_reads_no_further_record(desk: WorkerDesk, uses: int) -> None:
    task_id, office, left = desk.ask_bundle(), OpenOffice.of(desk.home, desk.keys), [uses]

    def opened() -> OpenOffice:
        left[0] -= 1
        if left[0] < 0:
            raise CallError("call.locked")
        return office

    assert Worker(desk.home, opened, lambda: office).step(LINES[1])
    assert (desk.state(task_id), desk.logged("exported"), left[0]) == (TaskState.QUEUED, 0, -1)
    desk.do_all()  # once it is unlocked again
    assert (desk.state(task_id), desk.logged("exported")) == (TaskState.DONE, 1)


@pytest.mark.slow
def test_the_same_request_is_the_same_task_until_it_has_ended(desk: WorkerDesk) -> None:
    first = desk.ask_bundle()
    assert desk.ask_bundle() == first
    assert desk.ask_bundle(to=None) != first
    single = desk.ask_addition()
    assert desk.ask_addition() == single
    desk.do_all()
    assert desk.ask_addition() != single
    desk.do_all()
    first = desk.ask_bundle()
    brought = desk.ask_import()
    assert desk.ask_import() == brought
    assert [file.name for file in (desk.home.path / tasks.UPLOADS).iterdir()] == [brought]
    desk.do_all()
    assert desk.ask_bundle() != first


# The mail


def test_an_alert_is_mailed_while_it_works_and_a_mail_that_failed_is_tried_again(
    desk: WorkerDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_TELL_S", 0.05)
    monkeypatch.setattr(workers, "_AGAIN_S", 0.1)
    failed = threading.Event()

    def note(event: str, **_fields: object) -> None:
        if event == "mail_failed":
            failed.set()

    items = post(desk.home, tmp_path / "first", {1: jpeg(photo()), 2: jpeg(photo(), 40)})
    case_with(desk.home, items[0])
    assert look_out(desk.home).raised == 1
    with mail_server(tmp_path / "mail", login=True) as server:
        with_mail(desk.home, server.settings)
        monkeypatch.setattr(oplog, "note", note)
        with desk.worker(locked=True).working():  # a mail needs no key of the office
            assert failed.wait(20)  # the password is missing
            assert server.taken == []
            write_password(desk.home)
            until(lambda: server.taken)
    assert len(server.taken) == 1


# A second person


def test_without_an_approved_receiver_a_bundle_waits_and_another_person_approves_it(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle(to=None)
    desk.do_all()
    waiting = task_of_owner(desk.home, task_id, "mira")
    assert (waiting.state, desk.logged("exported")) == (TaskState.WAITING, 0)
    asked = find_request(desk.home, waiting.request or "", desk.keys.casework)
    with pytest.raises(AuthorityError):
        ask_for_act(desk.home, asked, desk.by("mira"), desk.keys.casework, desk.case)
    approval = ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, desk.case)
    desk.do_all()
    assert desk.result(approval, "iva")["sha256"] == desk.result(task_id)["sha256"]
    assert bundle_of(desk.home, task_id).bundle.exists()
    (exported,) = [each for each in records_of(desk.home) if each.type == "exported"]
    assert (exported.values["actor"], exported.values["approver"]) == ("mira", "iva")
    desk.require_clean()


@pytest.mark.every(3)
@pytest.mark.parametrize("uses", [2, 3, 5])
def test_an_import_of_two_persons_that_is_locked_midway_goes_on_once_it_is_unlocked(
    desk: WorkerDesk, uses: int
) -> None:
    task_id, office, left = desk.ask_import(Mode.SEALED), OpenOffice.of(desk.home, desk.keys), [uses]
    desk.do_all()
    request = task_of_owner(desk.home, task_id, "mira").request
    asked = find_request(desk.home, request or "", desk.keys.casework)
    before = [desk.logged(each) for each in ("approved", "imported")]
    approval = ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, None)

    def opened() -> OpenOffice:
        left[0] -= 1
        if left[0] < 0:
            raise CallError("call.locked")
        return office

    Worker(desk.home, opened, lambda: office).step(LINES[1])
    state = task_of_owner(desk.home, approval, "iva").state
    assert (left[0], state, upload_folder(desk.home, task_id).exists()) == (-1, TaskState.QUEUED, True)
    desk.do_all()
    assert desk.result(task_id)["sealed"] > 0
    assert [desk.logged(each) for each in ("approved", "imported")] == [each + 1 for each in before]
    desk.require_clean()


@pytest.mark.slow
def test_a_mode_above_metadata_waits_and_the_upload_with_it(desk: WorkerDesk) -> None:
    task_id = desk.ask_import(Mode.SEALED)
    desk.do_all()
    waiting = task_of_owner(desk.home, task_id, "mira")
    assert (waiting.state, upload_folder(desk.home, task_id).exists()) == (TaskState.WAITING, True)
    asked = find_request(desk.home, waiting.request or "", desk.keys.casework)
    ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, None)
    desk.do_all()
    assert desk.result(task_id)["sealed"] > 0
    assert not upload_folder(desk.home, task_id).exists()
    desk.require_clean()


@pytest.mark.slow
def test_what_is_approved_on_the_command_line_ends_the_task_too(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle(to=None)
    desk.do_all()
    asked = find_request(desk.home, task_of_owner(desk.home, task_id, "mira").request or "", desk.keys.casework)
    approve(desk.home, asked, desk.by("iva"), Means(desk.keys.casework))
    desk.do_all()
    file = bundle_of(desk.home, task_id).bundle
    assert (desk.result(task_id)["bytes"], desk.result(task_id)["bundle_id"]) == (file.stat().st_size, task_id)
    assert desk.result(task_id)["items"] > 0


@pytest.mark.every(2)
@pytest.mark.parametrize("ask", [lambda desk: desk.ask_bundle(to=None), lambda desk: desk.ask_import(Mode.SEALED)])
def test_what_a_second_person_refuses_fails_and_leaves_no_upload(
    desk: WorkerDesk, ask: Callable[[WorkerDesk], str]
) -> None:
    task_id = ask(desk)
    desk.do_all()
    asked = find_request(desk.home, task_of_owner(desk.home, task_id, "mira").request or "", desk.keys.casework)
    refuse(desk.home, asked, desk.by("iva"))
    desk.do_all()
    assert desk.problem(task_id) == "authority.refused"
    assert not upload_folder(desk.home, task_id).exists()


# Cancelled


@pytest.mark.parametrize("ask", [WorkerDesk.ask_import, WorkerDesk.ask_bundle])
def test_a_queued_task_is_cancelled_and_logs_nothing(desk: WorkerDesk, ask: Callable[[WorkerDesk], str]) -> None:
    task_id, before = ask(desk), size_of(desk.home)
    call_off_task(desk.home, task_of_owner(desk.home, task_id, "mira"), desk.by(), lambda: desk.keys.casework)
    desk.do_all()
    assert (desk.state(task_id), size_of(desk.home)) == (TaskState.CANCELLED, before)
    assert not upload_folder(desk.home, task_id).exists()


def test_a_waiting_task_is_cancelled_by_taking_its_request_back(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle(to=None)
    desk.do_all()
    call_off_task(desk.home, task_of_owner(desk.home, task_id, "mira"), desk.by(), lambda: desk.keys.casework)
    assert (desk.state(task_id), desk.logged("refused")) == (TaskState.CANCELLED, 1)


@pytest.mark.slow
def test_what_is_done_cannot_be_cancelled(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    with pytest.raises(AuthorityError):
        call_off_task(desk.home, task_of_owner(desk.home, task_id, "mira"), desk.by(), lambda: desk.keys.casework)
    assert bundle_of(desk.home, task_id).bundle.exists()


ASKED: dict[TaskKind, tuple[Callable[[WorkerDesk], str], str]] = {
    TaskKind.IMPORT: (WorkerDesk.ask_import, "imported"),
    TaskKind.ADDITION: (WorkerDesk.ask_addition, "files_added"),
    TaskKind.BUNDLE: (WorkerDesk.ask_bundle, "exported"),
    TaskKind.CHECK: (WorkerDesk.ask_check, "checked"),
}


@pytest.mark.every(2)
@pytest.mark.parametrize("kind", ASKED)
def test_a_task_that_is_cancelled_while_it_is_worked_on_logs_no_act(
    desk: WorkerDesk, kind: TaskKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, event = ASKED[kind]
    before, task_id = desk.logged(event), ask(desk)

    def cancelled(home: Home, task: Task, *given: Any) -> Any:  # noqa: ANN401 - as it comes
        call_off_task(home, task_of_owner(home, task_id, "mira"), desk.by(), lambda: desk.keys.casework)
        return do_task(home, task, *given)

    monkeypatch.setattr("api.worker.do_task", cancelled)
    desk.do_all()
    assert (desk.state(task_id), desk.logged(event)) == (TaskState.CANCELLED, before)
    desk.require_clean()


# Killed


def dies(*_arguments: object, **_named: object) -> NoReturn:
    raise DiedError


PLACES: dict[str, tuple[object, str]] = {
    "before its act": ("api.worker", "do_task"),
    "in the transaction of its act": (work, "note_outcome"),
    "before a bundle has its name": (Parts, "hand_over"),
    "after its act": ("api.worker", "finish_task"),
    "at its end": (work, "end_task"),
}


def die_at(place: str, patched: pytest.MonkeyPatch) -> None:
    """Let a worker die there, whose lease has ended by then."""
    owner, name = PLACES[place]
    patched.setattr(work, "LEASE", NEVER)
    if isinstance(owner, str):
        patched.setattr(f"{owner}.{name}", dies)
    else:
        patched.setattr(owner, name, dies)


@pytest.mark.every(4)
@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("place", PLACES)
def test_a_task_whose_worker_died_is_done_once_by_the_next(
    desk: WorkerDesk, kind: TaskKind, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, event = ASKED[kind]
    before, task_id = desk.logged(event), ask(desk)
    has_died = False
    with monkeypatch.context() as patched:
        die_at(place, patched)
        for kinds in LINES:
            try:
                desk.worker().step(kinds)
            except DiedError:
                has_died = True
    assert has_died or (place == "before a bundle has its name" and kind is not TaskKind.BUNDLE)
    desk.do_all()
    assert desk.state(task_id) is TaskState.DONE
    assert desk.logged(event) == before + 1
    assert desk.result(task_id)
    desk.require_clean()


def test_an_approval_whose_worker_died_is_done_once_by_the_next(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in PLACES:
        task_id = ask_for_bundle(desk.home, WantedBundle(desk.case, "court", "en", None), desk.by(reason=place))
        desk.do_all()
        asked = find_request(desk.home, task_of_owner(desk.home, task_id, "mira").request or "", desk.keys.casework)
        approval = ask_for_act(desk.home, asked, desk.by("iva"), desk.keys.casework, desk.case)
        before = desk.logged("exported")
        with monkeypatch.context() as patched:
            die_at(place, patched)
            with pytest.raises(DiedError):
                desk.worker().step(LINES[1])
        desk.do_all()
        assert task_of_owner(desk.home, approval, "iva").state is TaskState.DONE, place
        assert desk.logged("exported") == before + 1, place
        assert desk.result(task_id)["bytes"] == bundle_of(desk.home, task_id).bundle.stat().st_size
    desk.require_clean()


@pytest.mark.slow
def test_a_worker_that_stalled_while_another_took_over_logs_nothing(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_bundle()
    monkeypatch.setattr(work, "LEASE", NEVER)
    stalled, goes_on = threading.Event(), threading.Event()
    office = OpenOffice.of(desk.home, desk.keys)

    def opened() -> OpenOffice:
        stalled.set()
        assert goes_on.wait(30)
        return office

    first = threading.Thread(target=Worker(desk.home, opened, lambda: office).step, args=(LINES[1],))
    first.start()
    assert stalled.wait(30)
    desk.do_all()
    goes_on.set()
    first.join(30)
    assert (desk.state(task_id), desk.logged("exported")) == (TaskState.DONE, 1)
    desk.require_clean()


def test_a_task_that_kills_its_worker_each_time_is_given_up(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = desk.ask_bundle()
    with monkeypatch.context() as patched:
        patched.setattr(work, "LEASE", NEVER)
        patched.setattr("api.worker.do_task", dies)
        for _attempt in range(work.MOST_ATTEMPTS):
            with pytest.raises(DiedError):
                desk.worker().step(LINES[1])
        desk.worker().step(LINES[1])
    assert desk.problem(task_id) == "home.task_given_up"


def test_what_nobody_waits_for_rests_as_long_as_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    now, rests, answers = 100.0, list[float](), iter([False, False, True])
    monkeypatch.setattr(workers.time, "perf_counter", lambda: now)
    monkeypatch.setattr(workers.time, "sleep", rests.append)
    stopped, told = resting(lambda: next(answers)), list[bool]()
    for worked in (0.25, 0.5, 8):
        now += worked / 100
        told.append(stopped())
    assert told == [False, False, True]
    assert rests == pytest.approx([0.0025, 0.005, 0.05])


# Refused, stopped, broken


def test_a_damaged_export_fails_with_its_reason_and_its_upload_goes(desk: WorkerDesk) -> None:
    desk.archive = b"PK\x05\x06" + bytes(18)
    task_id = desk.ask_import()
    desk.do_all()
    assert desk.problem(task_id).startswith("not_an_export.")
    assert not upload_folder(desk.home, task_id).exists()


def test_a_fault_of_ours_ends_its_task_and_not_the_worker(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = desk.ask_bundle(), desk.ask_check()
    with monkeypatch.context() as patched:
        patched.setattr("api.office.work.export_case", lambda *_given: {}["not there"])
        desk.do_all()
    assert desk.problem(broken) == "call.broke"
    assert desk.state(whole) is TaskState.DONE


@pytest.mark.slow
def test_a_busy_home_puts_a_task_back_for_a_moment(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = desk.ask_bundle()

    def busy(*_given: object) -> NoReturn:
        raise HomeBusyError("home_busy.others_kept_adding")

    with monkeypatch.context() as patched:
        patched.setattr("api.worker.do_task", busy)
        desk.do_all()
    assert desk.state(task_id) is TaskState.QUEUED
    monkeypatch.setattr(desk.home, "clock", lambda now=desk.home.clock: now() + timedelta(seconds=3))
    desk.do_all()
    assert desk.state(task_id) is TaskState.DONE


def test_a_worker_that_is_told_to_stop_puts_its_task_back(desk: WorkerDesk) -> None:
    task_id, worker = desk.ask_import(), desk.worker()
    worker._stop.set()
    assert worker.step(LINES[0])
    assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.QUEUED, True)
    desk.do_all()
    assert desk.state(task_id) is TaskState.DONE
    assert desk.logged("imported") == 2


def test_an_audit_that_fails_keeps_what_was_sent(desk: WorkerDesk) -> None:
    task_id = desk.ask_import()
    payload = next(file for file in sorted((desk.home.path / "objects").rglob("*")) if file.is_file())
    payload.chmod(0o600)
    payload.write_bytes(b"changed")
    desk.do_all()
    assert desk.problem(task_id) == "home.audit_after_upload"
    assert upload_folder(desk.home, task_id).exists()
    assert show_task(desk.home, task_of_owner(desk.home, task_id, "mira"), desk.casework).result is not None


def test_the_order_of_a_task_opens_for_no_other_task(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    with desk.home.writing() as writer, writer.sequencer.take() as connection:
        connection.execute(sa.text("UPDATE task SET owner = 'iva' WHERE id = :id"), {"id": task_id})
    desk.do_all()
    assert desk.problem(task_id, "iva") == "call.broke"
    assert desk.logged("exported") == 0


def test_nothing_that_was_asked_for_is_in_clear(desk: WorkerDesk) -> None:
    desk.ask_bundle(), desk.ask_import(), desk.ask_check()
    desk.do_all()
    with reading(desk.home.engine) as connection:
        rows = repr(connection.execute(sa.text("SELECT * FROM task")).all())
    assert "mira" in rows  # the control: the owner of a key is
    for word in ("she asked for it", "Court", "client", "ChatExport"):
        assert word not in rows


def test_who_asked_is_told_as_it_was(desk: WorkerDesk) -> None:
    task = task_of_owner(desk.home, desk.ask_bundle(), "mira")
    told = doer_of(seal_of(desk.home).open(task, "asked", task.asked, desk.casework))
    assert (told.actor, told.reason, told.approver) == ("mira", "she asked for it", None)


# What an adversary found


def test_cancelling_an_import_that_runs_takes_no_file_from_under_it(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, missing = desk.ask_import(), holes_of(desk, "missing_file")

    def cancelled(home: Home, task: Task, *given: Any) -> Any:  # noqa: ANN401 - as it comes
        call_off_task(home, task_of_owner(home, task_id, "mira"), desk.by(), desk.casework)
        assert upload_folder(home, task_id).exists()
        return do_task(home, task, *given)

    monkeypatch.setattr("api.worker.do_task", cancelled)
    desk.do_all()
    assert (desk.state(task_id), holes_of(desk, "missing_file")) == (TaskState.CANCELLED, missing)
    assert not upload_folder(desk.home, task_id).exists()


def holes_of(desk: WorkerDesk, reason: str) -> int:
    return sum(each.values.get("hole") == reason for each in records_of(desk.home) if each.type == "hole")


def test_an_error_once_the_request_is_logged_keeps_the_upload(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_import(Mode.SEALED)
    with monkeypatch.context() as patched:
        patched.setattr("api.home.Writer.beat", broken)
        desk.worker().step(LINES[0])
    assert (desk.state(task_id), upload_folder(desk.home, task_id).exists()) == (TaskState.WAITING, True)


def broken(*_given: object, **_named: object) -> NoReturn:
    raise OSError(5, "Input/output error")


def test_an_error_once_the_act_is_logged_ends_in_one_act_and_a_bundle(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_bundle()
    with monkeypatch.context() as patched:
        patched.setattr(Parts, "hand_over", broken)
        desk.worker().step(LINES[1])
    assert desk.state(task_id) is TaskState.QUEUED
    monkeypatch.setattr(desk.home, "clock", lambda now=desk.home.clock: now() + timedelta(seconds=3))
    desk.do_all()
    assert (desk.state(task_id), desk.logged("exported")) == (TaskState.DONE, 1)
    assert bundle_of(desk.home, task_id).bundle.exists()
    desk.require_clean()


@pytest.mark.slow
def test_a_bundle_that_was_cut_short_and_cancelled_leaves_nothing(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = desk.ask_bundle()
    with monkeypatch.context() as patched:
        patched.setattr(work, "LEASE", NEVER)
        patched.setattr(work, "note_outcome", dies)
        with pytest.raises(DiedError):
            desk.worker().step(LINES[1])
    assert list((desk.home.path / tasks.BUNDLES).iterdir()) != []
    call_off_task(desk.home, task_of_owner(desk.home, task_id, "mira"), desk.by(), desk.casework)
    tasks.tidy(desk.home)
    assert list((desk.home.path / tasks.BUNDLES).iterdir()) == []


@pytest.mark.slow
def test_what_was_asked_for_is_gone_from_the_row_once_it_is_not_needed(desk: WorkerDesk) -> None:
    done, waits = desk.ask_bundle(), desk.ask_import(Mode.SEALED)
    assert task_of_owner(desk.home, waits, "mira").asked != b""
    desk.do_all()
    assert [task_of_owner(desk.home, each, "mira").asked for each in (done, waits)] == [b"", b""]


def test_a_thief_of_home_and_keys_reads_neither_order_nor_finding(desk: WorkerDesk) -> None:
    """Both are under the casework key, for which he needs the passphrase; an import, which needs no key, is not."""
    check, brought = desk.ask_check(), desk.ask_import()

    def locked() -> NoReturn:
        raise CallError("call.locked")

    seal, task = seal_of(desk.home), task_of_owner(desk.home, check, "mira")
    with pytest.raises(CallError):
        seal.open(task, "asked", task.asked, locked)
    other = task_of_owner(desk.home, brought, "mira")
    assert seal.open(other, "asked", other.asked, locked)["said"]["declared_by"] == "client"
    desk.do_all()
    with pytest.raises(CallError):
        show_task(desk.home, task_of_owner(desk.home, check, "mira"), locked)
    assert desk.result(check)["compared"] >= 0


def test_one_person_cannot_fill_the_queue(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MOST_OPEN", 2)
    first = [desk.ask_check(), desk.ask_check()]
    with pytest.raises(CallError) as refused:
        desk.ask_check()
    assert refused.value.code == "call.too_many"
    desk.do_all()
    assert desk.ask_check() not in first


def test_when_it_was_asked_for_stays_after_it_was_put_back(desk: WorkerDesk) -> None:
    task_id = desk.ask_import()
    before, worker = task_of_owner(desk.home, task_id, "mira").asked_at, desk.worker()
    worker._stop.set()
    worker.step(LINES[0])
    assert task_of_owner(desk.home, task_id, "mira").asked_at == before


def test_what_was_sent_stays_where_the_machine_was_at_fault(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control is the damaged export above, which is of no use and goes."""
    task_id = desk.ask_import()
    with monkeypatch.context() as patched:
        patched.setattr("api.office.work.import_export", broken)
        desk.do_all()
    assert desk.problem(task_id) == "system.other"
    assert upload_folder(desk.home, task_id).exists()
