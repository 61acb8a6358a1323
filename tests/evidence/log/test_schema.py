"""Every event says who did it, and no name is in two places of one type."""

import pytest

from evidence.errors import LeafError, UnknownTypeError
from evidence.log.schema import SCHEMAS, require_names, schema_of

WHO = {"actor", "at", "reason", "authority", "approver", "tool"}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_type_has_each_name_once_and_those_of_its_act(kind: str) -> None:
    schema = SCHEMAS[kind]
    every = [*schema.subject, *schema.act, *schema.public]
    assert len(every) == len(set(every))
    assert set(every) >= WHO or (kind == "anchor" and schema.names == frozenset())
    assert schema_of(kind) is schema


def test_what_erasure_must_not_take_is_no_name_of_the_subject() -> None:
    assert [kind for kind, schema in SCHEMAS.items() if WHO & set(schema.subject)] == []


@pytest.mark.parametrize(("kind", "version"), [("nothing", "nisisama/event/1"), ("observed", "nisisama/event/9")])
def test_an_unknown_type_or_format_is_named(kind: str, version: str) -> None:
    with pytest.raises(UnknownTypeError) as raised:
        schema_of(kind, version)
    assert raised.value.found == f"{kind} of {version}"


def test_a_name_too_few_or_too_many_is_refused() -> None:
    schema = SCHEMAS["case_opened"]
    require_names(schema.names, schema, where="leaf 0")
    for names in (schema.names - {"case"}, schema.names | {"odd"}):
        with pytest.raises(LeafError) as raised:
            require_names(names, schema, where="leaf 0")
        assert raised.value.found in {"case", "odd"}
