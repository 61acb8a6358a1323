"""What a key needs before a large body is read: its scope, every case, and room on the disk."""

from typing import NamedTuple

import pytest

from api.home import Home
from api.http import caller
from api.http.app import _LIMITS, AROUND_TEXT
from api.http.bodies import BODY_WITHIN_S, BodyLimit
from api.http.guard import OF_HER_PAGE
from api.http.server import office_of
from api.office.api_key import make_key
from api.office.question import MOST_TEXT
from config.errors import CallError
from evidence.errors import StorageFullError
from evidence.store.api_key import Scope
from tests.homes import new_case
from tests.nonempty import nonempty

UPLOADS = BodyLimit("/uploads", 10_000_000_000, 600.0, Scope.IMPORTS, every_case=True)
PLAIN = BodyLimit("", 1000)


class RoomLeft(NamedTuple):
    total: int
    used: int
    free: int


def test_every_path_has_a_limit_and_a_body_of_its_own_time() -> None:
    assert _LIMITS[-1].begins == ""
    assert PLAIN.within_s == BODY_WITHIN_S
    for each in nonempty(_LIMITS[:-1]):
        # without a key, as much as a question has
        assert each.scope is not None or (each.begins, each.most_bytes) == (OF_HER_PAGE[0], MOST_TEXT + AROUND_TEXT)


def test_a_key_without_the_scope_or_for_some_cases_sends_no_large_body(home: Home) -> None:
    served = office_of(home)
    keys = {
        "call.scope_missing": make_key(home, "mira", [Scope.CHECKS], None, None),
        "call.only_some_cases": make_key(home, "mira", [Scope.IMPORTS], [new_case(home, [])], None),
    }
    for code, key in nonempty(keys.items()):
        with pytest.raises(CallError) as refused:
            served.admit(f"Bearer {key.secret}", "127.0.0.1", UPLOADS, 5)
        assert refused.value.code == code
        assert served.admit(f"Bearer {key.secret}", "127.0.0.1", PLAIN, 5).owner == "mira"


def test_a_body_for_which_there_is_no_room_is_not_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    served, key = office_of(home), make_key(home, "mira", [Scope.IMPORTS], None, None)
    free = caller.RESERVE_BYTES + 1000
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: RoomLeft(0, 0, free))
    assert served.admit(f"Bearer {key.secret}", "127.0.0.1", UPLOADS, 1000)
    with pytest.raises(StorageFullError):
        served.admit(f"Bearer {key.secret}", "127.0.0.1", UPLOADS, 1001)
