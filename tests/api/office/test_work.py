"""What is left to do of a task once its act is in the log."""

import pytest

from api.office.request import NOTHING_BESIDE
from api.office.task import bundle_of, task_of_owner
from api.office.work import Working, finish_task, told_of_bundle
from config.errors import Term
from evidence.errors import HomeError
from tests.working import WorkerDesk


def unheard(*_told: object) -> None:
    """Progress that nobody hears."""


def test_a_bundle_that_has_its_name_is_finished_again_and_stays(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    told, file = desk.result(task_id), bundle_of(desk.home, task_id).bundle
    before = file.read_bytes()
    assert finish_task(desk.home, task_of_owner(desk.home, task_id, "mira"), told, unheard) == told
    assert file.read_bytes() == before


def test_a_bundle_whose_files_are_gone_says_so(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    task, told = task_of_owner(desk.home, task_id, "mira"), desk.result(task_id)
    bundle_of(desk.home, task_id).bundle.unlink()
    for known in (told, {}):
        with pytest.raises(HomeError) as lost:
            told_of_bundle(desk.home, task, known)
        assert lost.value.code == "home.bundle_lost"


def test_what_a_bundles_file_says_is_what_its_maker_told(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    told = desk.result(task_id)
    found = told_of_bundle(desk.home, task_of_owner(desk.home, task_id, "mira"), {})
    assert {name: found[name] for name in ("items", "sha256", "bytes", "seal_fingerprint")} == {
        name: told[name] for name in ("items", "sha256", "bytes", "seal_fingerprint")
    }


@pytest.mark.slow
def test_progress_counts_each_stage_from_its_beginning() -> None:
    heard = list[tuple[str, int, int]]()
    working = Working(lambda: pytest.fail("no key is needed"), NOTHING_BESIDE, lambda *told: heard.append(told))
    working.begin_import(2, 1).durable(2)
    stage = working.stage(Term("progress.opening"), Term("unit.records"))(5)
    stage(3)
    assert heard == [("sealing", 0, 3), ("sealing", 2, 3), ("opening", 0, 5), ("opening", 3, 5)]
