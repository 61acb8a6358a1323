"""What the routes' own models share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.errors import Explained


class CallBody(BaseModel):
    """What a call brings: nothing that is not named."""

    model_config = ConfigDict(extra="forbid")


class AnswerBody(BaseModel):
    """What a call gets."""


class LoggedBody(AnswerBody):
    """What a call gets that logged something."""

    warnings: list[dict[str, Any]] = Field(description="Why what was logged has no signature or no time stamp yet")


def warnings_of(unstamped: Explained | None) -> list[dict[str, Any]]:
    """Why what was logged has no signature or time stamp yet, for a program."""
    return [] if unstamped is None else [unstamped.as_json()]
