"""The follower that has checkpoints stamped and logs each token as an ``anchor`` event.

What is stamped is the SHA-256 of the whole note, so that ``openssl ts -verify -data checkpoint``
works as it lies. A checkpoint whose new leaves are all anchors is left for the daily beat.
Sizes and times of the anchors never go back, beyond what the clocks of two authorities may differ: every
later leaf names the newest token, and a verifier refuses leaves that name an older one after a newer one.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
import sqlalchemy as sa

from config import oplog
from evidence.canonical import sha256_hex
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer, newest_checkpoint
from evidence.errors import StampError, TokenError
from evidence.log.leaf import parse_leaf
from evidence.log.note import open_checkpoint
from evidence.stamp.client import TIMEOUT_S, Stamped, TimeStampOffice, request_stamp
from evidence.stamp.token import MAX_AUTHORITY_SKEW
from evidence.store import database
from evidence.store.database import reading
from evidence.store.projection import Placed
from evidence.store.stored import stored_int
from evidence.times import format_time, parse_time

NONCE_BITS = 64


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Stamps the newest checkpoint by every chosen authority; its position is that checkpoint's size."""

    engine: sa.Engine
    sequencer: Sequencer
    authorities: Sequence[TimeStampOffice]
    http: httpx.Client
    timeout_s: float = TIMEOUT_S
    name: str = "anchoring"

    def advance(self, position: int) -> int:
        """Stamp what is new since ``position`` leaves.

        Raises:
            StampUnreachableError: An authority did not answer; run it again later.
            StampRefusedError: An authority refused.
            TokenError: An authority's answer does not hold, or is older than the newest time stamp;
                nothing of it was logged.
        """
        with reading(self.engine) as connection:
            note = newest_checkpoint(connection)
            if note is None or not self.authorities:
                return position
            size = open_checkpoint(note, key=self.sequencer.verifier_key).size
            # a position beyond the log is none of ours: whatever wrote it, the log must not go unstamped for ever
            since = position if position <= size else 0
            if not has_news(connection, since, size):
                return position
            done = _stamped_by(connection, note, size)
        for authority in self.authorities:
            if authority.name in done:
                continue  # an earlier run logged it and then met an authority that did not answer
            self._log(authority, self._ask(authority, note, size), note, size)
        return size

    def _ask(self, authority: TimeStampOffice, note: bytes, size: int) -> Stamped:
        began, office = time.monotonic(), authority.name
        oplog.note("stamp_asked", office=office, size=size)
        try:
            stamped = request_stamp(
                authority=authority,
                sha256=bytes.fromhex(sha256_hex(note)),
                http=self.http,
                nonce=secrets.randbits(NONCE_BITS),
                timeout_s=self.timeout_s,
            )
        except StampError as error:
            oplog.note("stamp_failed", office=office, error=type(error), duration_s=time.monotonic() - began)
            raise
        oplog.note("stamp_had", office=office, size=size, duration_s=time.monotonic() - began)
        return stamped

    def _log(self, authority: TimeStampOffice, stamped: Stamped, note: bytes, size: int) -> None:
        """Log a token, unless another process had this checkpoint stamped by this authority meanwhile, or a newer one.

        Raises:
            TokenError: It is older than the newest that is logged.
        """
        public = {
            "authority": authority.name,
            "checkpoint_sha256": sha256_hex(note),
            "gen_time": format_time(stamped.info.gen_time),
            "reply_sha256": sha256_hex(stamped.reply),
            "token_sha256": sha256_hex(stamped.token),
        }
        anchor = self.sequencer.prepare([Draft("anchor", public=public)])

        def choose(connection: sa.Connection) -> Sequence[Prepared]:
            if stamped_size(connection) > size or authority.name in _stamped_by(connection, note, size):
                return []
            _require_later(connection, stamped.info.gen_time)
            return anchor

        def keep(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            for event in placed:
                row = {"idx": event.idx, "size": size, "token": stamped.token, "reply": stamped.reply}
                connection.execute(sa.insert(database.token), row)

        self.sequencer.turn(choose, also=keep)


def _stamped_by(connection: sa.Connection, note: bytes, size: int) -> set[str]:
    """Names of the authorities whose tokens over this checkpoint are logged."""
    event, token = database.event, database.token
    anchors = sa.select(event.c.leaf).join(token, token.c.idx == event.c.idx).where(token.c.size == size)
    public = [parse_leaf(bytes(leaf)).public for leaf in connection.execute(anchors).scalars()]
    return {told["authority"] for told in public if told["checkpoint_sha256"] == sha256_hex(note)}


def _require_later(connection: sa.Connection, gen_time: datetime) -> None:
    """Check that a token is not older than the newest that is logged."""
    event, token = database.event, database.token
    anchors = sa.select(event.c.leaf).join(token, token.c.idx == event.c.idx)
    leaf = connection.execute(anchors.order_by(token.c.idx.desc()).limit(1)).scalar()
    if leaf is None:
        return
    newest = parse_time(parse_leaf(bytes(leaf)).public["gen_time"])
    if newest > gen_time + MAX_AUTHORITY_SKEW:
        raise TokenError("token.before_the_newest", expected=format_time(newest), found=format_time(gen_time))


def stamped_size(connection: sa.Connection) -> int:
    """How many leaves the newest stamped checkpoint covers; 0 where none is stamped.

    Raises:
        StoreError: It is no number.
    """
    largest = connection.execute(sa.select(sa.func.max(database.token.c.size))).scalar()
    return 0 if largest is None else stored_int(largest, where="token")


def has_news(connection: sa.Connection, position: int, size: int) -> bool:
    """Whether leaves from ``position`` up to ``size`` hold anything but anchors."""
    table = database.event
    leaves = connection.execute(sa.select(table.c.leaf).where(table.c.idx >= position, table.c.idx < size)).scalars()
    return any(parse_leaf(bytes(leaf)).type != "anchor" for leaf in leaves)
