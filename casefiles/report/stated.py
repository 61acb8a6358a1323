"""Which statements of the client stand: that she recognises an item, until she takes that back or ends her consent.

One rule, for a case as the office shows it and for a bundle as its reader does. Pure; standard library only.
"""

from collections.abc import Iterable, Mapping, Sequence

from evidence.canonical import Json

RECOGNISED, CONSENT = "recognised", "consent"


def standing(events: Iterable[tuple[int, str, Mapping[str, Json]]]) -> Mapping[str, Sequence[int]]:
    """The client's statements that the report shows as standing, by log index, of each item.

    What was taken back does not come back by itself.

    Args:
        events: Log index, type and values of the consents and statements of one case, in the order of the log.
    """
    stated: dict[str, list[int]] = {}
    for index, kind, values in events:
        given, item = values.get("given"), values.get("item")
        if kind == CONSENT and given != "yes":  # one that withholds it may have ended her consent
            stated.clear()
        elif kind == RECOGNISED and isinstance(item, str):
            if given == "yes":
                stated.setdefault(item, []).append(index)
            else:
                stated.pop(item, None)
    return stated
