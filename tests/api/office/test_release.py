"""A request for a release says all that the act needs, and reads back as it was asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.home import Home
from api.office.release import ReleasedTo, ask_release, release_wish, require_release_request
from api.office.request import find_request
from evidence.authority import Act
from evidence.errors import AuthorityError
from evidence.handover.recipient import ARCHIVE
from tests.freezing import OTHER, Posts, posts_of
from tests.handing import age_key, posted_office, wish_of
from tests.homes import PASSPHRASE, copy_of, doer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copy_of(posted_office(tmp_path_factory), tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def posts(home: Home) -> Posts:
    return posts_of(home)


@pytest.mark.parametrize("key", [ARCHIVE, age_key()])
def test_an_order_reads_back_as_it_was_asked(home: Home, posts: Posts, key: object) -> None:
    wish = replace(wish_of(home, posts.files[OTHER]), key=key, audience=ReleasedTo.LAWYER)  # type: ignore[arg-type]
    casework = home.keys.unlock(PASSPHRASE).casework
    waits = ask_release(home, wish, doer(home, approver=None), casework)
    asked = find_request(home, waits.request, casework)
    assert (asked.act, asked.target) == (Act.RELEASE, "lawyer 1")
    assert require_release_request(asked) == release_wish(asked.order) == wish


def test_a_request_for_another_act_is_none_for_a_release(home: Home, posts: Posts) -> None:
    casework = home.keys.unlock(PASSPHRASE).casework
    waits = ask_release(home, wish_of(home, posts.files[OTHER]), doer(home, approver=None), casework)
    asked = find_request(home, waits.request, casework)
    with pytest.raises(AuthorityError, match="another act"):
        require_release_request(replace(asked, act=Act.ERASE))


def test_nothing_of_a_case_is_told_by_the_target(home: Home, posts: Posts, tmp_path: Path) -> None:
    wish = wish_of(home, posts.files[OTHER])
    assert not any(each in wish.target for each in (wish.case_id, *wish.items, wish.to))
