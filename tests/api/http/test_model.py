"""What a call brings is nothing that is not named; what it gets says why it has no time stamp yet."""

import pytest
from pydantic import ValidationError

from api.http.model import CallBody, warnings_of
from evidence.errors import HomeError, StampUnreachableError


def test_a_field_that_nobody_named_is_refused() -> None:
    with pytest.raises(ValidationError):
        CallBody.model_validate({"more": 1})


def test_a_warning_has_its_code() -> None:
    assert warnings_of(None) == []
    (warning,) = warnings_of(StampUnreachableError("stamp_unreachable.none_chosen", settings="x"))
    assert warning["code"] == "stamp_unreachable.none_chosen"


def test_a_warning_names_no_place_of_the_offices_machine() -> None:
    place = "/srv/office/nisisama.toml"
    for error in (
        StampUnreachableError("stamp_unreachable.none_chosen", settings=place),
        HomeError("home.look_not_logged", where=place),
    ):
        assert place in str(error) + str(error.facts)  # the control
        assert place not in str(warnings_of(error))
