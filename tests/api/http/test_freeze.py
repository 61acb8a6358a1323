"""Freezing over the API: whoever sees an item can freeze it, and no answer tells of it from then on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evidence.fingerprint.decoder import fingerprints_of
from evidence.store.api_key import Scope
from tests.api.http.conftest import Database
from tests.appearing import jpeg, photo
from tests.contracts.tree import ROOT
from tests.freezing import AGAIN, FIRST, OTHER, SECOND, SEEDS, Posts, take_posts
from tests.homes import new_case
from tests.nonempty import nonempty
from tests.serving import ServedHome, serving


class Seen:
    """A served home with posts and a case."""

    def __init__(self, served: ServedHome, folder: Path) -> None:
        self.served = served
        self.posts: Posts = take_posts(served.home, folder / "posts")
        self.case = new_case(served.home)
        served.unlock()
        self.client = served.with_key()

    def freeze(self, item: str, client: httpx.Client | None = None) -> httpx.Response:
        asked = {"reason": "she looks very young"}
        return (client or self.client).post(f"/api/v1/items/{item}/freeze", json=asked)


@pytest.fixture
def at(tmp_path: Path, database: Database) -> Iterator[Seen]:
    with serving(tmp_path / "frozen", url=database("frozen")) as served:
        yield Seen(served, tmp_path)


def test_a_check_that_ended_before_tells_nothing_of_it_either(at: Seen) -> None:
    prints = json.loads(fingerprints_of(jpeg(photo(seed=SEEDS[OTHER])))[0].sealing_bytes())
    asked = at.client.post(f"/api/v1/cases/{at.case}/checks", json={"prints": prints, "reason": "she asks"})
    path, item = f"/api/v1/tasks/{asked.json()['task_id']}", at.posts.files[OTHER]
    at.served.done(at.client, asked.json()["task_id"])
    assert [each["item_id"] for each in at.client.get(path).json()["result"]["matches"]] == [item]
    assert at.freeze(item).status_code == 200
    result = at.client.get(path).json()["result"]
    assert (result["found"], result["matches"]) == (False, [])


OF_THE_LOG = "/api/v1/log/"
"""The log only grows: its entries, proofs and times stay, for whoever may copy all of it (docs/api.md)."""
WHAT_WAITS = "/api/v1/freezes"


def answers(at: Seen, item: str) -> dict[str, str]:
    """What every GET of the API answers about this item, its case and everything else, by path."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    places: dict[str, Any] = {"item_id": item, "case_id": at.case, "channel_id": "4242", "channel": "4242"}
    found = {}
    for path in nonempty([path for path, of in document["paths"].items() if "get" in of]):
        if path.startswith(OF_THE_LOG) or path == WHAT_WAITS:
            continue
        filled = path.format_map({name: places.get(name, "0" * 32) for name in _names(path)})
        answer = at.client.get(filled, params={"limit": "200"} if path.endswith("s") else {})
        found[path] = answer.text
    return found


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def test_no_answer_tells_anything_of_what_is_frozen(at: Seen) -> None:
    hidden = at.posts.telling(FIRST) | at.posts.telling(SECOND)
    before = "".join(answers(at, at.posts.files[FIRST]).values())
    assert [what for what in hidden if what not in before] == []  # the control
    done = at.freeze(at.posts.files[SECOND])
    assert (done.status_code, done.json()["items"]) == (200, 4)
    told = {path: text for path, text in answers(at, at.posts.files[FIRST]).items() if path != "/docs"}
    secret = hidden - {at.posts.digests[AGAIN]}  # the same file elsewhere, until the next look
    assert {path: what for path, text in told.items() for what in secret if what in text} == {}
    after = "".join(answers(at, at.posts.files[OTHER]).values())
    assert [what for what in at.posts.telling(OTHER) if what not in after] == []
    assert at.freeze(at.posts.files[SECOND]).json()["items"] == 0


def test_a_frozen_item_is_refused_and_its_case_counts_it(at: Seen) -> None:
    shown = at.client.get(f"/api/v1/cases/{at.case}").json()
    assert shown["frozen_items"] == 0
    at.freeze(at.posts.files[OTHER])
    assert at.client.get(f"/api/v1/cases/{at.case}").json()["frozen_items"] == 2
    refused = at.client.get(f"/api/v1/items/{at.posts.files[OTHER]}")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_item.frozen")
    added = at.client.post(f"/api/v1/cases/{at.case}/items", json={"items": [at.posts.files[OTHER]], "reason": "x"})
    assert (added.status_code, added.json()["code"]) == (404, "unknown_item.frozen")


@pytest.mark.every(3)
@pytest.mark.parametrize("scope", [Scope.CHANNELS, Scope.CASES_READ, Scope.CASES_WRITE, Scope.APPROVE])
def test_every_scope_that_sees_an_item_freezes_it(at: Seen, scope: Scope) -> None:
    client = at.served.with_key(scope, owner="zana")
    assert at.freeze(at.posts.files[OTHER], client).status_code == 200
    (waiting,) = at.client.get("/api/v1/freezes").json()["freezes"]
    assert (waiting["frozen_by"], waiting["hint"], waiting["late"]) == ("zana", "person", False)
    assert {each["item_id"] for each in waiting["items"]} == at.posts.of(OTHER)


def test_a_key_for_one_case_freezes_what_is_in_it_alone_and_lists_nothing(at: Seen) -> None:
    mine = new_case(at.served.home, [at.posts.files[OTHER]])
    client = at.served.with_key(Scope.CASES_READ, Scope.APPROVE, cases=[mine])
    assert at.freeze(at.posts.files[FIRST], client).status_code == 404
    assert at.freeze(at.posts.files[OTHER], client).status_code == 200
    refused = client.get("/api/v1/freezes")
    assert (refused.status_code, refused.json()["code"]) == (403, "call.only_some_cases")
    wrong = at.served.with_key(Scope.BUNDLES)
    assert at.freeze(at.posts.files[FIRST], wrong).status_code == 403
    assert at.freeze("0" * 32).status_code == 404


def test_a_locked_office_freezes_too_and_says_neither_who_nor_why(at: Seen) -> None:
    at.served.lock()
    assert at.freeze(at.posts.files[OTHER]).status_code == 200
    (waiting,) = at.client.get("/api/v1/freezes").json()["freezes"]
    assert (waiting["frozen_by"], waiting["hint"], waiting["what"]) == (None, None, None)
