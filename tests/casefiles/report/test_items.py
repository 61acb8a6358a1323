import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casefiles.report.data import ReportItem
from casefiles.report.items import item_lines
from casefiles.report.lines import LABEL, WIDTH, grouped
from casefiles.report.said import (
    Code,
    Digest,
    ItemFact,
    ItemPart,
    Moment,
    NamedValue,
    Quote,
    Unshown,
    as_moment,
    said_of_item,
)
from casefiles.report.wording import fact, label_of
from config.words import load_words
from evidence.canonical import Value
from evidence.log.schema import SCHEMAS
from evidence.times import format_time
from tests.casefiles import forge

WORDS = load_words("en")
POOLS: Mapping[str, Sequence[Value]] = {
    "kind": ("message", "edit", "deletion", "service", "file", "channel"),
    "channel_id": ("1234567001", "1234567002", None),
    "channel_title": ("Title A", "Title B", None),
    "channel_type": ("public_supergroup", "private_group", None),
    "message_id": ("5550001", "5550002", None),
    "posted_at": ("2026-11-01T01:02:03.004Z", "2026-11-02T01:02:03.004Z", None),
    "edited_at": ("2026-11-03T01:02:03.004Z", None),
    "sender_id": ("user7770001", "user7770002", None),
    "sender_name": ("Mira", "Zana", "\u0639\u0635\u0641\u0648\u0631", None),
    "text": ("first words", "second words\nand a line", None),
    "reply_to": ("4440001", None),
    "forwarded_from": ("Burim", None),
    "file_name": ("photos/one.jpg", "photos/two.jpg", None),
    "sha256": ("ab" * 32, "cd" * 32, None),
    "bytes": ("98760001", None),
    "media": (["photos/three.jpg"], None),
    "at": ("2026-11-20T09:10:00.100Z", "2026-11-20T09:10:00.900Z", "2026-11-20T09:11:00.000Z"),
}
"""Values that no other name can have, so that each shows whose it is."""
OWN = ("channel_id", "channel_title", "message_id", "sender_id", "sender_name", "file_name")
ITEMS = st.lists(st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in POOLS.items()}), max_size=7)
HIDDEN = st.lists(st.sets(st.sampled_from(sorted(POOLS))), min_size=1, max_size=2)
STAMPS = st.sets(st.integers(min_value=0, max_value=6))


def items_of(
    listed: Iterable[Mapping[str, Value]],
    *,
    hidden: Sequence[AbstractSet[str]] = (frozenset(),),
    stamped_before: AbstractSet[int] = frozenset(),
) -> tuple[ReportItem, ...]:
    """Items as a report has them.

    Args:
        hidden: Names that are withheld: of the first item, of the second and so on, and then from the first on again.
        stamped_before: The places before which a time stamp was recorded.
    """
    return tuple(_item(at, each, hidden[at % len(hidden)], stamped_before) for at, each in enumerate(listed))


def _item(
    at: int, values: Mapping[str, Value], hidden: AbstractSet[str], stamped_before: AbstractSet[int]
) -> ReportItem:
    stamps = sum(each <= at for each in stamped_before)
    shown = {name: value for name, value in values.items() if name not in hidden}
    return ReportItem(
        number=at + 1,
        index=at + 60,
        event=f"{at:032x}",
        parts=tuple(said_of_item(shown, hidden)),
        acquired_at=Unshown.WITHHELD if "at" in hidden else as_moment(values.get("at")),
        after=_stamp(stamps) if stamps else None,
        by=_stamp(stamps + 1),
        files=(),
        carriers=(),
        same=(),
        stated=(),
        withheld=tuple(sorted(hidden)),
    )


def _stamp(number: int) -> Moment:
    return Moment(f"2026-11-21T0{number}:00:00.000Z")


def lines_of(items: Sequence[ReportItem]) -> list[str]:
    """The lines of the page."""
    return "\n".join(item_lines(WORDS, items, rehearsal=False)).splitlines()


def pages(items: Sequence[ReportItem]) -> Mapping[int, str]:
    """What the page says of each item, in its own lines and in those above that speak for it, as one line."""
    above: list[tuple[str, list[str]]] = []
    own: dict[int, list[str]] = {}
    into: list[str] = []
    for line in lines_of(items):
        if found := re.match(r"Item ([0-9]+): ", line):
            into = own.setdefault(int(found[1]), [])
        elif found := re.match(r"The same for (.*):$", line):
            into = []
            above.append((found[1], into))
        into.append(line)
    return {item.number: " ".join(" ".join([*own[item.number], *_above(item, above)]).split()) for item in items}


