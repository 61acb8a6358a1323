"""Tasks of the office: what they hold is sealed for them alone, and their files go with them."""

import io
import os
from dataclasses import replace
from datetime import timedelta

import pytest

from api.office.brought import UPLOADS
from api.office.task import (
    BUNDLES,
    bundle_of,
    list_own_tasks,
    new_task_id,
    seal_of,
    take_upload,
    task_of_owner,
    tidy,
    upload_folder,
)
from evidence.errors import UnknownItemError
from evidence.store import work
from evidence.store.work import TaskState
from monitor.errors import ArchiveError
from tests.nonempty import nonempty
from tests.working import EVERY_KIND, WorkerDesk


def test_what_was_asked_opens_for_its_task_its_part_and_its_owner_alone(desk: WorkerDesk) -> None:
    task = task_of_owner(desk.home, desk.ask_bundle(), "mira")
    seal = seal_of(desk.home)
    assert seal.open(task, "asked", task.asked, desk.casework)["said"]["audience"] == "court"
    others = [
        replace(task, task_id=new_task_id()),
        replace(task, owner="iva"),
        replace(task, case_id="case-000000000000"),
        replace(task, kind="check"),
    ]
    for other in nonempty(others):
        with pytest.raises(ValueError, match="for this place"):
            seal.open(other, "asked", task.asked, desk.casework)
    with pytest.raises(ValueError, match="for this place"):
        seal.open(task, "outcome", task.asked, desk.casework)


def test_a_task_is_its_owners(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    assert [task.task_id for task in list_own_tasks(desk.home, EVERY_KIND).entries] == [task_id]
    assert list_own_tasks(desk.home, replace(EVERY_KIND, owner="iva")).entries == ()
    with pytest.raises(UnknownItemError):
        task_of_owner(desk.home, task_id, "iva")


def test_an_upload_that_is_refused_leaves_nothing(desk: WorkerDesk) -> None:
    with pytest.raises(ArchiveError):
        take_upload(desk.home, io.BytesIO(desk.archive[:-40]))
    assert list((desk.home.path / UPLOADS).iterdir()) == []
    assert upload_folder(desk.home, take_upload(desk.home, io.BytesIO(desk.archive))).is_dir()


def test_old_tasks_go_with_their_files_and_young_ones_stay(desk: WorkerDesk) -> None:
    old = desk.ask_bundle()
    desk.do_all()
    tidy(desk.home)
    assert bundle_of(desk.home, old).bundle.exists()
    later = desk.home.clock() + timedelta(days=31)
    with desk.home.writing() as writer, writer.sequencer.take() as connection:
        assert work.forget_tasks(connection, ended_before=later) == [old]
    for file in nonempty((desk.home.path / BUNDLES).iterdir()):
        os.utime(file, (0, 0))
    young = take_upload(desk.home, io.BytesIO(desk.archive))
    left = take_upload(desk.home, io.BytesIO(desk.archive))
    os.utime(upload_folder(desk.home, left), (0, 0))
    tidy(desk.home)
    assert list((desk.home.path / BUNDLES).iterdir()) == []
    assert [file.name for file in (desk.home.path / UPLOADS).iterdir()] == [young]


def test_a_task_that_ended_is_forgotten_after_the_days_that_are_set(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    clock = desk.home.clock
    desk.home.clock = lambda: clock() + timedelta(days=desk.home.settings.serve.keep_days - 1)
    tidy_without_clock_check(desk)
    assert task_of_owner(desk.home, task_id, "mira").state is TaskState.DONE
    desk.home.clock = lambda: clock() + timedelta(days=desk.home.settings.serve.keep_days + 1)
    tidy_without_clock_check(desk)
    assert list_own_tasks(desk.home, EVERY_KIND).entries == ()
    assert not bundle_of(desk.home, task_id).bundle.exists()


def tidy_without_clock_check(desk: WorkerDesk) -> None:
    """A clock of the far future is refused by whoever writes: the time is asked outside."""
    desk.home.time_outside = desk.home.clock  # type: ignore[method-assign]
    tidy(desk.home)
