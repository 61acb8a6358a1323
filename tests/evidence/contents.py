"""Contents of every kind that the tables allow, as strategies."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from evidence.content import (
    COUNTED,
    COUNTERS,
    ENTITY_FIELDS,
    PARTS,
    Content,
    Entity,
    Field,
    Form,
    Link,
    Number,
    NumberKind,
    Part,
    Person,
    Piece,
    Span,
)

SECRET = "PLANTED"
"""In every link, person and number that is made here, and nowhere else."""

texts = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: SECRET not in text)
planted = texts.map(lambda text: SECRET + text)
codes = st.sampled_from(("a", "b_1", "photo", "2"))
links = planted.map(Link)
people = st.builds(Person, id=st.none() | planted, name=planted, username=st.none() | planted)
numbers = st.builds(Number, st.sampled_from(NumberKind), planted)
spans = st.builds(Span, st.integers(0, 99), st.integers(0, 99))
SIMPLE: Mapping[Form, st.SearchStrategy[Any]] = {
    Form.TEXT: texts | st.just({"b64": "AA"}) | st.just(["a", {"stripped": "9"}]),
    Form.CODE: codes,
    Form.INTEGER: st.integers(-(2**63), 2**63).map(str),
    Form.FRACTION: st.decimals(-90, 90, places=6).map(str),
    Form.FLAG: st.sampled_from(("yes", "no")),
    Form.TIME: st.just("2026-11-25T00:00:00.000Z"),
    Form.SPAN: spans,
    Form.LINK: links,
    Form.PERSON: people,
    Form.NUMBER: numbers,
}


def some_fields(forms: Mapping[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the fields, so that kinds with sixty of them are made in time."""
    chosen = st.lists(st.sampled_from(sorted(forms)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: values_of(forms[name]) for name in names}))


def values_of(form: Field) -> st.SearchStrategy[Any]:
    if form.form is Form.WORDS:
        one: st.SearchStrategy[Any] = words
    elif isinstance(form.form, Form):
        one = SIMPLE[form.form]
    else:
        one = parts(form.form)
    return st.lists(one, max_size=3).map(tuple) if form.many else one


entity_fields = some_fields(ENTITY_FIELDS)
words = st.deferred(
    lambda: st.lists(texts.filter(bool) | st.builds(Piece, codes, words, entity_fields), min_size=1, max_size=3)
).map(tuple)


def parts(kind: str) -> st.SearchStrategy[Part]:
    return some_fields(PARTS[kind]).map(lambda fields: Part(kind, fields))


def any_of(kinds: list[str]) -> st.SearchStrategy[tuple[Part, ...]]:
    return st.lists(st.sampled_from(kinds).flatmap(parts), max_size=4).map(tuple)


contents = st.builds(
    Content,
    text=st.none() | texts,
    entities=st.lists(st.builds(Entity, codes, spans, entity_fields), max_size=3).map(tuple),
    parts=any_of(sorted(PARTS.keys() - COUNTED)),
    counters=any_of(list(COUNTERS)),
)
