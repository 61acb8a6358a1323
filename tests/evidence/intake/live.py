"""A log with its write path, fed by hand as a live source feeds it."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from evidence.authority import Doer
from evidence.content import message_sha256
from evidence.custody.sequencer import Also
from evidence.fingerprint.decoder import Decoder
from evidence.intake.keep import Intake, Kept
from evidence.intake.preserve import Preserver
from evidence.intake.sight import Provenance
from evidence.objects.local import LocalObjects
from evidence.observation import Hole, HoleReason, Kind, Medium, Mode, Observation
from evidence.seal.recipients import HybridIdentity, generate_identity
from evidence.store import database
from evidence.store.database import reading
from tests.evidence.log.ledger import ORIGIN, SEEN, Ledger, new_ledger

OFFICE, MATCHING = generate_identity(), generate_identity()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL = "42"


@dataclass
class Live:
    """A write path over one ledger."""

    folder: Path
    ledger: Ledger
    objects: LocalObjects
    intake: Intake
    office: HybridIdentity = OFFICE
    matching: HybridIdentity = MATCHING
    provenance: Provenance = field(
        default_factory=lambda: Provenance(Doer("ann", {"name": "test"}, NOW), "mila", "telegram", Mode.SEALED)
    )

    def keep(
        self,
        *contents: Observation | Hole,
        also: Also | None = None,
        by: str = "mila",
        method: str = "telegram",
        mode: Mode = Mode.SEALED,
    ) -> Kept:
        provenance = replace(self.provenance, declared_by=by, method=method, mode=mode)
        return self.intake.keep_batch(contents, provenance, also)

    def items(self) -> list[tuple[str, int | None]]:
        """Kind and message of every item, in the order of the log."""
        table = database.item
        with reading(self.ledger.engine) as connection:
            rows = connection.execute(sa.select(table.c.kind, table.c.message_id).order_by(table.c.idx))
            return [(row.kind, row.message_id) for row in rows]

    def kinds(self) -> list[str]:
        return [kind for kind, _number in self.items()]

    def holes(self) -> list[sa.Row[Any]]:
        with reading(self.ledger.engine) as connection:
            return list(connection.execute(sa.select(database.hole).order_by(database.hole.c.idx)))


@contextmanager
def live(folder: Path, ledger: Ledger | None = None, *, batch: int = 64) -> Iterator[Live]:
    ledger = ledger or new_ledger(folder)
    objects = LocalObjects(folder / "objects")
    if not (folder / "objects").exists():
        objects.create()
    with objects.pending() as pending, Decoder() as decoder:
        preserver = Preserver(
            objects=pending,
            decoder=decoder,
            origin=ORIGIN,
            office=OFFICE.recipient,
            matching=MATCHING.recipient,
        )
        intake = Intake(
            engine=ledger.engine,
            sequencer=ledger.sequencer,
            preserver=preserver,
            seen=SEEN,
            clock=lambda: NOW,
            batch=batch,
        )
        yield Live(folder, ledger, objects, intake)


def message(number: int, text: str = "words", *, kind: Kind = Kind.MESSAGE, **fields: Any) -> Observation:  # noqa: ANN401 - values of any kind
    values = {"sender_id": "user7", "sender_name": "Zogu", "text": text, "channel_type": "public_supergroup"}
    return Observation(
        kind,
        CHANNEL,
        number,
        NOW + timedelta(minutes=number),
        fields=values | fields,
        raw=repr((number, text, fields)).encode(),
        raw_type="application/json",
    )


def deletion(number: int) -> Observation:
    return Observation(Kind.DELETION, CHANNEL, number, None)


def file_of(
    carrier: Observation, content: bytes | Callable[[], AbstractContextManager[BinaryIO]], *, position: int = 0
) -> Observation:
    """A file of a message: its bytes, or what opens them."""
    values = {
        **carrier.fields,
        "channel_id": CHANNEL,
        "message_id": str(carrier.message_id),
        "kind": carrier.kind.value,
    }
    values |= {"posted_at": f"{carrier.posted_at:%Y-%m-%dT%H:%M:%S.000Z}"}
    name = f"photos/photo_{carrier.message_id}_{position}.jpg"
    opened = (lambda: nullcontext(io.BytesIO(content))) if isinstance(content, bytes) else content
    return Observation(
        Kind.FILE,
        CHANNEL,
        carrier.message_id,
        carrier.posted_at,
        fields={"file_name": name, "position": str(position), "message_sha256": message_sha256(values)},
        medium=Medium(name, opened),
    )


def hole(
    reason: HoleReason = HoleReason.DOWNTIME,
    *,
    since: datetime = NOW,
    until: datetime | None = None,
    lo: int | None = None,
    what: str = "",
) -> Hole:
    return Hole(CHANNEL, reason, since, lo, lo, what, until=until)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
