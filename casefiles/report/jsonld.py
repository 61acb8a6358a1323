"""The bundle in the words of CASE 1.5.0 and UCO (caseontology.org), as JSON-LD: for programs of investigators.

It says what the tables say of the items, from the same records, and nothing else: where a value is withheld, its
property is not there. No picture and no print of one has a place in it. Names of things are UUIDs (RFC 9562, version 5)
made of the log's name and the entry's, so that the same records give the same bytes. Standard library only.
"""

import functools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from casefiles.format.records import ITEM, DisclosedLeaf, ProvenTimes
from evidence.canonical import Json, jcs

_CONTEXT: Mapping[str, Json] = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_FILE = "file"
_NAMES_KNOWN = 512
"""Names that are not made again: of what stands in every item, and of the items that come one behind the other."""


def investigation(*, case: Mapping[str, Json], records: Sequence[DisclosedLeaf], anchorage: ProvenTimes) -> bytes:
    """The report's items as ``case.jsonld``: one graph, in canonical JSON.

    Args:
        case: ``case.json``, which fits its schema.
        records: Every record of the bundle, in the order of the log.
    """
    # node by node: all nodes of ten thousand items at once take ten times the memory of what they are spelled as
    nodes = b",".join(map(jcs, _nodes(case, records, anchorage)))
    return b'{"@context":%b,"@graph":[%b]}' % (jcs(dict(_CONTEXT)), nodes)


def _nodes(
    case: Mapping[str, Json], records: Sequence[DisclosedLeaf], anchorage: ProvenTimes
) -> Iterator[dict[str, Json]]:
    names = _Names(str(case["log"]))
    yield from _frame(case, names)
    seen = set[str]()
    for record in records:
        if record.leaf.type == ITEM:
            for node in _item(record, anchorage, names):
                # a channel and an account are told once, as the first item that shows them has them
                if node["@id"] not in seen:
                    seen.add(node["@id"])
                    yield node


class _Names:
    """Names of things, each from what they are and where the log has them."""

    def __init__(self, log: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"nisisama:{log}")
        self._known = functools.lru_cache(_NAMES_KNOWN)(self._made)

    def of(self, *parts: str) -> str:
        """The name of one thing."""
        return self._known(" ".join(parts))

    def _made(self, parts: str) -> str:
        return f"urn:uuid:{uuid.uuid5(self._space, parts)}"

    def thing(
        self, parts: Sequence[str], kind: str, facets: Mapping[str, Mapping[str, Json]] = MappingProxyType({})
    ) -> dict[str, Json]:
        """A thing that was observed, of a class of UCO, with its facets by the classes of these."""
        had = [
            {"@id": self.of("facet", name, *parts), "@type": f"uco-observable:{name}Facet", **said}
            for name, said in facets.items()
        ]
        return {
            "@id": self.of(*parts),
            "@type": f"uco-observable:{kind}",
            **({"uco-core:hasFacet": had} if had else {}),
        }


def _frame(case: Mapping[str, Json], names: _Names) -> Iterator[dict[str, Json]]:
    """Investigation, organisation and program."""
    rehearsal = ["Rehearsal, not for court."] if case["rehearsal"] != "no" else []
    yield {
        "@id": names.of("case", str(case["case"])),
        "@type": "case-investigation:Investigation",
        "uco-core:name": case["case"],
        "uco-core:description": [*rehearsal, f"Bundle {case['bundle']}; log {case['log']}."],
    }
    yield {
        "@id": names.of("organisation"),
        "@type": "uco-identity:Organization",
        "uco-core:name": case["organisation"],
    }
    yield {"@id": names.of("tool"), "@type": "uco-tool:Tool", "uco-core:name": case["tool"]}


def _item(record: DisclosedLeaf, anchorage: ProvenTimes, names: _Names) -> Iterator[dict[str, Json]]:
    """What was observed, where and from whom; how it was taken in; and its place in the log."""
    values, event = record.values, record.leaf.event_id
    thing = ("item", event)
    channel, account = _text(values.get("channel_id")), _text(values.get("sender_id"))
    if channel is not None:
        yield names.thing(("channel", channel), "MessageThread") | _some("uco-core:name", values.get("channel_title"))
    if account is not None:
        facets = {"Account": {"uco-observable:accountIdentifier": account}}
        if shown := _some("uco-observable:displayName", values.get("sender_name")):
            facets["DigitalAccount"] = shown
        yield names.thing(("account", account), "DigitalAccount", facets)
    if values.get("kind") == _FILE:
        yield names.thing(thing, "File", _of_file(values, names.of("hash", event)))
    else:
        yield names.thing(thing, "Message", {"Message": _of_message(values, names)})
    yield _acquisition(record, names)
    after, by = anchorage.bounds.made_after(record.leaf.after), anchorage.bounds.in_log_by(record.index).by
    place = f"Entry {record.index} of the log, event {event}: made after {after or '-'}, in it by {by}."
    yield {
        "@id": names.of("provenance", event),
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": str(record.index),
        "uco-core:description": place,
        "uco-core:object": {"@id": names.of(*thing)},
    }


def _of_message(values: Mapping[str, Json], names: _Names) -> dict[str, Json]:
    account, channel = _text(values.get("sender_id")), _text(values.get("channel_id"))
    said = {
        **_some("uco-observable:messageID", values.get("message_id")),
        **_some("uco-observable:messageText", values.get("text")),
        **_some("uco-observable:messageType", values.get("kind")),
    }
    if account is not None:
        said["uco-observable:from"] = {"@id": names.of("account", account)}
    if channel is not None:
        said["uco-observable:to"] = {"@id": names.of("channel", channel)}
    if (posted := _text(values.get("posted_at"))) is not None:
        said["uco-observable:sentTime"] = _typed("dateTime", posted)
    return said


def _of_file(values: Mapping[str, Json], hash_name: str) -> dict[str, dict[str, Json]]:
    size = _text(values.get("bytes"))
    length = {} if size is None else {"uco-observable:sizeInBytes": _typed("integer", size)}
    content = _some("uco-observable:mimeType", values.get("media_type")) | length
    if (digest := _text(values.get("sha256"))) is not None:
        content["uco-observable:hash"] = {
            "@id": hash_name,
            "@type": "uco-types:Hash",
            "uco-types:hashMethod": "SHA256",
            "uco-types:hashValue": _typed("hexBinary", digest),
        }
    return {"File": _some("uco-observable:fileName", values.get("file_name")) | length, "ContentData": content}


def _acquisition(record: DisclosedLeaf, names: _Names) -> dict[str, Json]:
    values, event = record.values, record.leaf.event_id
    at, method = _text(values.get("at")), _text(values.get("method"))
    return {
        "@id": names.of("acquisition", event),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": "taken in",
        **({} if method is None else {"uco-core:description": f"Method: {method}."}),
        **({} if at is None else {"uco-action:startTime": _typed("dateTime", at)}),
        "uco-action:performer": {"@id": names.of("organisation")},
        "uco-action:instrument": {"@id": names.of("tool")},
        "uco-action:result": [{"@id": names.of("item", event)}, {"@id": names.of("provenance", event)}],
    }


def _some(name: str, value: Json) -> dict[str, Json]:
    return {} if (text := _text(value)) is None else {name: text}


def _text(value: Json) -> str | None:
    """A value that is a text; text that is not valid Unicode has no place here, and the tables have it."""
    return value if isinstance(value, str) else None


def _typed(kind: str, value: str) -> dict[str, Json]:
    return {"@type": f"xsd:{kind}", "@value": value}
