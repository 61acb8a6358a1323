"""Whoever has a key for one case learns of no other: not by an answer, not by the work that it costs. Guessing ends.

The work is counted as statements of the database, which cannot flake as a time does.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp

from api.http.app import application
from api.http.caller import WRONG_PER_MINUTE
from api.http.keyring import TRIES
from api.http.server import office_of
from api.office.api_key import find_key, make_key
from evidence.store.api_key import Scope
from tests.homes import PASSPHRASE, items_of, new_case, new_home, size_of
from tests.serving import ServedHome, serving

NOBODYS = "case-000000000000"


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    found = list[str]()

    def keep(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", keep)
    yield found
    sa.event.remove(engine, "before_cursor_execute", keep)


async def asked(app: ASGIApp, secret: str, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
        json = {"items": ["0" * 32]} if method == "POST" else None
        return await client.request(method, path, json=json, headers={"Authorization": f"Bearer {secret}"})


ROUTES = [("GET", "/api/v1/cases/{}"), ("POST", "/api/v1/cases/{}/items")]


@pytest.mark.every(2)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_case_of_others_costs_the_same_work_as_one_that_is_not_there(tmp_path: Path, method: str, path: str) -> None:
    home, _cards = new_home(tmp_path / "home")
    mine, other = new_case(home, []), new_case(home, [])
    secret = make_key(home, "mira", [Scope.CASES_READ, Scope.CASES_WRITE], [mine], None).secret
    office = office_of(home)
    office.keyring.unlock(PASSPHRASE)
    app = application(office, ["localhost"])
    asyncio.run(asked(app, secret, method, path.format(mine)))
    seen, answers = dict[str, list[str]](), dict[str, httpx.Response]()
    for case_id in (other, NOBODYS, mine):
        with statements(home.engine) as seen[case_id]:
            answers[case_id] = asyncio.run(asked(app, secret, method, path.format(case_id)))
    assert seen[other] == seen[NOBODYS]
    assert seen[mine] != seen[NOBODYS]  # what it reaches costs more, so the count tells something
    told, nobodys = answers[other].json(), answers[NOBODYS].json()
    assert answers[other].headers.keys() == answers[NOBODYS].headers.keys()
    assert len(answers[other].content) == len(answers[NOBODYS].content)
    for each in (told, nobodys):
        each.pop("request_id")
    assert str(told).replace(other, NOBODYS) == str(nobodys)
    home.engine.dispose()


def test_no_count_grows_with_cases_that_a_key_does_not_reach(served: ServedHome) -> None:
    mine = new_case(served.home, [])
    client, everybodys = served.with_key(Scope.CASES_READ, cases=[mine]), served.with_key(Scope.CASES_READ)
    before, all_before = client.get("/api/v1/cases").content, everybodys.get("/api/v1/cases").content
    new_case(served.home, [])
    assert client.get("/api/v1/cases").content == before
    assert everybodys.get("/api/v1/cases").content != all_before


def test_an_identifier_that_only_begins_like_a_case_reaches_none(served: ServedHome) -> None:
    mine = new_case(served.home, [])
    client = served.with_key(Scope.CASES_READ, cases=[mine])
    served.unlock()
    assert client.get(f"/api/v1/cases/{mine}").status_code == 200
    for other in (mine[:-1], mine.upper(), f"{mine}%20", f"%20{mine}", f"{mine}%00", f"{mine}%0a", f"{mine}%2f", "%25"):
        assert client.get(f"/api/v1/cases/{other}").status_code == 404


def test_a_cursor_of_another_key_or_list_opens_no_page(served: ServedHome) -> None:
    for _case in range(3):
        new_case(served.home, [])
    ann, bo = served.with_key(Scope.CASES_READ, Scope.CHANNELS), served.with_key(Scope.CASES_READ, Scope.CHANNELS)
    cursor = ann.get("/api/v1/cases", params={"limit": 1}).json()["next"]
    assert ann.get("/api/v1/cases", params={"cursor": cursor}).status_code == 200
    for client, path in ((bo, "/api/v1/cases"), (ann, "/api/v1/items"), (ann, "/api/v1/channels")):
        assert client.get(path, params={"cursor": cursor}).json()["code"] == "call.stale_cursor"
    kept = ann.get("/api/v1/items", params={"limit": 1}).json()["next"]
    assert ann.get("/api/v1/items", params={"cursor": kept}).status_code == 200
    assert ann.get("/api/v1/items", params={"cursor": kept, "kind": "edit"}).json()["code"] == "call.stale_cursor"


def test_the_same_call_twice_opens_two_cases_and_adds_an_item_once(served: ServedHome) -> None:
    """Opening a case is not idempotent: whoever must send it again looks at the list first (docs/api.md)."""
    client = served.with_key(Scope.CASES_READ, Scope.CASES_WRITE)
    first, second = (client.post("/api/v1/cases", json={"reason": "the same"}).json()["case_id"] for _time in range(2))
    assert first != second
    body = {"items": [items_of(served.home)[0].item_id]}
    assert client.post(f"/api/v1/cases/{first}/items", json=body).json()["added"] == 1
    before = size_of(served.home)
    again = client.post(f"/api/v1/cases/{first}/items", json=body).json()
    assert (again["added"], again["items"]) == (0, 1)
    assert size_of(served.home) == before


def test_an_item_that_is_not_there_adds_none_of_the_others(served: ServedHome) -> None:
    client, case_id = served.with_key(Scope.CASES_WRITE), new_case(served.home, [])
    before = size_of(served.home)
    body = {"items": [items_of(served.home)[0].item_id, "0" * 32]}
    answer = client.post(f"/api/v1/cases/{case_id}/items", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item.no_such_item")
    assert size_of(served.home) == before


def test_a_key_is_not_guessed_and_one_that_is_right_is_not_kept_out(
    tmp_path: Path, database: Callable[[str], str | None]
) -> None:
    with serving(tmp_path, url=database("guessed")) as served:
        secret = served.secret(Scope.CHANNELS)
        nearly = [secret[:-1], secret + "0", secret[::-1], secret.removeprefix("nisi_"), secret.upper(), "nisi_", "x"]
        tries = (nearly * 3)[: WRONG_PER_MINUTE + 3]
        statuses = [served.client(each).get("/api/v1/items").status_code for each in tries]
        assert statuses == [401] * WRONG_PER_MINUTE + [429] * 3
        answer = served.client(secret[:-1]).get("/api/v1/items")
        assert int(answer.headers["retry-after"]) <= 60
        assert served.client(secret).get("/api/v1/items", params={"limit": 1}).status_code == 200
        basic = httpx.Headers({"Authorization": f"Basic {secret}"})
        assert served.client().get("/api/v1/items", headers=basic).status_code == 429


def test_a_passphrase_is_not_guessed_and_waits_are_told(tmp_path: Path, database: Callable[[str], str | None]) -> None:
    with serving(tmp_path, url=database("guessed")) as served:
        admin = served.with_key(Scope.ADMIN)
        answers = [
            admin.post("/api/v1/unlock", json={"passphrase": f"guess number {number}"}) for number in range(TRIES + 2)
        ]
        assert [each.status_code for each in answers] == [403] * TRIES + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 20
        right = admin.post("/api/v1/unlock", json={"passphrase": PASSPHRASE})
        assert right.status_code == 429  # whoever guesses learns nothing, not even when it is right
        assert served.client().get("/readyz").json()["locked"] is True


def test_no_key_is_compared_by_its_letters(tmp_path: Path) -> None:
    """The database is asked by its digest, so the time of an answer tells nothing of a key (docs/adr/0037)."""
    home, _cards = new_home(tmp_path / "home")
    secret, asked = make_key(home, "mira", [Scope.CHANNELS], None, None).secret, list[str]()

    def keep(_connection: object, _cursor: object, _words: str, values: object, *_more: object) -> None:
        asked.append(repr(values))

    sa.event.listen(home.engine, "before_cursor_execute", keep)
    assert find_key(home, secret) is not None
    told = " ".join(asked)
    assert hashlib.sha256(secret.encode()).hexdigest() in told
    assert secret not in told
    assert secret.removeprefix("nisi_") not in told
    home.engine.dispose()
