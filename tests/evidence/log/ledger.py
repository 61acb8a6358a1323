"""A log of its own in one file, for tests that need no home."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.custody.event import Draft
from evidence.custody.pins import SealingTo
from evidence.custody.sequencer import Sequencer
from evidence.custody.turn import Turn
from evidence.log.leaf import Leaf, parse_leaf
from evidence.seal.recipients import HybridIdentity, generate_identity
from evidence.store import database
from evidence.store.database import open_engine, reading, sqlite_url, writing
from evidence.store.marks import SeenKey

ORIGIN = "prova/00c0ffee"
CASEWORK = generate_identity()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
SEEN = SeenKey(bytes(32))
NOBODY = {"actor": "ann", "at": "2026-01-01T00:00:00.000Z", "tool": "nisisama/0"}


@dataclass(frozen=True)
class Ledger:
    """A log with its writer; ``fresh`` gives a second writer, or one over another database."""

    engine: sa.Engine
    sequencer: Sequencer
    signed: Path
    casework: HybridIdentity = CASEWORK

    def leaves(self) -> list[Leaf]:
        with reading(self.engine) as connection:
            table = database.event
            leaves = connection.execute(sa.select(table.c.leaf).order_by(table.c.idx)).scalars()
            return [parse_leaf(bytes(leaf)) for leaf in leaves]

    def fresh(self, engine: sa.Engine | None = None) -> "Ledger":
        return _ledger(engine or self.engine, self.signed)


def new_ledger(folder: Path) -> Ledger:
    engine = open_engine(sqlite_url(folder / "log.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    return _ledger(engine, folder / "log.signed")


def _ledger(engine: sa.Engine, signed: Path) -> Ledger:
    turn = Turn(engine, signed.with_name("lock"))
    sequencer = Sequencer(
        turn=turn,
        origin=ORIGIN,
        key=KEY,
        sealing_to=SealingTo(CASEWORK.recipient, ()),
        seen=SEEN,
        signed=signed,
    )
    return Ledger(engine, sequencer, signed)


def case_opened(number: int = 1) -> Draft:
    return Draft("case_opened", NOBODY | {"case": f"case-{number:012x}"})
