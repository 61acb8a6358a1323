"""The schemas in a bundle are JSON schemas, and our reading of them is that of another program."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casefiles.errors import RecordsError
from casefiles.format import layout
from casefiles.format.layout import SCHEMA_NAMES
from casefiles.format.schema import _compiled, _fits, load_schema, require_schema, schema_bytes
from evidence.canonical import jcs
from evidence.content import Content, split_content
from tests.casefiles.forge import good_members
from tests.casefiles.format import content_schema
from tests.evidence.contents import contents
from tests.nonempty import nonempty

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


values = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in good_members()[name].decode("utf-8").splitlines()]


ABOUT = {
    "string": {"pattern", "minLength"},
    "array": {"items", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "propertyNames"},
}


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(dict(load_schema(name)))


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    inner = [schema[name] for name in ("items", "additionalProperties", "propertyNames", "not") if name in schema]
    inner += [one for name in ("properties", "$defs") for one in schema.get(name, {}).values()]
    for one in (*inner, *schema.get("anyOf", ())):
        if isinstance(one, dict):
            yield from subschemas(one)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_each_schema_names_its_type_before_what_is_about_one_type(name: str) -> None:
    for schema in nonempty(subschemas(load_schema(name))):
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
    found += [("entry", line) for line in rows(layout.ENTRIES)]
    found += [("stamp", line) for line in rows(layout.STAMPS)]
    found += [("leaf", json.loads(str(line["leaf"]))) for line in rows(layout.ENTRIES)]
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
        ("entry", {"leaf": ""}),
        ("stamp", {"checkpoint": ""}),
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
    root = load_schema(name)
    assert ours == _compiled(name)(damaged) == _fits(damaged, root, root)
    # ECMA's $ does not match before a last newline, Python's does: there ours is the stricter
    assert ours == fits or (fits and "\n" in json.dumps(damaged, ensure_ascii=False).replace("\\n", "\n"))


# --- what a message says ---------------------------------------------------------------------


def test_the_schema_of_the_content_is_that_of_the_tables() -> None:
    assert schema_bytes("content") == content_schema.spelled()


@pytest.mark.repeats
@settings(deadline=None, max_examples=10)
@given(contents)
def test_every_content_fits_its_schema_and_ours_agrees_with_a_full_implementation(content: Content) -> None:
    content_values = json.loads(jcs(split_content(content)))
    require_schema(content_values, "content", where="content")
    jsonschema.validate(content_values, dict(load_schema("content")))


@pytest.mark.every(3)
@pytest.mark.parametrize(
    "content_values",
    [
        {"text": ["a", {"number": "5"}]},
        {"links": ["https://example.org"]},
        {"people": [{"id": "user1", "age": "5"}]},
        {"numbers": [{"kind": "pigeon", "number": "5"}]},
        {"entities": [{"type": "bold", "offset": "0"}]},
        {"content": [{"kind": "hologram"}]},
        {"counters": [{"kind": "views", "count": "-0"}]},
        {"content": [{"kind": "poll", "votes": "5"}]},
        {"content": [{"kind": "contact", "person": {"name": "in place"}}]},
        {"content": [{"kind": "views", "count": "5"}]},
        {"counters": [{"kind": "poll"}]},
        {"media": ["photos/a.jpg"]},
    ],
)
def test_another_content_does_not_fit(content_values: dict[str, Any]) -> None:
    assert not _compiled("content")(content_values)
    with pytest.raises(RecordsError):
        require_schema(content_values, "content", where="content")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content_values, dict(load_schema("content")))


def takes(form: str, text: str) -> bool:
    return _fits(text, load_schema("event")["$defs"][form], load_schema("event"))


@given(st.dates() | st.just(date(1900, 2, 28)), st.integers(-1, 32), st.integers(0, 13))
def test_a_day_of_a_time_or_date_exists(day: date, number: int, month: int) -> None:
    odd = f"{day.year:04}-{month:02}-{max(number, 0):02}"
    try:
        date.fromisoformat(odd)
        exists = True
    except ValueError:
        exists = False
    assert takes("date", day.isoformat())
    assert takes("date", odd) is takes("time", f"{odd}T23:59:59.999Z") is exists
    assert not takes("date", f"0000-{month:02}-01")


@given(st.integers(0, 2**64) | st.sampled_from([0, 9, 10, 2**63 - 2, 2**63 - 1, 2**63, 10**18, 10**19]))
def test_a_number_has_the_range_of_the_page(number: int) -> None:
    assert takes("decimal", str(number)) is (number < 2**63)
    assert takes("integer", str(-number)) is (number < 2**63)
    assert takes("id", f"user{number}") is takes("id", str(number)) is (number < 2**63)
    assert not takes("decimal", f"0{number}")
