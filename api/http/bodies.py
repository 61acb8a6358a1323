"""How large a body may be, how long it may take, and what a key needs before it is read."""

from dataclasses import dataclass

from evidence.store.api_key import Scope

BODY_WITHIN_S = 60.0
"""How long a body may take to arrive if its route sets no limit of its own; if it does, how long each part may."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How large a body may be at some routes, how long it may take, and what a key needs before it is read.

    Attributes:
        begins: Beginning of the path.
        ends: Its end.
        every_case: The key must reach every case, and the disk must have room for the body.
    """

    begins: str
    most_bytes: int
    within_s: float = BODY_WITHIN_S
    scope: Scope | None = None
    every_case: bool = False
    ends: str = ""
