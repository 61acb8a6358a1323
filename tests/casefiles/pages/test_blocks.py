"""A document for the typesetter is JSON of its blocks, each with its kind."""

import json

from casefiles.pages.blocks import Document, DrawnItem, Exhibit, FrontPage, Heading, Paragraph, encode_document


def test_each_block_says_what_it_is_and_text_stays_text() -> None:
    hostile = '#panic(1) ] $x$ "q" \\ ѓ'
    version = DrawnItem("Message", "Item 1", hostile, "5", "", [hostile], [], [("label", hostile)], gone=True)
    blocks = (Heading("1. Summary"), Paragraph(hostile, "1"), Exhibit("Exhibit", "drawn", [version]))
    document = Document("en", "latn", "org", "2026-11-21T09:00:00.000Z", "", "", "", FrontPage("T", "", (), ()), blocks)
    made = json.loads(encode_document(document))
    assert [block["is"] for block in made["blocks"]] == ["heading", "paragraph", "exhibit"]
    assert made["blocks"][1] == {"is": "paragraph", "text": hostile, "number": "1"}
    assert made["blocks"][2]["versions"][0]["rows"] == [["label", hostile]]
    assert made["blocks"][0]["on_new_page"] is False
