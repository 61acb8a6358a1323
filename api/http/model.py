"""What the routes' own models share."""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.errors import warning_of
from config.errors import Explained

MULTIPART = "multipart/form-data"
"""How a form that may hold a file is sent (RFC 7578); the framework's document would say another kind."""
MOST_PARTS = 1000
"""Files of a form, and fields of it: what the framework reads."""


def _spelled_day(day: object) -> object:
    """The day, if it is spelled YYYY-MM-DD (RFC 3339, full-date); else numbers would pass as seconds since 1970."""
    if not isinstance(day, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
        raise ValueError("not YYYY-MM-DD")
    return day


SpelledDay = Annotated[dt.date, BeforeValidator(_spelled_day)]
"""A day that a call brings."""


class CallBody(BaseModel):
    """What a call brings: nothing that is not named."""

    model_config = ConfigDict(extra="forbid")


class AnswerBody(BaseModel):
    """What a call gets."""


def example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - of any model
    """For the ``model_config`` of a body: a whole, invented one, which the document of the API shows."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


NEXT_PAGE = {"cursor": "$response.body#/next"}
"""The parameter of ``links`` that leads to the page after this one."""


def links(**operations: dict[str, str]) -> dict[str, Any]:
    """Where an answer leads (OpenAPI 3.1, Link Object): operation -> its parameters, as expressions on the answer."""
    return {name: {"operationId": name, "parameters": given} for name, given in operations.items()}


class LoggedBody(AnswerBody):
    """What a call gets that logged something."""

    warnings: list[dict[str, Any]] = Field(description="Why what was logged has no signature or no time stamp yet")


def warnings_of(unstamped: Explained | None) -> list[dict[str, Any]]:
    """What an answer warns of: why what was logged has no signature or time stamp yet."""
    return [] if unstamped is None else [warning_of(unstamped)]
