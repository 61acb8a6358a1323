"""What a call brings is nothing that is not named; what it gets says why it has no time stamp yet."""

import pytest
from pydantic import ValidationError

from api.http.model import CallBody, warnings_of
from evidence.errors import StampUnreachableError


def test_a_field_that_nobody_named_is_refused() -> None:
    with pytest.raises(ValidationError):
        CallBody.model_validate({"more": 1})


def test_a_warning_has_its_code() -> None:
    assert warnings_of(None) == []
    (warning,) = warnings_of(StampUnreachableError("stamp_unreachable.none_chosen", settings="x"))
    assert warning["code"] == "stamp_unreachable.none_chosen"
