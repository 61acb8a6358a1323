"""A search is for a case and a reason, logged before a record is opened, and tells where the words stand."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

import pytest

from api.home import Home
from api.office import search as verbs
from api.office.audit import run_audit
from api.office.case import record_consent
from api.office.item import Chosen
from api.office.search import Hit, Quest, Searched, search_items
from casefiles.case import OpenedEvent, open_events
from casefiles.errors import SearchError
from casefiles.find import folded
from evidence.authority import Doer
from evidence.custody.turn import Turn
from evidence.errors import AuthorityError, HomeBusyError, NoMatchingKeyError, UnknownItemError
from evidence.observation import Kind
from evidence.seal.age import Identity
from evidence.seal.recipients import generate_identity
from tests.homes import PASSPHRASE, Office, consent_to, doer, items_of, new_case, records_of, size_of
from tests.nonempty import nonempty


@pytest.fixture
def case(home: Home) -> str:
    return new_case(home, [])


@pytest.fixture
def opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of the log, whenever records were about to be opened."""
    sizes: list[int] = []

    def watched(engine: Any, indexes: Sequence[int], casework: Identity) -> Iterator[OpenedEvent]:  # noqa: ANN401 - passed on
        sizes.append(size_of(home))
        return open_events(engine, indexes, casework)

    monkeypatch.setattr(verbs, "open_events", watched)
    return sizes


def ask(home: Home, case: str, *words: str, sender: str | None = None, **chosen: Any) -> Searched:  # noqa: ANN401 - fields
    quest = Quest(case, doer(home, approver=None), words, sender, Chosen(**chosen))
    return search_items(home, quest, home.keys.unlock(PASSPHRASE).casework, lambda _more: None)


def found(search: Searched) -> list[Hit]:
    return [hit for page in search.pages for hit in page.entries]


def test_a_word_is_found_in_the_message_that_has_it(office: Office, home: Home, case: str) -> None:
    number, text = max(office.export.texts.items(), key=lambda each: len(each[1]))
    word = max(text.split(), key=len)
    hits = found(ask(home, case, word.upper()))
    assert number in {hit.item.message_id for hit in hits}
    for hit in nonempty(hits):
        assert any(folded(word) in folded(passage.before + passage.found + passage.after) for passage in hit.passages)
    assert found(ask(home, case, word, "nowhere at all")) == []


def test_a_search_is_logged_before_any_record_is_opened(home: Home, case: str, opened: list[int]) -> None:
    before = size_of(home)
    search = ask(
        home,
        case,
        "ovde",
        "\u0402\u0443\u0440\u0452\u0430",
        kind=Kind.MESSAGE,
        first=date(2024, 11, 14),
        last=date(2024, 11, 15),
    )
    assert opened == []
    (record,) = (record for record in records_of(home, before) if record.type == "searched")
    logged = {name: record.values[name] for name in ("case", "text", "kind", "channel_id", "sender_id", "items")}
    assert logged == {
        "case": case,
        "text": "ovde\n\u0402\u0443\u0440\u0452\u0430",
        "kind": "message",
        "channel_id": None,
        "sender_id": None,
        "items": str(search.records),
    }
    assert (record.values["since"], record.values["until"]) == ("2024-11-14T00:00:00.000Z", "2024-11-15T23:59:59.999Z")
    assert (record.values["actor"], record.values["reason"]) == ("ann", "a test")
    found(search)
    assert min(opened) > before


def test_every_record_that_is_meant_is_opened_once_and_told(
    home: Home, case: str, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "AT_ONCE", 5)
    heard: list[int] = []
    quest = Quest(case, doer(home), ("nowhere at all",))
    search = search_items(home, quest, home.keys.unlock(PASSPHRASE).casework, heard.append)
    assert found(search) == []
    assert sum(heard) == search.records == len(items_of(home))
    assert len(opened) == len(heard) == -(-search.records // 5)


def test_what_comes_after_the_search_was_logged_is_not_opened(home: Home, case: str) -> None:
    search = ask(home, case, sender="nobody")
    new_case(home, [])
    heard = [page for page in search.pages if page.entries]
    assert (heard, search.records) == ([], len(items_of(home)))


def test_what_one_account_posted_is_found(home: Home, case: str) -> None:
    casework = home.keys.unlock(PASSPHRASE).casework
    records = list(open_events(home.engine, range(size_of(home)), casework))
    senders = {
        event.leaf.event_id: event.record.values["sender_id"]
        for event in records
        if event.record and event.record.type == "observed" and event.record.values["sender_id"]
    }
    sender = str(next(iter(senders.values())))
    wanted = {item for item, each in senders.items() if each == sender}
    for spelled in (sender, sender.lstrip("abcdefghijklmnopqrstuvwxyz")):
        hits = found(ask(home, case, sender=spelled))
        assert {hit.item.item_id for hit in hits} == wanted
        assert {hit.passages for hit in hits} == {()}
    assert found(ask(home, case, sender=sender, kind=Kind.CHANNEL)) == []


def test_a_client_who_withdrew_has_nothing_looked_for(home: Home, case: str, opened: list[int]) -> None:
    assert ask(home, case, "ovde").consented is False
    record_consent(home, case, consent_to(home, "check"), doer(home))
    assert ask(home, case, "ovde").consented is True
    record_consent(home, case, consent_to(home, given=False), doer(home))
    before = size_of(home)
    with pytest.raises(AuthorityError, match="withdrawn"):
        ask(home, case, "ovde")
    assert (size_of(home), opened) == (before, [])


def test_what_may_not_be_looked_for_is_neither_logged_nor_opened(home: Home, case: str, opened: list[int]) -> None:
    casework, before = home.keys.unlock(PASSPHRASE).casework, size_of(home)
    ann = doer(home, approver=None)
    nameless = Doer("ann", "nisisama/0", home.clock())
    for quest, refusal in (
        (Quest("case-0", ann, ("word",)), UnknownItemError),
        (Quest(case, nameless, ("word",)), AuthorityError),
        (Quest(case, ann, ("w",)), SearchError),
        (Quest(case, ann), SearchError),
    ):
        with pytest.raises(refusal):
            search_items(home, quest, casework, lambda _more: None)
    assert ask(home, case, "word", channel="1").records == 0
    assert (size_of(home), opened) == (before, [])


def test_a_search_that_cannot_be_logged_opens_nothing(
    home: Home, case: str, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.home.Turn", partial(Turn, wait_s=0))
    with Turn(home.engine, home.path / "lock").take(), pytest.raises(HomeBusyError):
        ask(home, case, "word")
    assert opened == []


def test_another_key_finds_nothing(home: Home, case: str) -> None:
    search = search_items(home, Quest(case, doer(home), ("word",)), generate_identity(), lambda _more: None)
    with pytest.raises(NoMatchingKeyError):
        found(search)


def test_after_a_search_the_audit_is_clean(home: Home, case: str) -> None:
    found(ask(home, case, "ovde"))
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert not {problem.id for problem in audited.report.problems} - {"log.anchored"}
