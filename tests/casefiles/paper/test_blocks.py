"""The blocks of a paper say for the typesetter what each of them is."""

import json
from dataclasses import fields

from casefiles.pages.blocks import encode_document
from casefiles.paper.blocks import ByHand, CodedDigest, NamedDigest, Paper, Side


def test_each_block_names_its_kind_and_keeps_its_texts() -> None:
    blocks = (ByHand(["Name"], at_foot=True), CodedDigest("says", "<svg/>", "alt", ["ab"]), NamedDigest("page", ["cd"]))
    side = Side("mk", "cyrl", (), "T", (), blocks)
    told = json.loads(encode_document(Paper("T", "o", "2026-11-21T09:00:00.123Z", "f", fits=True, sides=[side])))
    drawn = told["sides"][0]["blocks"]
    assert [each["is"] for each in drawn] == ["byhand", "codeddigest", "nameddigest"]
    assert drawn[0]["at_foot"] is told["fits"] is True
    assert told["sides"][0].keys() == {"is", *(field.name for field in fields(Side))}
