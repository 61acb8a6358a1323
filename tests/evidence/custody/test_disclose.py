"""What is written as a disclosure is what a reader accepts."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.custody.disclose import commit_each, disclose_each
from evidence.errors import CanonicalError, CommitmentError
from evidence.log.commit import commitment, read_disclosure
from evidence.log.schema import SCHEMAS
from tests.disclosing import disclose as disclose_plainly
from tests.disclosing import salt

SECRET = bytes(range(32))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
values = st.recursive(st.none() | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner))


def disclose(secret: bytes, name: str, value: object) -> str:
    return disclose_each(secret, {name: value})[name]  # type: ignore[dict-item]


@pytest.mark.repeats
@given(st.binary(min_size=32, max_size=32), st.dictionaries(names, values, max_size=8))
def test_what_is_made_together_is_what_each_would_be_alone(secret: bytes, said: dict[str, object]) -> None:
    made = disclose_each(secret, said)  # type: ignore[arg-type]
    assert made == {name: disclose_plainly(secret, name, value) for name, value in said.items()}  # type: ignore[arg-type]
    assert commit_each(made) == {name: commitment(disclosure) for name, disclosure in made.items()}


@pytest.mark.parametrize("event_type", SCHEMAS)
def test_every_name_of_a_type_is_disclosed_as_the_format_says(event_type: str) -> None:
    names = sorted(SCHEMAS[event_type].names)
    made = disclose_each(SECRET, dict.fromkeys(names))
    assert made == {name: disclose_plainly(SECRET, name, None) for name in names}


@given(values)
def test_a_reader_that_knows_no_more_than_json_sees_salt_name_and_value(value: object) -> None:
    text = disclose(SECRET, "text", value)
    triple = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert triple == [base64.urlsafe_b64encode(salt(SECRET, "text")).decode().rstrip("="), "text", value]
    assert read_disclosure(text) == ("text", value)


def test_another_name_or_secret_gives_another_salt() -> None:
    assert len({disclose(*each, None)[:20] for each in [(SECRET, "a"), (SECRET, "b"), (bytes(32), "a")]}) == 3


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_secret_of_another_length_writes_nothing(secret: bytes) -> None:
    with pytest.raises(CommitmentError):
        disclose(secret, "text", None)


def test_what_a_reader_would_refuse_is_not_written() -> None:
    deep: object = None
    for _ in range(200):
        deep = [deep]
    for name, value in (("text", deep), ("not a name", None)):
        with pytest.raises(CommitmentError):
            disclose(SECRET, name, value)  # type: ignore[arg-type]
    with pytest.raises(CanonicalError):
        disclose(SECRET, "text", 1)  # type: ignore[arg-type]
