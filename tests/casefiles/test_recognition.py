"""What a statement says in the log, and which of them stand for whoever reads the records."""

from datetime import date

import pytest

from api.home import Home
from casefiles.recognition import OF_TIER, ComparedWith, HowAlike, Statement, statements_of
from evidence.custody.event import Draft
from evidence.errors import NoMatchingKeyError
from evidence.log.schema import SCHEMAS
from evidence.match.check import Tier
from evidence.seal.recipients import generate_identity
from tests.homes import PASSPHRASE, doer, new_case, new_home

HERS = Statement("mila", "a" * 32, date(2026, 11, 26), "sr", "Mine.", HowAlike.SAME_FILE, ComparedWith.FILE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return new_home(tmp_path_factory.mktemp("office") / "home")[0]


def log(home: Home, case_id: str, *stated: Statement) -> None:
    with home.writing() as writer:
        writer.sequencer.append([Draft("recognised", doer(home).values() | each.values(case_id)) for each in stated])


def test_every_name_of_a_statement_is_one_of_its_type() -> None:
    values = HERS.values("case-1")
    names = SCHEMAS["recognised"].names - {"actor", "at", "reason", "authority", "approver", "tool"}
    assert values.keys() == names
    assert (values["given"], values["recognition"], values["means"]) == ("yes", "same_file", "file")
    back = Statement("mila", "a" * 32, date(2026, 11, 26), "sr").values("case-1")
    assert (back["given"], back["recognition"], back["means"], back["text"]) == ("no", None, None, None)


def test_only_what_is_certain_or_near_is_a_recognition() -> None:
    assert {tier: OF_TIER.get(tier) for tier in Tier} == {
        Tier.IDENTICAL: HowAlike.SAME_FILE,
        Tier.MATCH: HowAlike.VERY_SIMILAR,
        Tier.REVIEW: None,
    }


def test_the_statements_of_a_case_are_read_as_they_were_logged(home: Home) -> None:
    mine, other = new_case(home, []), new_case(home, [])
    seen = Statement("mila", "b" * 32, date(2026, 11, 27), "sq", "E pashë.", HowAlike.SEEN)
    log(home, mine, HERS, seen)
    log(home, other, HERS)
    casework = home.keys.unlock(PASSPHRASE).casework
    told = statements_of(home.engine, mine, casework)
    assert [(each.statement, each.recorded_by) for each in told] == [(HERS, "ann"), (seen, "ann")]
    log(home, mine, Statement("mila", HERS.item_id, date(2026, 11, 27), "sr"))
    assert [each.statement for each in statements_of(home.engine, mine, casework)] == [seen]
    assert [each.statement for each in statements_of(home.engine, other, casework)] == [HERS]
    with pytest.raises(NoMatchingKeyError):
        statements_of(home.engine, mine, generate_identity())
    home.engine.dispose()
