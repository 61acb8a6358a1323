"""Reports to draw, made of a real log in memory, and what is said on their pages."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from casefiles.bundle.members import make_payload
from casefiles.format import layout
from casefiles.pages.blocks import Document, FrontPage, PageBlock, encode_document
from casefiles.report.data import CaseReport, make_report
from tests.casefiles import forge

MADE_AT = "2026-11-21T09:00:00.123Z"


def report_of(
    *items: Mapping[str, Any],
    holes: Iterable[Mapping[str, Any]] = (),
    withhold: Iterable[str] = (),
    recognised: bool = False,
) -> CaseReport:
    """A report of messages that say these things, and of these holes."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(minutes=5))
    for number, changes in enumerate(items, start=1):
        log.add("observed", {**forge.item(number), **changes})
    if recognised:
        item = json.loads(log.leaves[-1])["event"]
        said = {"case": forge.CASE, "item": item, "given": "yes", "recognition": "seen", "date": "2026-11-20"}
        log.add("recognised", {**forge.act(forge.START + timedelta(hours=1)), **said, "language": "mk"})
    for hole in holes:
        log.add("hole", {**forge.act(forge.START + timedelta(hours=1)), **hole})
    forge.add_to_case(log)
    contents = forge.contents_of(log)
    shown = log.entries([entry.index for entry in contents.entries], withhold=frozenset(withhold))
    contents = forge.changed(contents, entries=shown)
    payload = make_payload(contents)
    case = json.loads(payload.members[layout.CASE])
    return make_report(case=case, records=payload.records, anchorage=payload.anchorage, log_key=contents.log_key)


def said(blocks: Iterable[PageBlock]) -> str:
    """All that blocks say, in one text."""
    document = Document("en", "latn", "", MADE_AT, "", "", "", FrontPage("", "", (), ()), tuple(blocks))
    return encode_document(document).decode("utf-8").replace("\u200b", "")
