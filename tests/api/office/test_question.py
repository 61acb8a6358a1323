"""A question comes with a ticket or by hand, stands as people left it, is found by its words, and ends for good."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office import question as questions
from api.office.case import record_consent
from api.office.check import check_picture
from api.office.opened import OpenOffice
from api.office.question import (
    answer_question,
    check_question,
    destroy_question,
    issue_ticket,
    keep_question,
    kept_questions,
    question_in,
    question_state,
    sealed_question,
    take_question,
)
from api.office.task import tidy
from evidence.errors import AuthorityError, QuestionError, StoreError, UnknownItemError
from evidence.match.question import receipt_of, seal_question
from evidence.proquint import proquints
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import writing
from evidence.store.question import QuestionState
from tests.appearing import agree, case_with, edits, jpeg, photo, post
from tests.asking import armored, ask
from tests.between import before_a_turn, while_sealing
from tests.homes import PASSPHRASE, consent_to, doer, records_of, size_of


@pytest.fixture
def case(home: Home) -> str:
    return case_with(home)


def ticket_of(home: Home, case: str) -> str:
    return issue_ticket(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework).words


def open_office(home: Home) -> OpenOffice:
    return OpenOffice.of(home, home.keys.unlock(PASSPHRASE))


def later(home: Home, by: timedelta) -> None:
    """Let time go by."""
    clock: Callable[[], datetime] = home.clock
    home.clock = lambda: clock() + by


def test_a_ticket_brings_one_question_and_no_second_one(home: Home, case: str) -> None:
    words, first, second = ticket_of(home, case), ask(home, jpeg(photo())), ask(home, jpeg(photo(2)))
    take_question(home, words.upper(), armored(first))
    assert take_question(home, words, armored(first)) is QuestionState.RECEIVED  # its answer was lost
    with pytest.raises(QuestionError, match="used already"):
        take_question(home, words, armored(second))
    assert question_state(home, receipt_of(first)) is QuestionState.RECEIVED
    assert sealed_question(home, receipt_of(first), case) == first
    (kept,) = kept_questions(home)
    assert (kept.receipt, kept.case_id, kept.owner) == (receipt_of(first), case, "ann")
    assert [each.receipt for each in kept_questions(home, "case-0")] == []


def test_a_ticket_that_was_guessed_or_has_expired_says_the_same_as_a_used_one(home: Home, case: str) -> None:
    words, sealed = ticket_of(home, case), armored(ask(home, jpeg(photo())))
    for guess in (proquints(bytes(10)), "x", words.replace("-", "")):
        with pytest.raises(QuestionError, match="used already, have expired, or are not right"):
            take_question(home, guess, sealed)
    assert [each.state for each in kept_questions(home)] == [QuestionState.TICKET]
    later(home, timedelta(days=14, seconds=1))
    with pytest.raises(QuestionError, match="used already"):
        take_question(home, words, sealed)
    assert kept_questions(home) == []


@pytest.mark.parametrize("text", ["", "garbage", "x" * 4_000_000, armored(b"no age file")], ids=len)
def test_what_is_no_sealed_question_does_not_use_the_ticket(home: Home, case: str, text: str) -> None:
    words = ticket_of(home, case)
    with pytest.raises(QuestionError):
        take_question(home, words, text)
    take_question(home, words, armored(ask(home, jpeg(photo()))))


def test_no_ticket_is_issued_where_the_client_does_not_agree(home: Home, case: str) -> None:
    agree(home, case, given=False)
    with pytest.raises(AuthorityError, match="withdrawn"):
        ticket_of(home, case)
    with pytest.raises(AuthorityError, match="consent"):
        ticket_of(home, case_with(home, consent=False))
    with pytest.raises(UnknownItemError):
        ticket_of(home, "case-0")
    assert kept_questions(home) == []


def test_a_withdrawn_question_is_destroyed_and_told_as_withdrawn(home: Home, case: str) -> None:
    sealed = ask(home, jpeg(photo()))
    take_question(home, ticket_of(home, case), armored(sealed))
    row = sa.select(database.task.c.asked).where(database.task.c.kind == "question")
    with home.engine.connect() as connection:
        asked = bytes(connection.execute(row).scalar_one())
    destroy_question(home, receipt_of(sealed))
    assert question_state(home, receipt_of(sealed)) is QuestionState.WITHDRAWN
    for act in (
        lambda: sealed_question(home, receipt_of(sealed), case),
        lambda: answer_question(home, receipt_of(sealed)),
    ):
        with pytest.raises(QuestionError, match="was withdrawn"):
            act()
    home.engine.dispose()
    kept = b"".join(file.read_bytes() for file in home.path.glob(f"{DATABASE_FILE}*"))
    assert asked[-64:] not in kept
    (row_left,) = kept_questions(home)
    assert (row_left.receipt, row_left.state) == (None, QuestionState.WITHDRAWN)


def test_what_was_asked_lies_sealed_until_it_expires_and_then_nowhere(home: Home, case: str) -> None:
    sealed = ask(home, jpeg(photo()))
    keep_question(home, sealed, case, doer(home))
    home.engine.dispose()
    kept = b"".join(file.read_bytes() for file in home.path.glob(f"{DATABASE_FILE}*"))
    assert sealed[-200:] not in kept  # sealed for its row once more
    later(home, timedelta(days=29))
    assert question_state(home, receipt_of(sealed)) is QuestionState.RECEIVED
    later(home, timedelta(days=1, seconds=1))
    with pytest.raises(UnknownItemError):
        question_state(home, receipt_of(sealed))
    ticket_of(home, case)
    with home.engine.connect() as connection:
        rows = connection.execute(sa.select(database.task.c.progress).where(database.task.c.kind == "question"))
        assert rows.scalars().all() == ["ticket"]


def test_a_withdrawn_question_is_looked_for_in_no_way(home: Home, case: str) -> None:
    sealed, words = ask(home, jpeg(photo())), ticket_of(home, case)
    take_question(home, words, armored(sealed))
    destroy_question(home, receipt_of(sealed))
    size, keys = size_of(home), home.keys.unlock(PASSPHRASE)
    with pytest.raises(QuestionError, match="was withdrawn"):
        check_question(home, receipt_of(sealed), case, doer(home), open_office(home))
    with pytest.raises(QuestionError, match="was withdrawn"):
        question_in(home, io.BytesIO(sealed), case, doer(home), keys)
    assert take_question(home, words, armored(sealed)) is QuestionState.WITHDRAWN
    with pytest.raises(QuestionError, match="used already"):
        take_question(home, words, armored(ask(home, jpeg(photo(2)))))
    assert size_of(home) == size


def test_who_takes_her_consent_back_leaves_no_question_and_no_ticket(home: Home, case: str) -> None:
    asked, unused, kept = ask(home, jpeg(photo())), ticket_of(home, case), ticket_of(home, case_with(home))
    take_question(home, ticket_of(home, case), armored(asked))
    assert sealed_question(home, receipt_of(asked), case) == asked  # the control
    record_consent(home, case, consent_to(home, "check", given=False), doer(home))
    assert list(questions.sealed_questions(home)) == []
    assert question_state(home, receipt_of(asked)) is QuestionState.WITHDRAWN
    with pytest.raises(QuestionError, match="used already"):
        take_question(home, unused, armored(ask(home, jpeg(photo(2)))))
    assert take_question(home, kept, armored(ask(home, jpeg(photo(3))))) is QuestionState.RECEIVED


def test_a_question_of_one_case_is_looked_for_in_no_other(home: Home, case: str) -> None:
    sealed, other = ask(home, jpeg(photo())), case_with(home)
    keep_question(home, sealed, case, doer(home))
    with pytest.raises(QuestionError, match="another case"):
        question_in(home, io.BytesIO(sealed), other, doer(home), home.keys.unlock(PASSPHRASE))
    with pytest.raises(UnknownItemError):
        check_question(home, receipt_of(sealed), other, doer(home), open_office(home))


def test_what_has_expired_is_removed_although_nothing_comes(home: Home, case: str) -> None:
    keep_question(home, ask(home, jpeg(photo())), case, doer(home))
    tidy(home)
    rows = sa.select(sa.func.count()).where(database.task.c.kind == "question")
    for gone_by, left in ((timedelta(days=29), 1), (timedelta(days=2), 0)):
        later(home, gone_by)
        tidy(home)
        with home.engine.connect() as connection:
            assert connection.execute(rows).scalar_one() == left


def test_an_answered_question_says_so_and_no_more(home: Home, case: str) -> None:
    sealed = ask(home, jpeg(photo()))
    keep_question(home, sealed, case, doer(home))
    answer_question(home, receipt_of(sealed))
    keep_question(home, sealed, case, doer(home))  # handed over again: it stays as it is
    assert question_state(home, receipt_of(sealed)) is QuestionState.ANSWERED


def test_a_question_of_another_case_is_as_unknown_as_none(home: Home, case: str) -> None:
    sealed = ask(home, jpeg(photo()))
    keep_question(home, sealed, case, doer(home))
    for receipt, of in ((receipt_of(sealed), case_with(home)), (proquints(bytes(10)), case), ("none", case)):
        with pytest.raises(UnknownItemError, match="no such question"):
            sealed_question(home, receipt, of)


def test_a_question_that_somebody_changed_is_named_and_the_others_are_still_listed(home: Home, case: str) -> None:
    first, second = ask(home, jpeg(photo())), ask(home, jpeg(photo(2)))
    for sealed in (first, second):
        keep_question(home, sealed, case, doer(home))
    table = database.task
    with writing(home.engine) as connection:
        rows = connection.execute(sa.select(table.c.id, table.c.asked).where(table.c.kind == "question")).all()
        one, other = sorted(rows, key=lambda row: bytes(row.asked))
        connection.execute(sa.update(table).where(table.c.id == one.id).values(asked=other.asked))
    assert len([each for each in kept_questions(home) if each.receipt is None]) == 1
    (whole,) = (each.receipt for each in kept_questions(home) if each.receipt is not None)
    (changed,) = (each for each in (first, second) if receipt_of(each) != whole)
    with pytest.raises(StoreError, match="somebody changed"):
        sealed_question(home, receipt_of(changed), case)


# What is found


def test_a_question_is_looked_for_and_each_picture_logged(home: Home, tmp_path: Path) -> None:
    (item,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    case, size = case_with(home), size_of(home)
    asked = ask(home, edits(photo())["all of it"])
    keep_question(home, asked, case, doer(home))
    done = check_question(home, receipt_of(asked), case, doer(home), open_office(home))
    assert [[match.item_id for match in one.matches] for one in done.pictures] == [[item]]
    told = done.told()
    assert (told["found"], told["alike"], len(told["pictures"])) == (True, 0, 1)
    checked = [record for record in records_of(home, size) if record.type == "checked"]
    assert [record.values["found"] for record in checked] == ["1"]


def test_many_variants_of_one_picture_show_as_such(home: Home, case: str) -> None:
    variants = [ask(home, each) for each in edits(photo()).values()]
    for each in (*variants, ask(home, jpeg(photo(5)))):
        keep_question(home, each, case, doer(home))
    again = ask(home, jpeg(photo()))
    keep_question(home, again, case, doer(home))
    done = check_question(home, receipt_of(again), case, doer(home), open_office(home))
    assert done.alike == len(variants)
    keep_question(home, ask(home, jpeg(photo())), case, doer(home))  # the very same file is no variant
    assert check_question(home, receipt_of(again), case, doer(home), open_office(home)).alike == len(variants)


def test_no_more_is_looked_for_in_a_day_than_the_settings_say(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = home.settings.check.model_copy(update={"daily_per_case": 2, "daily": 3})
    monkeypatch.setattr(home, "settings", home.settings.model_copy(update={"check": limits}))
    first, second, keys = case_with(home), case_with(home), home.keys.unlock(PASSPHRASE)

    def look(case: str) -> None:
        check_picture(home, io.BytesIO(jpeg(photo())), case, doer(home), keys)

    look(first)
    look(first)
    size = size_of(home)
    with pytest.raises(AuthorityError, match="no more pictures") as raised:
        look(first)
    assert (raised.value.where, size_of(home)) == (first, size)
    look(second)
    with pytest.raises(AuthorityError) as office:
        look(second)
    assert office.value.where == "office"
    later(home, timedelta(days=1, seconds=1))
    look(first)


# Files that were handed over


def test_a_file_or_a_text_of_a_question_is_kept_and_a_picture_is_read_as_one(home: Home, case: str) -> None:
    keys, sealed = home.keys.unlock(PASSPHRASE), ask(home, jpeg(photo()))
    for handed in (sealed, ("Dear office,\r\n" + armored(sealed).replace("\n", "\r\n")).encode()):
        assert question_in(home, io.BytesIO(handed), case, doer(home), keys) == receipt_of(sealed)
    picture = io.BytesIO(jpeg(photo()))
    assert question_in(home, picture, case, doer(home), keys) is None
    assert (picture.tell(), [each.receipt for each in kept_questions(home)]) == (0, [receipt_of(sealed)])


def test_what_no_key_of_ours_opens_is_not_kept(home: Home, case: str) -> None:
    keys = home.keys.unlock(PASSPHRASE)
    foreign = seal_question(b"{}", generate_identity().recipient)
    damaged = armored(ask(home, jpeg(photo())))[:-200].encode()
    for handed, why in ((foreign, "another office"), (damaged, "only part")):
        with pytest.raises(QuestionError, match=why):
            question_in(home, io.BytesIO(handed), case, doer(home), keys)
    with pytest.raises(UnknownItemError):
        question_in(home, io.BytesIO(ask(home, jpeg(photo()))), "case-0", doer(home), keys)
    assert kept_questions(home) == []
    assert timedelta(days=30) == questions.KEPT


def taken_back(home: Home, case: str) -> Callable[[], None]:
    """Lets another opening of the home record that she took her consent back."""

    def take_back() -> None:
        other = Home.open(home.path)
        record_consent(other, case, consent_to(other, given=False), doer(other))
        other.engine.dispose()

    return take_back


def test_no_ticket_and_no_question_comes_into_a_case_that_was_withdrawn_meanwhile(home: Home, case: str) -> None:
    casework = home.keys.unlock(PASSPHRASE).casework
    with before_a_turn(taken_back(home, case)), pytest.raises(AuthorityError) as caught:
        issue_ticket(home, case, doer(home), casework)
    assert caught.value.code == "authority.consent_withdrawn"
    agree(home, case)
    with before_a_turn(taken_back(home, case)), pytest.raises(AuthorityError) as caught:
        keep_question(home, ask(home, jpeg(photo())), case, doer(home))
    assert caught.value.code == "authority.case_closed"
    assert kept_questions(home) == []


def test_a_consent_of_another_case_meanwhile_keeps_nobody_from_a_ticket(home: Home, case: str) -> None:
    other = case_with(home)
    with before_a_turn(taken_back(home, other)):
        assert ticket_of(home, case)


def test_no_check_is_logged_in_a_case_or_of_a_question_that_was_withdrawn_meanwhile(home: Home, case: str) -> None:
    office, sealed = open_office(home), ask(home, jpeg(photo()))
    keep_question(home, sealed, case, doer(home))
    before = size_of(home)

    def withdrawn() -> None:
        other = Home.open(home.path)
        destroy_question(other, receipt_of(sealed))
        other.engine.dispose()

    with while_sealing("checked", withdrawn), pytest.raises(QuestionError) as withdrew:
        check_question(home, receipt_of(sealed), case, doer(home), office)
    assert withdrew.value.code == "question.withdrawn"
    picture = io.BytesIO(jpeg(photo()))
    with while_sealing("checked", taken_back(home, case)), pytest.raises(AuthorityError) as closed:
        check_picture(home, picture, case, doer(home), office.keys)
    assert closed.value.code == "authority.consent_withdrawn"
    assert "checked" not in {each.type for each in records_of(home, before)}
