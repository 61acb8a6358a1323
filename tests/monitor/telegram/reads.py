"""Messages of the layer, read as the collector reads them."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from telethon.tl import TLObject, types

from evidence.content import Content, join_content
from evidence.observation import Hole, HoleReason, Kind, Observation
from monitor.telegram.content import contents_of
from monitor.telegram.peers import Peers

SEEN = datetime(2026, 2, 1, tzinfo=UTC)
RAW = b"as received"
RAW_TYPE = "application/x-telegram-tl; layer=229"
PEERS = Peers.of(
    [
        types.User(3, first_name="K"),
        types.User(77, first_name="Mira", last_name="N", username="mira"),
        types.User(78, deleted=True),
    ],
    [
        types.Channel(42, "Hedge", types.ChatPhotoEmpty(), None, broadcast=True, username="hedge"),
        types.Channel(5, "Elsewhere", types.ChatPhotoEmpty(), None, megagroup=True),
        types.Chat(9, "Old group", types.ChatPhotoEmpty(), 3, None, 1),
    ],
)


def read(message: TLObject, *, self_destructing: bool = False, peers: Peers = PEERS) -> list[Observation | Hole]:
    return contents_of(
        message,
        peers,
        raw=RAW,
        raw_type=RAW_TYPE,
        channel_id="42",
        seen_at=SEEN,
        fetch=lambda file: io.BytesIO(file.identity.encode()),
        self_destructing=self_destructing,
    )


def seen(message: TLObject, **options: Any) -> Observation:  # noqa: ANN401 - of ``read``
    first = read(message, **options)[0]
    assert isinstance(first, Observation)
    return first


def content(message: TLObject) -> Content:
    return join_content(seen(message).fields)


def parts(message: TLObject, kind: str) -> list[Mapping[str, Any]]:
    said = content(message)
    assert isinstance(said.parts, tuple)
    assert isinstance(said.counters, tuple)
    return [one.fields for one in (*said.parts, *said.counters) if one.kind == kind]


def holes(message: TLObject, **options: Any) -> list[tuple[HoleReason, str]]:  # noqa: ANN401 - of ``read``
    return [(one.reason, one.what) for one in read(message, **options) if isinstance(one, Hole)]


def files(message: TLObject, **options: Any) -> list[Observation]:  # noqa: ANN401 - of ``read``
    return [one for one in read(message, **options) if isinstance(one, Observation) and one.kind is Kind.FILE]