def _above(item: ReportItem, above: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    channel = [part.value for part in item.parts if part.code == "item.channel_id" and isinstance(part, NamedValue)]
    for whose, lines in above:
        span = re.match(r"items ([0-9]+) to ([0-9]+)$", whose)
        if span:
            mine = int(span[1]) <= item.number <= int(span[2])
        else:
            mine = whose == "every item" or channel == [whose.removeprefix("every item of channel ")]
        yield from lines if mine else ()


def says(item: ReportItem) -> Iterator[str]:
    """Everything that the data say of an item, in words."""
    yield f"Item {item.number}: log entry {item.index}, event {item.event}"
    yield from (each for part in item.parts for each in _said(part))
    yield from (fact(WORDS, each) for each in (item.acquired_at, item.after, item.by) if each is not None)
    yield from (label_of(WORDS, f"item.{name}") for name in item.withheld)


def _said(part: ItemPart) -> Iterator[str]:
    if isinstance(part, Digest):
        yield " ".join(" ".join(grouped(fact(WORDS, part.sha256))).split()) if part.sha256 else "the file was not read"
    elif isinstance(part, Quote):
        yield from (f"| {line}" for line in str(part.text).split("\n"))
    else:
        value: ItemFact = part.value
        if part.code == "item.kind" and isinstance(value, Code):
            yield WORDS.say(f"kind.{value.value}").partition(" ")[0]
        elif value is not None:
            yield fact(WORDS, value)
        yield from (each for below in part.parts for each in _said(below))


@settings(max_examples=100, deadline=None)
@given(ITEMS, HIDDEN, STAMPS)
def test_each_value_of_an_item_is_in_its_lines_or_in_those_that_speak_for_it(
    listed: list[dict[str, Value]], hidden: list[set[str]], stamped_before: set[int]
) -> None:
    items = items_of(listed, hidden=hidden, stamped_before=stamped_before)
    found = pages(items)
    for item, values in zip(items, listed, strict=True):
        page = found[item.number]
        assert [each for each in says(item) if each not in page] == []
        shown = {name: values[name] for name in OWN if name not in item.withheld}
        others = [other for name in OWN for other in POOLS[name] if other is not None and other != shown.get(name)]
        assert [other for other in others if str(other) in page] == []
    assert [line for line in lines_of(items) if len(line) > WIDTH] == []


def message(number: int, **more: Value) -> dict[str, Value]:
    return {
        "kind": "message",
        "channel_id": "1234567890",
        "channel_title": "A channel",
        "channel_type": "public_supergroup",
        "message_id": str(1000 + number),
        "posted_at": format_time(forge.START - timedelta(days=1) + timedelta(seconds=number)),
        "sender_id": "user55501",
        "sender_name": "someone",
        "text": f"Text {number}",
        "at": format_time(forge.START + timedelta(seconds=number)),
        **more,
    }


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "beside a file of the client"])
@pytest.mark.parametrize("stamped_before", [set(), {0}, {30}, {0, 30}], ids=str)
def test_a_text_message_takes_six_lines(beside: int, stamped_before: set[int]) -> None:
    def length(messages: int) -> int:
        file: dict[str, Value] = {"kind": "file", "channel_id": "local0011223344556677", "file_name": "a.png"}
        listed = [*[file] * beside, *(message(number) for number in range(messages))]
        return len(lines_of(items_of(listed, hidden=[{"actor", "approver"}], stamped_before=stamped_before)))

    assert length(60) - length(40) == 6 * 20


@pytest.mark.parametrize("stamped_before", [{0, 30}, {0, 20, 40}], ids=str)
def test_of_channels_whose_messages_alternate_each_item_names_its_channel_and_no_times_of_stamps(
    stamped_before: set[int],
) -> None:
    def lines(messages: int) -> list[str]:
        listed = [message(number, channel_id=str(1_000_000_007 + number % 2)) for number in range(messages)]
        return lines_of(items_of(listed, hidden=[{"actor", "approver"}], stamped_before=stamped_before))

    assert len(lines(80)) - len(lines(60)) == 7 * 20
    assert sum("proven between:" in line for line in lines(80)) == len(stamped_before)


def test_what_all_items_share_is_told_once_and_what_differs_at_each() -> None:
    listed = [message(1), message(2, sender_name=None), message(3, channel_title="Another title")]
    lines = lines_of(items_of(listed, hidden=[{"actor", "approver"}], stamped_before={0}))
    common, first, second, third = "\n".join(lines).split("\n\n")[1:]
    assert common.splitlines() == [
        "The same for every item:",
        "  channel:               1234567890",
        "  channel type:          public supergroup",
        "  proven between:        2026-11-21 01:00:00 UTC and 2026-11-21 02:00:00 UTC",
        "  withheld:              who acted, who agreed",
    ]
    assert first.splitlines() == [
        "Item 1: log entry 60, event 00000000000000000000000000000000",
        "  message:               1001, posted (claimed) 2026-11-19 09:00:01 UTC",
        "  channel title:         A channel",
        "  account:               user55501, shown as someone",
        "  | Text 1",
        "  acquired (our clock):  2026-11-20 09:00:01 UTC",
    ]
    assert "  account number:        user55501" in second.splitlines()
    assert "  channel title:         Another title" in third.splitlines()


def test_one_item_alone_has_everything_in_its_own_lines() -> None:
    page = "\n".join(lines_of(items_of([message(1)])))
    assert "The same for" not in page
    assert "\n  channel:               1234567890\n  channel title:         A channel\n" in page
    assert "\n  proven: in the log by: 2026-11-21 01:00:00 UTC" in page


def test_items_of_one_channel_share_its_title_though_others_stand_between() -> None:
    listed = [message(at, channel_id=str(17 + at % 2), channel_title=f"Title {at % 2}") for at in range(6)]
    page = "\n".join(lines_of(items_of(listed)))
    assert page.count("Title 0") == page.count("Title 1") == 1
    assert "The same for every item of channel 17:\n  channel title:         Title 0\n" in page
    assert page.count("\n  channel:               17\n") == page.count("\n  channel:               18\n") == 3


def test_an_item_that_withholds_more_than_the_others_says_so() -> None:
    page = "\n".join(lines_of(items_of([message(1), message(2)], hidden=[{"actor"}, {"actor", "text"}])))
    assert page.count("\n  withheld:  ") == 1
    assert page.count("  also withheld:         text, as posted") == 1


def test_every_name_here_is_one_of_an_item_and_every_kind_of_message_has_a_label_that_fits() -> None:
    assert set(SCHEMAS["observed"].names) >= POOLS.keys()
    kinds = ("message", "edit", "deletion", "service", "file")
    assert all(len(WORDS.say(f"report.kind.{kind}")) < LABEL - 2 for kind in kinds)
