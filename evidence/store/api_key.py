"""Whose programs may call the API: the rows of the keys.

Of a key its SHA-256 alone is kept: a key has 256 random bits, so nobody finds it from its digest. Each row has a mark
under a secret that is not in the database, so that whoever can write there alone can make no key and widen none.
Synchronous and in the database of the home; not built from the log, and of no weight in it.

# LIMIT: a row that was there before can be put back, so a key that was revoked, by whoever kept an older copy.
"""

import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from evidence.canonical import jcs
from evidence.store import database
from evidence.times import format_time, parse_time

_table = database.api_key
_BY_DIGEST = sa.select(_table).where(_table.c.sha256 == sa.bindparam("digest"))


class Scope(StrEnum):
    """What a key may be used for."""

    CHANNELS = "channels"
    IMPORTS = "imports"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    BUNDLES = "bundles"
    CHECKS = "checks"
    APPROVE = "approve"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key.

    Attributes:
        key_id: 8 bytes, hex: names the key without opening anything.
        owner: Who acts with it; the actor of every event.
        cases: The only cases that it reaches; None for every case.
        expires_at: From when on it opens nothing; None for never.
        used_at: When it was last used, to about a minute.
    """

    key_id: str
    owner: str
    scopes: frozenset[Scope]
    cases: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def opens_at(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def reaches(self, case_id: str) -> bool:
        """Whether it may know of this case."""
        return self.cases is None or case_id in self.cases


def add_key(connection: sa.Connection, key: ApiKey, sha256: str, secret: bytes) -> None:
    """Add the row of a new key.

    Args:
        sha256: Of the whole key, lower hex.
        secret: For the marks of rows.
    """
    row = {
        "key_id": key.key_id,
        "sha256": sha256,
        "owner": key.owner,
        "scopes": _listed(key.scopes),
        "cases": None if key.cases is None else _listed(key.cases),
        "created_at": format_time(key.created_at),
        "expires_at": None if key.expires_at is None else format_time(key.expires_at),
        "revoked_at": None,
    }
    connection.execute(sa.insert(_table), row | {"mac": _mark(row, secret)})


def key_of(connection: sa.Connection, sha256: str, secret: bytes) -> ApiKey | None:
    """The row of the key with this digest, whether or not it still opens anything.

    None for a row that was not made here.
    """
    row = connection.execute(_BY_DIGEST, {"digest": sha256}).mappings().one_or_none()
    if row is None or not hmac.compare_digest(row["mac"], _mark({**row}, secret)):
        return None
    return _key(row)


def every_key(connection: sa.Connection) -> Sequence[ApiKey]:
    """The rows of all keys, the oldest first."""
    rows = connection.execute(sa.select(_table).order_by(_table.c.created_at, _table.c.key_id)).mappings()
    return [_key(row) for row in rows]


def revoke_key(connection: sa.Connection, key_id: str, now: datetime, secret: bytes) -> bool:
    """Mark the row of a key as revoked; return whether there is one that was not."""
    mine = sa.and_(_table.c.key_id == key_id, _table.c.revoked_at.is_(None))
    row = connection.execute(sa.select(_table).where(mine)).mappings().one_or_none()
    if row is None:
        return False
    revoked = {**row, "revoked_at": format_time(now)}
    connection.execute(sa.update(_table).where(mine).values(revoked | {"mac": _mark(revoked, secret)}))
    return True


def note_use(connection: sa.Connection, key_id: str, now: datetime) -> None:
    """Write into the row of a key when it was used; its mark does not cover that."""
    connection.execute(sa.update(_table).where(_table.c.key_id == key_id).values(used_at=format_time(now)))


_MARKED = ("key_id", "sha256", "owner", "scopes", "cases", "created_at", "expires_at", "revoked_at")


def _mark(row: Mapping[str, Any], secret: bytes) -> str:
    return hmac.digest(secret, jcs([row[name] for name in _MARKED]), "sha256").hex()


def _listed(words: Collection[str]) -> str:
    return json.dumps(sorted(words))


def _key(row: sa.RowMapping) -> ApiKey:
    times = {
        name: parse_time(row[name])
        for name in ("created_at", "expires_at", "revoked_at", "used_at")
        if row[name] is not None
    }
    return ApiKey(
        row["key_id"],
        row["owner"],
        frozenset(map(Scope, json.loads(row["scopes"]))),
        None if row["cases"] is None else frozenset(json.loads(row["cases"])),
        **times,
    )
