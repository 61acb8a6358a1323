import csv
import io
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import RecordsError
from casefiles.format import layout
from casefiles.format.layout import SCHEMA_NAMES
from casefiles.format.records import WITHHELD, _cell
from casefiles.format.schema import load_schema, require_schema
from evidence.log.commit import read_disclosure
from tests.casefiles.forge import HELD_BACK, good_members

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
    for row in rows(layout.ITEMS_JSONL) + rows(layout.EVENTS_JSONL):
        leaf = json.loads(members[f"data/log/{row['index']}.leaf"])
        lines = members[f"data/log/{row['index']}.disclosures"].decode("ascii").splitlines()
        told = dict(read_disclosure(line) for line in lines if " " not in line)
        withheld = dict(line.split(" ") for line in lines if " " in line)
        assert row["values"] == told
        assert row["withheld"] == sorted(withheld)
        digests = {name: urlsafe_b64encode(sha256(line.encode()).digest()) for line in lines for name in told_by(line)}
        whole = withheld | {name: digest.decode().rstrip("=") for name, digest in digests.items()}
        assert leaf["commit"] == sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert (row["after"], row["event"], row["type"]) == (leaf["after"], leaf["event"], leaf["type"])
        assert row["sealed"] == leaf["sealed"]


def told_by(line: str) -> tuple[str, ...]:
    return () if " " in line else (read_disclosure(line)[0],)


def test_items_are_what_was_observed_and_events_are_the_rest_in_the_order_of_the_log() -> None:
    assert {row["type"] for row in rows(layout.ITEMS_JSONL)} == {"observed"}
    assert {row["type"] for row in rows(layout.EVENTS_JSONL)} == {"log_opened", "imported", "hole"}
    for name in (layout.ITEMS_JSONL, layout.EVENTS_JSONL):
        indexes = [int(str(row["index"])) for row in rows(name)]
        assert indexes == sorted(indexes)


def test_three_times_stand_apart_in_every_item() -> None:
    for row in rows(layout.ITEMS_JSONL):
        told = row["values"]
        assert isinstance(told, dict)
        assert told["posted_at"] < row["not_before"] < told["at"] < row["stamped_at"]


def test_the_table_for_people_has_the_items_with_what_is_withheld_marked() -> None:
    table = list(csv.DictReader(io.StringIO(good_members()[layout.ITEMS_CSV].decode("utf-8"), newline="")))
    exact = rows(layout.ITEMS_JSONL)
    assert len(table) == len(exact)
    for cells, row in zip(table, exact, strict=True):
        told = row["values"]
        assert isinstance(told, dict)
        assert cells["index"] == row["index"]
        assert cells["text"] == told["text"]
        assert {name for name, cell in cells.items() if cell == WITHHELD} == HELD_BACK
        assert cells["channel_title"] == "'" + told["channel_title"].replace("\u202e", "\\u202e")


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


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(dict(load_schema(name)))


ABOUT = {
    "string": {"pattern", "minLength"},
    "array": {"items", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "propertyNames"},
}


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    inner = [schema[name] for name in ("items", "additionalProperties", "propertyNames", "not") if name in schema]
    inner += [one for name in ("properties", "$defs") for one in schema.get(name, {}).values()]
    for one in (*inner, *schema.get("anyOf", ())):
        if isinstance(one, dict):
            yield from subschemas(one)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_each_schema_names_its_type_before_what_is_about_one_type(name: str) -> None:
    for schema in subschemas(load_schema(name)):
        keywords = list(schema)
        for kind, about in ABOUT.items():
            for keyword in about & schema.keys():
                assert schema["type"] == kind
                assert keywords.index("type") < keywords.index(keyword)


def instances() -> list[tuple[str, object]]:
    members = good_members()
    found: list[tuple[str, object]] = [("case", json.loads(members[layout.CASE]))]
    found += [("item", row) for row in rows(layout.ITEMS_JSONL)]
    found += [("event", row) for row in rows(layout.EVENTS_JSONL)]
    found += [("leaf", json.loads(content)) for name, content in members.items() if name.endswith(".leaf")]
    return found


def test_every_record_fits_its_schema_by_another_program() -> None:
    for name, value in instances():
        jsonschema.Draft202012Validator(load_schema(name)).validate(value)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("case", {"audience": "everybody"}),
        ("case", {"format": "nisisama/bundle/2"}),
        ("case", {"reason": ""}),
        ("case", {"reason": None}),
        ("case", {"items": "03"}),
        ("case", {"items": "3\n"}),
        ("case", {"other": "x"}),
        ("case", {"checkpoint": {}}),
        ("case", {"checkpoint": "x"}),
        ("item", {"not_before": "yesterday"}),
        ("item", {"withheld": ["text", "text"]}),
        ("item", {"values": {"Text": "x"}}),
        ("item", {"values": {"text": 1}}),
        ("event", {"type": "observed"}),
    ],
)
def test_a_record_that_does_not_fit_its_schema_is_refused(name: str, change: dict[str, object]) -> None:
    value = next(value for kind, value in instances() if kind == name)
    assert isinstance(value, dict)
    require_schema(value, name, where="here")
    with pytest.raises(RecordsError, match="here"):
        require_schema({**value, **change}, name, where="here")


@given(st.data())
def test_our_reading_of_a_schema_is_that_of_another_program(data: st.DataObject) -> None:
    name, value = data.draw(st.sampled_from(instances()))
    assert isinstance(value, dict)
    damaged = dict(value)
    for key in data.draw(st.lists(st.sampled_from(sorted(damaged)), max_size=3)):
        damaged[key] = data.draw(values | st.sampled_from([1, True, "", "x\n", "A" * 64, ["a", "a"], {"Pdq": "x"}]))
    for key in data.draw(st.lists(st.sampled_from(sorted(value)), max_size=1)):
        damaged.pop(key)
    if data.draw(st.booleans()):
        damaged["other"] = None
    fits = jsonschema.Draft202012Validator(load_schema(name)).is_valid(damaged)
    try:
        require_schema(damaged, name, where="here")
    except RecordsError:
        ours = False
    else:
        ours = True
    # ECMA's $ does not match before a last newline, Python's does: there ours is the stricter
    assert ours == fits or (fits and "\n" in json.dumps(damaged, ensure_ascii=False).replace("\\n", "\n"))
