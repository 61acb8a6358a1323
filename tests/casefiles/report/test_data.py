import dataclasses
import itertools
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.bundle.members import BundlePayload, describe, make_payload
from casefiles.errors import RecordsError
from casefiles.format.records import DisclosedLeaf
from casefiles.report.data import Cover, make_report, merged, spans_of
from casefiles.report.lines import WIDTH
from casefiles.report.said import Code, Moment, Unshown
from casefiles.report.text import render
from config.words import load_words
from evidence.canonical import Json, Value
from tests.casefiles import forge
from tests.casefiles.report.test_text import contents, data_of, report_data

NUMBERS = st.integers(min_value=0, max_value=40)


@given(st.lists(st.tuples(NUMBERS, NUMBERS).map(lambda both: (min(both), max(both)))))
def test_merged_spans_hold_the_same_numbers_in_as_few_spans_as_can_be(spans: list[tuple[int, int]]) -> None:
    def numbers(of: object) -> set[int]:
        return {number for lo, hi in of for number in range(lo, hi + 1)}  # type: ignore[attr-defined]

    found = merged(spans)
    assert numbers(found) == numbers(spans)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))


def test_numbers_are_told_as_spans() -> None:
    assert spans_of([3, 1, 2, 2, 7]) == ((1, 3), (7, 7))
    assert spans_of([]) == ()


def strings(value: object) -> list[str]:
    """Every text in a value of the report."""
    if dataclasses.is_dataclass(value):
        return [text for each in dataclasses.fields(value) for text in strings(getattr(value, each.name))]
    if isinstance(value, Mapping):
        return [text for both in value.items() for text in strings(both)]
    if isinstance(value, tuple | list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def test_the_data_hold_no_words_of_a_language() -> None:
    english = {text for text in load_words("en").texts.values() if isinstance(text, str) and " " in text}
    texts = strings(data_of(forge.small_log(3)))
    assert len(texts) > 50
    assert english & set(texts) == set()


def test_the_data_are_the_same_for_the_same_records_and_cannot_be_changed() -> None:
    one, other = (report_data(forge.small_contents()) for _ in range(2))
    assert one == other
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.rehearsal = False  # type: ignore[misc]


def test_the_cover_is_what_the_description_says() -> None:
    cover = data_of(forge.small_log(1)).cover
    assert cover == Cover(
        bundle="case-7-bundle-1",
        case="case-7",
        organisation="Test organisation",
        audience=Code("audience", "prosecutor"),
        purpose="criminal complaint",
        reason="asked for by the client's lawyer",
        created_at=Moment("2026-11-21T09:00:00.000Z"),
        tool="nisisama 0.1.0 (test)",
    )


def test_what_is_withheld_is_withheld_in_every_part() -> None:
    report = data_of(
        forge.small_log(3), withhold=frozenset({"actor", "kind", "hole", "lo", "hi", "since", "channel_id"})
    )
    assert report.taken_in.named["actor"] == (Unshown.WITHHELD,)
    assert {entry.who for entry in report.entries} == {Unshown.WITHHELD}
    assert all("kind" in item.withheld for item in report.items)
    (unseen,) = report.unseen
    assert (unseen.reason, unseen.channel, unseen.spans) == (Unshown.WITHHELD,) * 3
    assert unseen.since == (Unshown.WITHHELD,)


@pytest.mark.parametrize("odd", ["", "-1", "seven", "9" * 20, "\u0667", ["7"], {"lo": "7"}, None])
def test_a_hole_whose_span_is_not_two_numbers_is_refused(odd: Value) -> None:
    log = forge.small_log(1)
    log.add("hole", {**forge.act(forge.START), "channel_id": "17", "hole": "gap", "lo": "7", "hi": odd})
    with pytest.raises(RecordsError, match="two numbers"):
        data_of(log)


JSON = st.recursive(
    st.none() | st.sampled_from(["", "7", "file", "import", "\u202e"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["b64", "a"]), inner, max_size=2),
    max_leaves=4,
)


@cache
def parts() -> tuple[dict[str, Json], BundlePayload]:
    """A bundle's description and what it is made of."""
    made = contents(forge.small_log(2), withhold=frozenset({"actor"}), rehearsal=True)
    payload = make_payload(made)
    return describe(made, payload.records, payload.anchorage), payload


def odd(record: DisclosedLeaf, data: st.DataObject) -> DisclosedLeaf:
    return dataclasses.replace(record, values={name: data.draw(JSON) for name in record.values})


@pytest.mark.repeats
@given(st.data())
def test_values_of_any_shape_are_told_or_refused_with_a_name(data: st.DataObject) -> None:
    case, payload = parts()
    records = [
        dataclasses.replace(each, values={name: data.draw(JSON) for name in each.values}) for each in payload.records
    ]
    try:
        report = make_report(case=case, records=records, anchorage=payload.anchorage, log_key=str(forge.VKEY))
    except RecordsError:
        return
    lines = render(load_words("en"), report).splitlines()
    assert [line for line in lines if len(line) > WIDTH and str(forge.VKEY) not in line] == []
