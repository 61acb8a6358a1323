"""The same message from several sources: which items of a bundle they are, and in what they differ; none is preferred.

An export, the live watch and a saved page write one message in different words, so each is an observation of its own.
A value in which two differ is named; one that a source does not have, or that is withheld, says nothing against the
other. Two versions from one source are an edit, which the report shows as one. Pure; standard library only.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from casefiles.format.records import DisclosedLeaf
from evidence.canonical import Json
from evidence.observation import Kind

COMPARED = ("posted_at", "edited_at", "sender_id", "sender_name", "text", "reply_to", "forwarded_from", "action")
"""The values that say the same whatever source writes them."""
_MESSAGES = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)


@dataclass(frozen=True, slots=True)
class OtherSource:
    """Another item of a bundle that is the same message, from another source.

    Attributes:
        number: Its place in the report.
        differs: The values by NAME in which both say something, and not the same.
    """

    number: int
    differs: tuple[str, ...]


def differing(one: Mapping[str, Json], other: Mapping[str, Json]) -> tuple[str, ...]:
    """The NAMEs in which two records of one message say something, and not the same."""
    both = (name for name in COMPARED if one.get(name) is not None and other.get(name) is not None)
    return tuple(name for name in both if one[name] != other[name])


def sources_of(items: Sequence[DisclosedLeaf]) -> Mapping[int, tuple[OtherSource, ...]]:
    """The items of a report that are a message from another source too: log index -> the others, in order."""
    at: defaultdict[tuple[str, str], list[tuple[int, DisclosedLeaf]]] = defaultdict(list)
    for number, item in enumerate(items, start=1):
        channel, message = item.values.get("channel_id"), item.values.get("message_id")
        if item.values.get("kind") in _MESSAGES and isinstance(channel, str) and isinstance(message, str):
            at[channel, message].append((number, item))
    found = ((item.index, tuple(_others(item, here))) for here in at.values() for _, item in here)
    return {index: others for index, others in found if others}


def _others(item: DisclosedLeaf, here: Sequence[tuple[int, DisclosedLeaf]]) -> Iterator[OtherSource]:
    method = item.values.get("method")
    for number, other in here:
        if method is not None and other.values.get("method") not in (None, method):
            yield OtherSource(number, differing(item.values, other.values))
