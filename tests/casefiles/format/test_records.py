import csv
import io
import json
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.format import layout
from casefiles.format.records import WITHHELD, _cell
from evidence.log.commit import read_disclosure
from tests.casefiles.forge import HELD_BACK, good_members
from tests.nonempty import nonempty

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in good_members()[name].decode("utf-8").splitlines()]


def test_each_row_says_what_its_disclosures_say_by_a_second_reading() -> None:
    # a slow, plain reference: no function of the writer, only the disclosures as they lie there
    members = good_members()
    shown = {line["index"]: line for line in map(json.loads, members[layout.ENTRIES].splitlines())}
    for row in nonempty(rows(layout.ITEMS_JSONL) + rows(layout.EVENTS_JSONL)):
        lines = shown[row["index"]]["disclosures"]
        leaf = json.loads(shown[row["index"]]["leaf"])
        disclosed = dict(read_disclosure(line) for line in lines if " " not in line)
        withheld = dict(line.split(" ") for line in lines if " " in line)
        assert row["values"] == disclosed
        assert row["withheld"] == sorted(withheld)
        digests = {name: urlsafe_b64encode(sha256(line.encode()).digest()) for line in lines for name in names_of(line)}
        whole = withheld | {name: digest.decode().rstrip("=") for name, digest in digests.items()}
        assert leaf["commit"] == sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert (row["after"], row["event"], row["type"]) == (leaf["after"], leaf["event"], leaf["type"])
        assert row["sealed"] == leaf["sealed"]


def names_of(line: str) -> tuple[str, ...]:
    return () if " " in line else (read_disclosure(line)[0],)


def test_items_are_what_was_observed_and_events_are_the_rest_in_the_order_of_the_log() -> None:
    assert {row["type"] for row in rows(layout.ITEMS_JSONL)} == {"observed"}
    assert {row["type"] for row in rows(layout.EVENTS_JSONL)} == {
        "log_opened",
        "case_opened",
        "hole",
        "case_item_added",
    }
    for name in (layout.ITEMS_JSONL, layout.EVENTS_JSONL):
        indexes = [int(str(row["index"])) for row in rows(name)]
        assert indexes == sorted(indexes)


def test_three_times_stand_apart_in_every_item() -> None:
    for row in nonempty(rows(layout.ITEMS_JSONL)):
        values = row["values"]
        assert isinstance(values, dict)
        assert values["posted_at"] < row["not_before"] < values["at"] < row["stamped_at"]


def test_the_table_for_people_has_the_items_with_what_is_withheld_marked() -> None:
    opened = io.StringIO(good_members()[layout.ITEMS_CSV].decode("utf-8-sig"), newline="")
    table = list(csv.DictReader(opened, delimiter=";"))
    exact = rows(layout.ITEMS_JSONL)
    assert len(table) == len(exact)
    for cells, row in zip(table, exact, strict=True):
        values = row["values"]
        assert isinstance(values, dict)
        assert cells["index"] == row["index"]
        assert cells["text"] == values["text"]
        assert {name for name, cell in cells.items() if cell == WITHHELD} == HELD_BACK
        assert cells["channel_title"] == "'" + values["channel_title"].replace("\u202e", "\\u202e")


@given(texts)
def test_no_cell_can_be_run_as_a_formula(text: str) -> None:
    assert not re.match(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", _cell(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cell_has_no_control_character_but_tabs_and_ends_of_lines(text: str) -> None:
    assert not re.search(r"[^\t\n\r\x20-\x7e\xa0-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]", _cell(text))


def test_a_control_character_is_spelled_out_in_a_cell() -> None:
    assert _cell("a\0b\x0b\x1b[31m\x7f\x85\u202e\u2066") == "a\\x00b\\x0b\\x1b[31m\\x7f\\x85\\u202e\\u2066"
    assert _cell("dy\r\n\trreshta \u010d\U0001f40d\u200d") == "dy\r\n\trreshta \u010d\U0001f40d\u200d"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_a_cell_that_looks_like_a_formula_is_told_apart_by_an_apostrophe(text: str) -> None:
    assert _cell(text) == "'" + text
