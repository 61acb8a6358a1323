"""A case with its texts: the one way to records, and looking is logged first."""

from typing import Any

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events, require_case
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.errors import StampError
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading

_TOLD = (
    "kind", "channel_id", "channel_title", "message_id", "posted_at", "edited_at", "sender_id", "sender_name", "text",
    "reply_to", "forwarded_from", "action", "file_name", "media_type", "bytes", "sha256", "at",
)  # fmt: skip


def show_case(home: Home, case_id: str, doer: Doer, casework: Identity) -> tuple[dict[str, Any], StampError | None]:
    """The case and what its items say.

    Raises:
        UnknownItemError: There is no such case.
    """
    require_case(home.engine, case_id)
    table, held, cases = database.item, database.case_item, database.case_file
    of_case = sa.select(table.c.idx, table.c.item_id).join(held).where(held.c.case_id == case_id)
    with reading(home.engine) as connection:
        places = {row.idx: row.item_id for row in connection.execute(of_case)}
        case = connection.execute(sa.select(cases.c.idx, cases.c.opened_at).where(cases.c.case_id == case_id)).one()
    with home.writing() as writer:
        writer.sequencer.append([Draft("case_viewed", doer.values() | {"case": case_id})])
        unstamped = writer.beat()
    shown = [
        {"item_id": places[event.index]} | {name: event.record.values[name] for name in _TOLD}
        for event in open_events(home.engine, sorted(places), casework)
        if event.record
    ]
    (opening,) = open_events(home.engine, [case.idx], casework)
    reason = opening.record.values["reason"] if opening.record else None
    return {"case_id": case_id, "opened_at": case.opened_at, "reason": reason, "items": shown}, unstamped
