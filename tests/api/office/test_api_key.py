"""Keys of programs: shown once, found by what a call brings, revoked for good."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.home import Home
from api.office.api_key import PREFIX, find_key, list_keys, make_key, revoke_key
from evidence.errors import AuthorityError, UnknownItemError
from evidence.store.api_key import Scope
from evidence.store.work import TaskState
from tests.homes import new_case, new_home
from tests.working import WorkerDesk


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home, _cards = new_home(tmp_path_factory.mktemp("keys") / "home")
    yield home
    home.engine.dispose()


def test_a_key_is_found_by_itself_alone_and_kept_nowhere(home: Home) -> None:
    made = make_key(home, " mira ", [Scope.BUNDLES, Scope.CASES_READ], None, None)
    assert made.secret.startswith(PREFIX)
    assert find_key(home, made.secret) == made.key
    assert (made.key.owner, made.key.scopes) == ("mira", {"bundles", "cases:read"})
    for other in (made.secret[:-1], made.secret.upper(), made.secret + "0", "", f"{PREFIX}{'0' * 64}"):
        assert find_key(home, other) is None
    assert made.secret not in repr(list_keys(home))
    assert made.secret.encode() not in (home.path / "nisisama.db").read_bytes()


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(home: Home) -> None:
    made = make_key(home, "zana", [Scope.ADMIN], None, None)
    revoke_key(home, made.key.key_id)
    assert find_key(home, made.secret) is None
    assert made.key.key_id in {each.key_id for each in list_keys(home) if each.revoked_at}
    with pytest.raises(UnknownItemError):
        revoke_key(home, made.key.key_id)


@pytest.mark.every(2)
@pytest.mark.parametrize("other", [None, "mira"])
def test_what_a_revoked_key_had_ordered_is_not_done(desk: WorkerDesk, other: str | None) -> None:
    key = make_key(desk.home, "mira", [Scope.BUNDLES], None, None).key
    task_id = desk.ask_bundle()
    if other:
        make_key(desk.home, other, [Scope.BUNDLES], None, None)
    revoke_key(desk.home, key.key_id)
    desk.do_all()
    if other:  # the control: who still has a key may still order
        assert (desk.state(task_id), desk.logged("exported")) == (TaskState.DONE, 1)
    else:
        assert (desk.problem(task_id), desk.logged("exported")) == ("authority.key_revoked", 0)


def test_a_key_for_cases_reaches_these_alone(home: Home) -> None:
    case_id = new_case(home, [])
    key = make_key(home, "mira", [Scope.CASES_READ], [case_id], None).key
    assert key.reaches(case_id)
    assert not key.reaches("case-000000000000")
    with pytest.raises(UnknownItemError):
        make_key(home, "mira", [Scope.CASES_READ], ["case-000000000000"], None)


def test_what_is_no_key_is_refused(home: Home) -> None:
    with pytest.raises(AuthorityError, match="scope"):
        make_key(home, "mira", [], None, None)
    with pytest.raises(AuthorityError, match="expired"):
        make_key(home, "mira", [Scope.ADMIN], None, home.clock() - timedelta(seconds=1))
    with pytest.raises(AuthorityError):
        make_key(home, "\u3164", [Scope.ADMIN], None, None)
