"""A bundle's files are handed out to whoever reaches its case, and to nobody else."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from api.office import bundle as office_bundle
from api.office.case import record_consent
from api.office.handout import HandedFile, hand_out
from api.office.task import bundle_of
from evidence.custody.sequencer import Also, Choose, Sequencer
from evidence.errors import UnknownItemError
from tests.homes import consent_to, doer, new_case, records_of, size_of
from tests.working import WorkerDesk


def anybody(_case: str) -> bool:
    return True


def nobody(_case: str) -> bool:
    return False


@pytest.mark.every(3)
@pytest.mark.parametrize("which", HandedFile)
def test_a_file_is_handed_out_as_it_was_made_and_logged(desk: WorkerDesk, which: HandedFile) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    handed, before = hand_out(desk.home, task_id, which, anybody), size_of(desk.home)
    assert hashlib.sha256(handed.file.read_bytes()).hexdigest() == handed.sha256
    assert handed.name.startswith(desk.case)
    handed.log(desk.home, desk.by("zana", reason=None))
    logged = [each.values for each in records_of(desk.home, before) if each.type == "downloaded"]
    assert [(each["actor"], each["case"], each["what"]) for each in logged] == [("zana", desk.case, which.value)]
    assert logged[0]["bundle_sha256"] == desk.result(task_id)["sha256"]


NOT_THERE: dict[str, Callable[[WorkerDesk], str]] = {
    "no task": lambda _desk: "0" * 32,
    "a task of another kind": WorkerDesk.ask_check,
    "one that is not done": WorkerDesk.ask_bundle,
}


@pytest.mark.parametrize("ask", NOT_THERE.values(), ids=NOT_THERE)
def test_what_is_no_finished_bundle_is_not_there(desk: WorkerDesk, ask: Callable[[WorkerDesk], str]) -> None:
    with pytest.raises(UnknownItemError):
        hand_out(desk.home, ask(desk), HandedFile.BUNDLE, anybody)


def test_a_bundle_of_a_case_whose_client_took_her_consent_back_is_gone(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    other, files = new_case(desk.home), bundle_of(desk.home, task_id)
    for case, is_there in ((other, True), (desk.case, False)):
        record_consent(desk.home, case, consent_to(desk.home, given=False), doer(desk.home))
        assert (files.bundle.exists(), files.letter.exists()) == (is_there, is_there)
    with pytest.raises(UnknownItemError):
        hand_out(desk.home, task_id, HandedFile.BUNDLE, anybody)
    assert "sha256" in desk.result(task_id)  # what was made, and when, stays known


class KilledError(BaseException):
    """The program ends here."""


def test_a_kill_right_behind_the_withdrawal_leaves_no_bundle(desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    files, real = bundle_of(desk.home, task_id), Sequencer.turn

    def stop(sequencer: Sequencer, choose: Choose, also: Also | None = None) -> None:
        real(sequencer, choose, also)
        raise KilledError

    assert files.bundle.exists()
    monkeypatch.setattr(Sequencer, "turn", stop)
    with pytest.raises(KilledError):
        record_consent(desk.home, desk.case, consent_to(desk.home, given=False), doer(desk.home))
    assert (files.bundle.exists(), files.letter.exists()) == (False, False)


def test_a_bundle_that_a_call_asked_for_is_not_made_once_consent_was_withdrawn_meanwhile(
    desk: WorkerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = office_bundle.make_letter

    def raced(*told: Any, **more: Any) -> str:  # noqa: ANN401 - whatever it is given
        record_consent(desk.home, desk.case, consent_to(desk.home, given=False), doer(desk.home))
        return real(*told, **more)

    monkeypatch.setattr(office_bundle, "make_letter", raced)
    task_id = desk.ask_bundle()
    desk.do_all()
    assert desk.problem(task_id) == "authority.consent_meanwhile"
    files = bundle_of(desk.home, task_id)
    assert list(files.bundle.parent.glob(f"{task_id}*")) == []


def test_a_consent_that_is_given_anew_removes_nothing(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    record_consent(desk.home, desk.case, consent_to(desk.home, "court"), doer(desk.home))
    assert bundle_of(desk.home, task_id).bundle.exists()


def test_out_of_reach_and_removed_are_told_alike(desk: WorkerDesk) -> None:
    task_id = desk.ask_bundle()
    desk.do_all()
    with pytest.raises(UnknownItemError) as out_of_reach:
        hand_out(desk.home, task_id, HandedFile.LETTER, nobody)
    bundle_of(desk.home, task_id).letter.unlink()
    with pytest.raises(UnknownItemError) as removed:
        hand_out(desk.home, task_id, HandedFile.LETTER, anybody)
    assert out_of_reach.value.as_json() == removed.value.as_json()
