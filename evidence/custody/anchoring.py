"""The follower that has checkpoints stamped and logs each token as an ``anchor`` event.

What is stamped is the SHA-256 of the whole note, so that ``openssl ts -verify -data checkpoint``
works as it lies. A checkpoint whose new leaves are all anchors is left for the daily beat.
The sizes and times of the anchors never go back by more than the clocks of two time-stamp offices may differ: every
later leaf names the newest token, and a verifier refuses a leaf that names an older token after a newer one.
"""

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import sqlalchemy as sa

from config import oplog
from config.errors import StoppedError
from evidence.canonical import sha256_hex
from evidence.custody import stamps
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer, newest_checkpoint
from evidence.errors import StampError, StampUnreachableError, TokenError
from evidence.log.leaf import parse_leaf
from evidence.log.note import open_checkpoint
from evidence.stamp.client import TIMEOUT_S, Stamped, TimeStampOffice, request_stamp
from evidence.stamp.kept_lists import KeptLists, ListFollowing
from evidence.store import database
from evidence.store.database import put, reading
from evidence.store.projection import Placed
from evidence.times import MAX_SKEW, format_time

NONCE_BITS = 64
_CUT_OFF = timedelta(milliseconds=1)
"""A logged time is cut to milliseconds; the token's own is earlier than that much after it."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Stamps the newest checkpoint by every chosen time-stamp office; its position is that checkpoint's size.

    Attributes:
        lists: Where the revocation lists of the offices' issuers are kept, asked for once a token is logged; None asks
            for none.
        idle: Whether a checkpoint is stamped, too, whose new leaves are all anchors: somebody has to know the time.
    """

    engine: sa.Engine
    sequencer: Sequencer
    offices: Sequence[TimeStampOffice]
    http: httpx.Client
    timeout_s: float = TIMEOUT_S
    name: str = "anchoring"
    lists: KeptLists | None = None
    idle: bool = False

    def advance(self, position: int) -> int:
        """Have the newest checkpoint stamped if leaves from ``position`` on hold anything but anchors.

        Raises:
            StampUnreachableError: An office did not answer; run it again later.
            StampRefusedError: An office refused.
            TokenError: An office's answer does not hold, or is older than the newest time stamp;
                nothing of it was logged.
        """
        with reading(self.engine) as connection:
            note = newest_checkpoint(connection)
            if note is None or not self.offices:
                return position
            size = open_checkpoint(note, key=self.sequencer.verifier_key).size
            # we never wrote a position beyond the log; whoever did, the log must not stay unstamped for ever
            since = position if position <= size else 0
            if not self.idle and not has_news(connection, since, size):
                return position
            done = _stamped_by(connection, note)
        for office in self.offices:
            if office.name in done:
                continue  # an earlier run logged it and then met an office that did not answer
            stamped = self._ask(office, note, size)
            self._log(office, stamped, note, size)
            self._follow_lists(office, stamped)
        return size

    def _ask(self, office: TimeStampOffice, note: bytes, size: int) -> Stamped:
        began = time.monotonic()
        oplog.note("stamp_asked", office=office.name, size=size)
        try:
            stamped = self._requested(office, note)
        except StampError as error:
            oplog.note("stamp_failed", office=office.name, error=type(error), duration_s=time.monotonic() - began)
            raise
        oplog.note("stamp_had", office=office.name, size=size, duration_s=time.monotonic() - began)
        return stamped

    def _requested(self, office: TimeStampOffice, note: bytes) -> Stamped:
        def request() -> Stamped:
            return request_stamp(
                office=office,
                sha256=bytes.fromhex(sha256_hex(note)),
                http=self.http,
                nonce=secrets.randbits(NONCE_BITS),
                timeout_s=self.timeout_s,
            )

        try:
            return self.sequencer.patience.wait_for(request)
        except StoppedError as error:
            raise StampUnreachableError("stamp_unreachable.not_now", cause=error) from error

    def _follow_lists(self, office: TimeStampOffice, stamped: Stamped) -> None:
        """Keep the revocation lists of those above a token; what cannot be had now is asked for with the next."""
        if self.lists is not None:
            following = ListFollowing(self.lists, self.http, self.timeout_s)
            with suppress(StoppedError):
                self.sequencer.patience.wait_for(lambda: following.follow(office, stamped.info))

    def _log(self, office: TimeStampOffice, stamped: Stamped, note: bytes, size: int) -> None:
        """Log a token, unless another process had this checkpoint stamped by this office meanwhile, or a newer one.

        Raises:
            TokenError: It is older than the newest that is logged.
        """
        public = {
            "checkpoint_sha256": sha256_hex(note),
            "gen_time": format_time(stamped.info.gen_time),
            "office": office.name,
            "reply_sha256": sha256_hex(stamped.reply),
            "token_sha256": sha256_hex(stamped.token),
        }
        anchor = self.sequencer.prepare([Draft("anchor", public=public)])

        def choose(connection: sa.Connection) -> Sequence[Prepared]:
            if stamps.stamped_size(connection) > size or office.name in _stamped_by(connection, note):
                return []
            _require_later(connection, stamped.info.gen_time)
            return anchor

        def keep(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            for event in placed:
                row = {"idx": event.idx, "size": size, "token": stamped.token, "reply": stamped.reply}
                put(connection, database.token, [row])

        self.sequencer.turn(choose, also=keep)


def _stamped_by(connection: sa.Connection, note: bytes) -> set[str]:
    """Names of the offices whose tokens over this checkpoint are logged."""
    found = set[str]()
    for stamp in stamps.newest_first(connection):
        if stamp.note != note:
            break  # the stamps of one checkpoint stand together, since none follows one of a larger
        found.add(stamp.office)
    return found


def _require_later(connection: sa.Connection, gen_time: datetime) -> None:
    """Check that a token is not older than any that is logged, beyond what two clocks may differ."""
    for stamp in stamps.newest_first(connection):
        latest = stamp.gen_time + _CUT_OFF
        if latest > gen_time + MAX_SKEW:
            raise TokenError(
                "token.before_the_newest", expected=format_time(stamp.gen_time), found=format_time(gen_time)
            )
        # every token logged before this one is at most one skew later than it, and so than the new one
        if latest <= gen_time:
            return


def has_news(connection: sa.Connection, position: int, size: int) -> bool:
    """Whether the log as written has anything but anchors from leaf ``position`` up to ``size``."""
    table = database.event
    leaves = connection.execute(sa.select(table.c.leaf).where(table.c.idx >= position, table.c.idx < size)).scalars()
    return any(parse_leaf(bytes(leaf)).type != "anchor" for leaf in leaves)
