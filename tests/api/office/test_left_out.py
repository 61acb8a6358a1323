"""A bundle waits until each reply to a message of its case is in it, or was left out for a reason that is told."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.home import Home
from api.office.bundle import Order, stream_case
from api.office.case import add_items, record_consent, require_case
from api.office.left_out import beside_case, leave_out, require_replies_told
from casefiles.left_out import LEFT_OUT
from evidence.errors import AuthorityError
from tests.between import while_sealing
from tests.casefiles.test_left_out import export_of_replies, ids_of
from tests.homes import (
    PASSPHRASE,
    Office,
    consent_to,
    copy_of,
    doer,
    export_of,
    new_case,
    new_home,
    records_of,
    size_of,
    take_in,
)


@pytest.fixture(scope="module")
def replied(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("replied")
    home, cards = new_home(folder / "home")
    take_in(home, export_of_replies(folder / "export"))
    home.engine.dispose()
    return Office(home, cards, None)  # type: ignore[arg-type]  # of this export no facts were written


@pytest.fixture
def home(replied: Office, tmp_path: Path) -> Iterator[Home]:
    copied = copy_of(replied, tmp_path)
    yield copied
    copied.engine.dispose()


def text_of(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as members:
        return " ".join(members.read("data/report.en.txt").decode().split())


def test_an_export_is_refused_with_the_replies_counted_and_none_named(home: Home, tmp_path: Path) -> None:
    ids = ids_of(home)
    case, casework = new_case(home, [ids[1]]), home.keys.unlock(PASSPHRASE).casework
    before = size_of(home)
    with pytest.raises(AuthorityError) as refused:
        export_of(home, case, tmp_path / "a.asice")
    assert refused.value.code == "authority.replies_left_out"
    assert refused.value.facts["length"] == 3
    assert not any(item in str(refused.value.facts) for item in ids.values())
    assert (size_of(home), list(tmp_path.glob("a.*"))) == (before, [])
    with (tmp_path / "b").open("wb") as out, pytest.raises(AuthorityError):
        stream_case(home, Order(case, "court", "en", doer(home)), casework, bundle=out, letter=out)
    # the control: with each of them in the case, it goes
    while found := beside_case(home, case, casework):
        add_items(home, case, tuple(reply.item_id for reply in found), doer(home))
    require_replies_told(home, case, casework)
    assert export_of(home, case, tmp_path / "a.asice").facts.items == require_case(home, case).items == 5


@pytest.mark.every(2)
@pytest.mark.parametrize(("audience", "told"), [("court", True), ("partner", False)])
def test_a_reason_lets_it_go_and_is_read_by_whoever_may_read_words(
    audience: str, *, told: bool, home: Home, tmp_path: Path
) -> None:
    ids = ids_of(home)
    case, casework = new_case(home, [ids[1]]), home.keys.unlock(PASSPHRASE).casework
    by = replace(doer(home), reason="They greet one another.")
    assert len(leave_out(home, case, by, casework).replies) == 3
    bundle = tmp_path / "a.asice"
    export_of(home, case, bundle, audience)
    assert "replies to messages of the case were left out (3 of them), for this reason:" in text_of(bundle)
    assert ("They greet one another." in text_of(bundle)) is told
    assert ids[2] not in text_of(bundle)
    logged = size_of(home)
    assert leave_out(home, case, by, casework).replies == ()
    assert LEFT_OUT not in {each.type for each in records_of(home, logged)}, "nothing is left to leave out"


def test_without_a_reason_nothing_is_left_out(home: Home) -> None:
    case = new_case(home, [ids_of(home)[1]])
    with pytest.raises(AuthorityError):
        leave_out(home, case, replace(doer(home), reason=" "), home.keys.unlock(PASSPHRASE).casework)
    assert "left_out" not in {record.type for record in records_of(home)}


def test_of_two_who_leave_out_at_once_one_does(home: Home) -> None:
    case, casework = new_case(home, [ids_of(home)[1]]), home.keys.unlock(PASSPHRASE).casework
    before = size_of(home)

    def first() -> None:
        other = Home.open(home.path)
        assert len(leave_out(other, case, doer(other), casework).replies) == 3
        other.engine.dispose()

    with while_sealing(LEFT_OUT, first):
        assert leave_out(home, case, doer(home), casework).replies == ()
    assert [each.type for each in records_of(home, before)].count(LEFT_OUT) == 1


def test_nothing_is_left_out_of_a_case_whose_client_took_her_consent_back_meanwhile(home: Home) -> None:
    case, casework = new_case(home, [ids_of(home)[1]]), home.keys.unlock(PASSPHRASE).casework

    def withdrawn() -> None:
        other = Home.open(home.path)
        record_consent(other, case, consent_to(other, given=False), doer(other))
        other.engine.dispose()

    with while_sealing(LEFT_OUT, withdrawn), pytest.raises(AuthorityError) as caught:
        leave_out(home, case, doer(home), casework)
    assert caught.value.code == "authority.case_closed"
    assert LEFT_OUT not in {each.type for each in records_of(home)}
