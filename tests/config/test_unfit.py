"""What pydantic says in English is said by the catalogue, for every constraint that our models have."""

from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.catalogues import _day, _OfficeFile, _web_address
from config.errors import LANGUAGE, Term, catalogue
from config.settings import (
    HostName,
    IpAddress,
    IpNetwork,
    MailAddress,
    ServerAddress,
    Settings,
    SiteAddress,
)
from config.unfit import _TERMS, wanted


def refusal(kind: object, value: object) -> ErrorDetails:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    return raised.value.errors(include_url=False)[0]


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (bool, "perhaps", "true or false"),
        (bool, [], "true or false"),
        (float, "x", "a number"),
        (float, [], "a number"),
        (int, "x", "a whole number"),
        (int, [], "a whole number"),
        (int, 1.5, "a whole number"),
        (dict[str, str], 1, "a table"),
        (Row, 1, "a table"),
        (list[str], 1, "a list"),
        (tuple[str, ...], 1, "a list"),
        (str, 1, "text"),
        (Row, {}, "a value"),
        (Row, {"name": "x", "colour": "red"}, "no such key"),
        (_OfficeFile.__annotations__["format"], "x", "one of 'nisisama/offices/1'"),
        (
            Annotated[str, AfterValidator(_web_address)],
            "ftp://x/",
            "an http or https address without a name or fragment",
        ),
        (HostName, "Mail:25", "the name of a host in small letters, without a port, such as mail.example.org"),
        (MailAddress, "ana", "a mail address, such as office@example.org"),
        (ServerAddress, "https://x/y", "an https address without a path or query"),
        (SiteAddress, "http://x/", "an https address without a query"),
        (IpAddress, "localhost", "an IP address, such as 127.0.0.1"),
        (IpNetwork, "*", "an IP address or a network, such as 192.0.2.0/24, but not the network of all addresses"),
        (Annotated[date, BeforeValidator(_day)], "yesterday", "a day, YYYY-MM-DD"),
        (Annotated[int, Field(gt=3)], 3, "more than 3"),
        (Annotated[int, Field(lt=3)], 3, "less than 3"),
        (Annotated[int, Field(ge=3)], 2, "3 or more"),
        (Annotated[int, Field(le=3)], 4, "3 or less"),
        (Annotated[str, Field(min_length=3)], "x", "a length of 3 or more"),
        (Annotated[list[int], Field(min_length=3)], [1], "a length of 3 or more"),
        (Annotated[str, Field(max_length=3)], "long", "a length of 3 or less"),
        (Literal["a", "b"], "c", "one of 'a' or 'b'"),
        (Annotated[str, Field(pattern="^x$")], "y", "the form ^x$"),
    ],
)
def test_what_was_wanted_is_said_by_the_catalogue(kind: object, value: object, said: str) -> None:
    assert str(wanted(refusal(kind, value))) == said


def test_every_code_of_the_table_has_words_and_was_tried() -> None:
    assert {code for code, _ in _TERMS.values()} <= catalogue(LANGUAGE).keys()


def test_what_pydantic_says_otherwise_is_quoted() -> None:
    details = refusal(bytes, 1)
    assert wanted(details) == Term("value.other", system="Input should be a valid bytes")
    assert str(wanted(details)) == '"Input should be a valid bytes"'


@pytest.mark.parametrize("model", [Settings, _OfficeFile])
def test_our_models_raise_nothing_but_what_the_table_has(model: type[BaseModel]) -> None:
    texts = str(model.model_json_schema())
    known = {"minimum", "maximum", "minLength", "maxLength", "minItems", "pattern", "enum", "const", "anyOf"}
    others = {"multipleOf", "format'", "maxItems", "uniqueItems"}
    assert any(name in texts for name in known)
    assert [name for name in others if f"'{name}'" in texts] == []
