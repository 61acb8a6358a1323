"""Counters are read again on their own rhythm: what changed is one snapshot, what did not is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from evidence.canonical import jcs
from evidence.content import Content, Part, Person, join_content, split_content
from evidence.observation import Kind, Observation
from evidence.store.marks import SeenKey, observed_marks
from monitor.telegram.counters import ONCE_MORE, WINDOW, counts_of, span_due
from monitor.telegram.standing import standings
from tests.homes import records_of
from tests.watching import Desk, desk, observed, require_clean, tell_settings

KEY = SeenKey(b"k" * 32)
AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
HOURS = st.integers(0, 400).map(lambda hours: timedelta(hours=hours))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patched, desk(tmp_path_factory.mktemp("counters"), patched) as made:
        yield made


@pytest.fixture
def at(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    tell_settings(shared.telegram, monkeypatch)
    return shared


def counted(at: Desk, number: int) -> list[dict[str, dict[str, object]]]:
    """The snapshots of counters of a channel, each by the number of the message."""
    found = []
    for values in observed(at, "channel"):
        counters = join_content(values).counters
        assert isinstance(counters, tuple)
        told = {str(each.fields["message_id"]): dict(each.fields) for each in counters if each.kind == "counted"}
        if told and values["channel_id"] == str(number):
            found.append(told)
    return found


def message(number: int, *counters: Part) -> Observation:
    fields = split_content(Content("x", (), (), counters))
    return Observation(Kind.MESSAGE, "42", number, AT, fields)


def test_what_changed_is_told_once_and_time_tells_two_snapshots_apart() -> None:
    seen = [message(1, Part("views", {"count": "5"})), message(2, Part("views", {"count": "7"}))]
    first = counts_of(seen, {}, AT, KEY)
    assert [part.fields["views"] for part in first.parts] == ["5", "7"]
    assert counts_of(seen, first.marks, AT, KEY).observation("42") is None
    later = counts_of([message(1, Part("views", {"count": "6"})), seen[1]], first.marks, AT + timedelta(hours=6), KEY)
    assert [part.fields["message_id"] for part in later.parts] == ["1"]
    back = counts_of(seen, later.marks, AT + timedelta(hours=12), KEY).observation("42")
    again = counts_of(seen[:1], {}, AT, KEY).observation("42")
    assert back is not None
    assert again is not None
    marks = {observed_marks(SeenKey(bytes(32)), {**each.fields, "kind": "channel"}).seen for each in (back, again)}
    assert len(marks) == 2, "the same counters as at an earlier time are another snapshot"


def test_a_mark_of_counters_confirms_no_guess_without_the_key_and_tells_messages_apart() -> None:
    seen = [message(1, Part("views", {"count": "5"})), message(2, Part("views", {"count": "5"}))]
    marks, others = (counts_of(seen, {}, AT, key).marks for key in (KEY, SeenKey(b"o" * 32)))
    assert len({*marks.values(), *others.values()}) == 4
    assert counts_of(seen, {}, AT, KEY).marks == marks


def test_nobody_who_reacted_or_voted_is_told() -> None:
    who = Person(id="user77", name="Mira")
    thumb: dict[str, Any] = {"type": "emoji", "emoji": "👍", "count": "3"}
    reaction = Part("reaction", thumb | {"recent": (Part("reactor", {"person": who}),)})
    vote = Part("vote", {"count": "4", "people": (who,)})
    votes = Part("votes", {"total": "4", "people": (who,), "answers": (vote,)})
    counts = counts_of([message(3, reaction, votes)], {}, AT, KEY)
    (part,) = counts.parts
    assert part.fields["reactions"] == (Part("reaction", thumb),)
    assert (part.fields["voters"], part.fields["answers"]) == ("4", (Part("vote", {"count": "4"}),))
    snapshot = counts.observation("42")
    assert snapshot is not None
    assert b"user77" not in jcs(dict(snapshot.fields))


@given(ages=st.lists(HOURS, min_size=1, max_size=4), every=st.sampled_from([1, 6, 24, 48]))
def test_every_message_is_read_once_it_is_a_day_old(ages: list[timedelta], every: int) -> None:
    """Looks at any times: whatever turned a day old between two of them falls into a span of one."""
    now, counted_at, aged_at = AT, AT, AT
    read: list[tuple[datetime, datetime]] = []
    for age in ages:
        now += age
        span = span_due(now, counted_at=counted_at, aged_at=aged_at, every=timedelta(hours=every))
        if span is not None:
            read.append(span)
            counted_at, aged_at = (now if span[1] == now else counted_at), now
    last = max(counted_at, aged_at)
    turned = (AT + (last - AT) * part / 8 for part in range(1, 9) if last > AT)
    for at in turned:
        assert any(since < at - ONCE_MORE <= until for since, until in read) or last - at >= WINDOW - ONCE_MORE


def test_never_is_never() -> None:
    assert span_due(AT + timedelta(days=9), counted_at=AT, aged_at=None, every=timedelta()) is None


def test_counters_of_the_last_week_are_read_again(at: Desk) -> None:
    group = at.group(username="numra1")
    for number in range(100):
        group.post(f"e vjetër {number}", at=at.clock() - timedelta(days=9))
    first, second = group.post("një"), group.post("dy")
    answers = [types.PollAnswer(types.TextWithEntities(text, []), text.encode()) for text in ("po", "jo")]
    poll = types.Poll(1, types.TextWithEntities("Nesër?", []), answers, 0)
    asked = group.post(media=types.MessageMediaPoll(poll, types.PollResults()))
    assert at.once().ended_by is None
    assert counted(at, group.id) == [], "a message brings its counters with it"
    group.view(first, by=10)
    group.react(second, "🔥", 4)
    group.vote(asked, b"po", 3)
    group.view(1, by=99)
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    (told,) = counted(at, group.id)
    assert told[str(first)]["views"] == "10"
    assert told[str(second)]["reactions"] == (Part("reaction", {"type": "emoji", "emoji": "🔥", "count": "4"}),)
    assert told[str(asked)]["voters"] == "3"
    assert "1" not in told
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    assert counted(at, group.id) == [told], "nothing has changed"
    group.view(first, by=-3)
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    assert [list(each) for each in counted(at, group.id)][1:] == [[str(first)]]
    require_clean(at)


def test_edits_and_deletions_that_no_difference_told_are_found(at: Desk) -> None:
    group = at.group(username="numra2")
    first, second = group.post("një"), group.post("dy")
    assert at.once().ended_by is None
    group.edit(first, text="ndryshe")
    group.delete([second])
    group.events.clear()  # the server forgot to tell
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    mine = [each for kind in ("edit", "deletion") for each in observed(at, kind) if each["channel_id"] == str(group.id)]
    assert [(each["kind"], each["message_id"], each["action"]) for each in mine] == [
        ("edit", str(first), None), ("deletion", str(second), "missing"),
    ]  # fmt: skip
    home = at.home
    replies = [record.values["source_name"] for record in records_of(home) if record.type == "imported"]
    assert "channels.GetMessages" not in replies, "a reply about known messages would hold their bytes once more"
    home.engine.dispose()


def test_with_no_rhythm_nothing_is_read(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_TELEGRAM__COUNTERS_H", "0")
    group = at.group(username="numra3")
    first = group.post("një")
    assert at.once().ended_by is None
    group.view(first, by=10)
    at.clock.pass_by(hours=30)
    assert at.once().ended_by is None
    assert counted(at, group.id) == []
    home = at.home
    with home.engine.connect() as connection:
        assert standings(connection)["numra3"].counted_at is None
    home.engine.dispose()
