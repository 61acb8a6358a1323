"""Erasing, and looking through everything that a home has for what should be gone."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.audit import run_audit
from api.office.erase import Erased, ErasureCause, ErasureWish, erase_items
from api.office.hotline import HotlineWish, WrittenHotline, write_hotline
from evidence.authority import Doer
from evidence.finding import Finding
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.database import reading
from tests.homes import PASSPHRASE, doer

COUNSEL = "A. Counsel, on 2 January: destroy it once it is reported."


def erase_now(
    home: Home,
    *items: str,
    case: str | None = None,
    cause: ErasureCause = ErasureCause.WITHDRAWN,
    by: Doer | None = None,
) -> Erased:
    """Erase items with two persons at once; of a child's, counsel has answered."""
    counsel = COUNSEL if cause is ErasureCause.CHILD else None
    done = erase_items(home, ErasureWish(items, cause, case, counsel), by or doer(home), home.keys.unlock(PASSPHRASE))
    assert isinstance(done, Erased)
    return done


def report_now(home: Home, *items: str) -> WrittenHotline:
    """Make the sheet for a hotline, of these items or of all that is frozen; it is not typeset."""
    out = home.path.parent / f"hotline-{secrets.token_hex(4)}.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.office.hotline.hotline_pages", lambda *_: b"%PDF-")
        wish = HotlineWish(out, items)
        return write_hotline(home, wish, doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)


def problems_of(home: Home, *, passphrase: str | None = PASSPHRASE) -> list[Finding]:
    done = run_audit(home, level=3, against=None, passphrase=passphrase, progress=lambda _read: None)
    return list(done.report.problems)


@dataclass(frozen=True)
class ErasedTraces:
    """What is of some items: bytes as they lie in files, and words that a key would open.

    Attributes:
        raw: By what it is.
        opened: Plaintext.
    """

    raw: Mapping[str, bytes]
    opened: Mapping[str, bytes]

    def in_files(self, *folders: Path) -> set[str]:
        """Those whose bytes, or whose name, are anywhere below these folders."""
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        contents = [file.read_bytes() for file in files]
        names = "\n".join(str(file) for file in files).encode()
        return {name for name, each in self.raw.items() if any(each in content for content in [names, *contents])}

    def opened_by_keys(self, home: Home) -> set[str]:
        """Those that somebody with the passphrase still finds in a sealed row."""
        plain = list(opened_rows(home))
        return {name for name, each in self.opened.items() if any(each in row for row in plain)}


def opened_rows(home: Home) -> Iterable[bytes]:
    keys = home.keys.unlock(PASSPHRASE)
    identities = {"record": keys.casework, "prints": keys.matching}
    table = database.sealed
    with reading(home.engine) as connection:
        for row in connection.execute(sa.select(table)).all():
            if row.name in identities:
                yield open_whole(bytes(row.body), identities=(identities[row.name],))
        for body in connection.execute(sa.select(database.print_segment.c.body)).scalars():
            yield open_whole(bytes(body), identities=(keys.matching,))


def canaries_of(home: Home, items: Iterable[str], said: Mapping[str, bytes]) -> ErasedTraces:
    """What is of these items now: every sealed row, the object, and each mark but the one that stays."""
    raw = dict[str, bytes]()
    item, sealed = database.item, database.sealed
    with reading(home.engine) as connection:
        for row in connection.execute(sa.select(item).where(item.c.item_id.in_(list(items)))).all():
            for part in connection.execute(sa.select(sealed).where(sealed.c.idx == row.idx)).all():
                body = bytes(part.body)
                raw[f"{row.kind} {part.name} begins"] = body[-64:-16]
                raw[f"{row.kind} {part.name} ends"] = body[-32:]
            if row.payload_sha256 is not None and home.objects.size(row.payload_sha256):
                raw[f"{row.kind} object"] = b"".join(home.objects.read(row.payload_sha256))[:64]
            if row.part is not None:
                raw[f"{row.kind} part"] = bytes(row.part)
    return ErasedTraces(raw, said)
