"""A store with prints alone, without pictures: what a library reads, made in milliseconds."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.prints import Prints
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url, writing

ALL = (1 << 256) - 1
BASE = int("96" * 32, 16)


def prints(
    number: int,
    *,
    sha256: str = "aa" * 32,
    md5: str = "0" * 32,
    quality: int = 100,
    turned: tuple[int, ...] | None = None,
    trims: tuple[tuple[int, ...], ...] = (),
) -> Prints:
    """Prints whose upright hash is ``number``; the other orientations are far from everything unless given."""
    place = {"left": 0, "top": 0, "width": 50, "height": 50, "quality": 100}
    reply = {
        "width": 100,
        "height": 100,
        "media_type": "image/png",
        "first_frame_only": False,
        "pdq": spelled(number, *(turned or [number ^ ALL] * 7)),
        "quality": quality,
        "phash": "0" * 16,
        "trimmed": [place | {"pdq": spelled(*trim)} for trim in trims],
        "versions": {},
    }
    return Prints.of_file(sha256=sha256, md5=md5, picture=Decoded(reply, sandbox=""))


def spelled(*numbers: int) -> list[str]:
    return [f"{each:064x}" for each in numbers]


def digests_only(sha256: str) -> Prints:
    return Prints.of_file(sha256=sha256, md5="0" * 32, picture=None)


class Shelf:
    """A database to which files are added."""

    def __init__(self, folder: Path, matching: KeyIdentity) -> None:
        self.engine = open_engine(sqlite_url(folder / "shelf.db"))
        self.matching = matching
        database.metadata.create_all(self.engine)
        self.count = 0

    def add(self, *stored: Prints, seen: bytes | None = None, mode: str = "sealed") -> None:
        """Files of which each is a thing of its own, or all are the one that is known by ``seen``."""
        with writing(self.engine) as connection:
            for each in stored:
                mark = seen or self.count.to_bytes(32)
                row = {"idx": self.count, "item_id": f"{self.count:032x}", "seen": mark, "kind": "file"}
                row |= {"channel_id": "-1", "message_id": 7, "acquired_at": "2026-01-01T00:00:00.000Z", "mode": mode}
                connection.execute(sa.insert(database.event), {"idx": self.count, "leaf": b"leaf"})
                connection.execute(sa.insert(database.item), row)
                body = seal_whole(each.sealing_bytes(), recipients=(self.matching.recipient,))
                connection.execute(sa.insert(database.sealed), {"idx": self.count, "name": "prints", "body": body})
                self.count += 1

    def remove(self, entries: Iterable[int]) -> None:
        """What erasure does to the rows of items."""
        table = database.sealed.c
        with writing(self.engine) as connection:
            connection.execute(sa.delete(database.sealed).where(table.idx.in_(list(entries))))

    def segments(self) -> list[bytes]:
        with self.engine.connect() as connection:
            table = database.print_segment
            return [
                bytes(body) for body in connection.execute(sa.select(table.c.body).order_by(table.c.first)).scalars()
            ]
