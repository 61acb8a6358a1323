"""A reader of a bundle finds of each hole which item is the part that it misses, as the store does."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from casefiles.errors import RecordsError
from casefiles.format.records import DisclosedLeaf
from casefiles.report.received import received, require_received, unshown
from evidence.completeness import Receipt
from evidence.log.leaf import Leaf
from evidence.log.schema import FORMAT, NO_TOKEN
from evidence.observation import Mode
from tests.evidence.store.test_received import file, found, hole
from tests.receipts import Fact, facts, reading, said


def shown(listed: Sequence[Fact], *, withheld: Sequence[str] = ()) -> list[DisclosedLeaf]:
    """These events as a bundle shows them."""
    return [
        DisclosedLeaf(
            idx,
            Leaf(NO_TOKEN, "0" * 64, f"{idx:032x}", FORMAT, "log", {}, {}, kind),
            {name: value for name, value in values.items() if name not in withheld},
            tuple(sorted(values.keys() & set(withheld))),
        )
        for idx, (kind, values) in enumerate(listed)
    ]


@given(facts)
def test_a_reader_finds_what_a_plain_reading_of_every_pair_finds_and_the_store_too(listed: list[Fact]) -> None:
    receipts = received(shown(listed))
    assert {idx: (set(one.same), set(one.perhaps)) for idx, one in receipts.items()} == reading(listed)
    assert receipts == found(listed)


@pytest.mark.parametrize("text", ["one", "two"])
def test_a_message_that_came_later_is_what_was_missing_if_it_says_the_same(text: str) -> None:
    message = ("observed", said("7", "5", text) | {"mode": Mode.SEALED.value})
    listed = [hole("mode", position=None), message]
    assert received(shown(listed)) == ({0: Receipt(same=(1,))} if text == "one" else {}) == found(listed)
    assert received(shown(listed, withheld=["text"])) == {}


MISSED = [hole("missing_file"), hole("mode"), hole("gap"), file(Mode.SEALED)]


@pytest.mark.parametrize("name", ["hole", "position", "channel_id", "lo", "hi", "message_id", "mode", "kind"])
def test_what_is_withheld_tells_nothing(name: str) -> None:
    assert received(shown(MISSED)) == {0: Receipt(same=(3,)), 1: Receipt(same=(3,))}
    assert received(shown(MISSED, withheld=[name])) == {}


def test_without_the_identity_of_the_message_nobody_can_tell() -> None:
    perhaps = received(shown(MISSED, withheld=["message_sha256"]))
    assert perhaps == {0: Receipt(perhaps=(3,)), 1: Receipt(perhaps=(3,))}


def test_the_sender_says_of_what_the_reader_cannot_find() -> None:
    everything = {0, 1, 2, 99}
    assert unshown(shown(MISSED), everything - {2}) == []
    assert unshown(shown(MISSED, withheld=["position"]), {0, 1, 99}) == ["0", "1"]
    assert unshown(shown(MISSED[:3]), {1, 0}) == ["0", "1"]


@pytest.mark.parametrize(
    ("told", "records"),
    [
        (["0"], shown(MISSED)),
        (["2"], shown(MISSED[:3])),
        (["3"], shown([*MISSED[:3], file(Mode.METADATA_ONLY)])),
        (["4"], shown(MISSED[:3])),
        (["0"], shown([hole("missing_file", position=None)])),
        (["0"], shown([("hole", {**MISSED[0][1], "hi": "6"})])),
        (["1", "0"], shown(MISSED[:3])),
        (["0", "0"], shown(MISSED[:3])),
    ],
    ids=["an item that is shown", "a gap", "an item", "nothing", "no file", "a span", "out of order", "twice"],
)
def test_what_the_sender_cannot_say_is_refused(told: list[str], records: list[DisclosedLeaf]) -> None:
    with pytest.raises(RecordsError) as raised:
        require_received(records, told)
    assert raised.value.code == "records.received_of_no_such_hole"


def test_what_the_sender_can_say_is_taken() -> None:
    require_received(shown(MISSED), [])
    require_received(shown(MISSED[:3]), ["0", "1"])
    require_received(shown(MISSED, withheld=["hole"]), ["0", "1", "2"])
    require_received(shown([hole("missing_file", position=None)], withheld=["position"]), ["0"])
    require_received(shown([("hole", {**MISSED[0][1], "hi": "6"})], withheld=["hi"]), ["0"])
    one = shown(MISSED[:1])
    require_received([replace(one[0], index=7)], ["7"])
