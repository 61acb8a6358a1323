"""The linked data of a bundle say what its tables say, and nothing that is withheld."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from casefiles.bundle.members import make_payload
from casefiles.format import layout
from evidence.canonical import Value
from tests.casefiles import forge
from tests.nonempty import nonempty

FILE = {**forge.item(9), "kind": "file", "file_name": "a.jpg", "media_type": "image/jpeg", "position": "0"}


def linked(*items: Mapping[str, Value], withhold: frozenset[str] = frozenset()) -> bytes:
    """``case.jsonld`` of a bundle of these items."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START)
    for each in items:
        log.add("observed", each)
    forge.add_to_case(log)
    contents = forge.contents_of(log)
    shown = log.entries([entry.index for entry in contents.entries], withhold=withhold)
    return make_payload(replace(contents, entries=shown)).members[layout.CASE_JSONLD]


def graph(*items: Mapping[str, Value], withhold: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = json.loads(linked(*items, withhold=withhold))["@graph"]
    return nodes


def of_class(nodes: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [node for node in nodes if node["@type"].endswith(f":{kind}")]


def test_a_message_has_its_text_its_time_its_account_and_its_channel() -> None:
    nodes = graph(forge.item(1))
    (message,), (account,), (channel,) = (
        of_class(nodes, kind) for kind in ("Message", "DigitalAccount", "MessageThread")
    )
    (facet,) = message["uco-core:hasFacet"]
    assert facet["uco-observable:messageText"] == forge.item(1)["text"]
    assert facet["uco-observable:messageID"] == "1001"
    assert facet["uco-observable:from"] == {"@id": account["@id"]}
    assert facet["uco-observable:to"] == {"@id": channel["@id"]}
    assert facet["uco-observable:sentTime"] == {"@type": "xsd:dateTime", "@value": forge.item(1)["posted_at"]}


def test_a_file_has_its_digest_its_size_and_its_name() -> None:
    (file,) = of_class(graph(FILE), "File")
    named, content = file["uco-core:hasFacet"]
    assert named["uco-observable:fileName"] == "a.jpg"
    assert content["uco-observable:sizeInBytes"] == {"@type": "xsd:integer", "@value": "12345"}
    assert content["uco-observable:hash"]["uco-types:hashValue"]["@value"] == FILE["sha256"]


def test_each_item_is_an_exhibit_and_was_taken_in_once() -> None:
    nodes = graph(forge.item(1), forge.item(2), FILE)
    things = [*of_class(nodes, "Message"), *of_class(nodes, "File")]
    exhibits = of_class(nodes, "ProvenanceRecord")
    assert {each["uco-core:object"]["@id"] for each in exhibits} == {thing["@id"] for thing in things}
    assert [each["case-investigation:exhibitNumber"] for each in exhibits] == ["2", "3", "4"]
    assert len(of_class(nodes, "InvestigativeAction")) == 3
    assert len(of_class(nodes, "MessageThread")) == len(of_class(nodes, "DigitalAccount")) == 1


@pytest.mark.parametrize(
    "name", ["text", "sender_id", "sender_name", "channel_title", "file_name", "sha256", "posted_at", "method", "at"]
)
def test_what_is_withheld_is_not_there(name: str) -> None:
    items = ({**forge.item(1), "sender_id": "7740000001"}, {**FILE, "sender_id": "7740000001"})
    values = {json.dumps(value)[1:-1] for value in (items[0].get(name), items[1].get(name)) if isinstance(value, str)}
    told, kept = json.dumps(graph(*items)), json.dumps(graph(*items, withhold=frozenset({name})))
    assert any(value in told for value in nonempty(values))  # the control
    assert not any(value in kept for value in nonempty(values))


def test_text_that_is_not_unicode_is_left_to_the_tables() -> None:
    (channel,) = of_class(graph({**forge.item(1), "channel_title": {"b64": "_w"}}), "MessageThread")
    assert channel.keys() == {"@id", "@type"}


def test_every_name_is_there_once_and_every_reference_leads_to_one() -> None:
    nodes = graph(forge.item(1), forge.item(2), FILE)
    facets = [facet for node in nodes for facet in node.get("uco-core:hasFacet", ())]
    names = [node["@id"] for node in [*nodes, *facets]]
    assert len(set(names)) == len(names)
    referred = {part.partition('"')[0] for part in json.dumps(nodes).split('{"@id": "')[1:]}
    hashes = {facet["uco-observable:hash"]["@id"] for facet in facets if "uco-observable:hash" in facet}
    assert referred <= {*names, *hashes}


def test_the_same_records_give_the_same_bytes_and_another_log_other_names() -> None:
    assert graph(forge.item(1)) == graph(forge.item(1))
    assert graph(forge.item(1))[3]["@id"] != graph({**forge.item(1), "channel_id": "77"})[3]["@id"]
