"""The keys of programs that call the API: made, listed, revoked, and found by what a call brings.

A key is ``nisi_`` and 64 hex digits: 256 random bits, shown once. Its owner is the actor of every event that a call
with it logs.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.errors import problem_of
from api.home import Home
from api.office.case import require_case
from api.office.task import seal_of
from evidence.errors import AuthorityError, UnknownItemError
from evidence.names import require_name
from evidence.store import api_key, work
from evidence.store.api_key import ApiKey, Scope
from evidence.store.database import glancing, reading
from evidence.store.work import TaskState
from evidence.times import format_time, parse_time

PREFIX = "nisi_"
KEY_BYTES = 32
ID_BYTES = 8
_KEY = re.compile(re.escape(PREFIX) + r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; ``secret`` is shown once and kept nowhere."""

    key: ApiKey
    secret: str


def make_key(
    home: Home, owner: str, scopes: Collection[Scope], cases: Collection[str] | None, expires_at: datetime | None
) -> MadeKey:
    """The verb behind ``key api create``: make a key.

    Args:
        cases: The only cases that it is to reach; None for every case.

    Raises:
        AuthorityError: The owner's name is none, the key would open nothing, or its end has passed.
        UnknownItemError: There is no such case.
    """
    if not scopes:
        raise AuthorityError("authority.key_without_scope")
    now = parse_time(format_time(home.clock()))
    if expires_at is not None and expires_at <= now:
        raise AuthorityError("authority.key_ended")
    for case_id in cases or ():
        require_case(home, case_id)
    secret = PREFIX + secrets.token_hex(KEY_BYTES)
    key = ApiKey(
        secrets.token_hex(ID_BYTES),
        require_name(owner),
        frozenset(scopes),
        None if cases is None else frozenset(cases),
        now,
        expires_at,
    )
    with home.writing() as writer, writer.sequencer.take() as connection:
        api_key.add_key(connection, key, key_digest(secret), home.keys.api_secret())
    return MadeKey(key, secret)


def list_keys(home: Home) -> Sequence[ApiKey]:
    """The verb behind ``key api list``: every key that was made, revoked or not, the oldest first."""
    with reading(home.engine) as connection:
        return api_key.every_key(connection)


def revoke_key(home: Home, key_id: str) -> None:
    """The verb behind ``key api revoke``: let a key open nothing from now on.

    Its owner's orders that nobody began fail, unless they have another key.

    What a worker has begun is done, and what waits for a second person goes on waiting: that person decides.

    Raises:
        UnknownItemError: There is no such key, or it was revoked before.
    """
    with home.writing() as writer, writer.sequencer.take() as connection:
        if not api_key.revoke_key(connection, key_id, home.clock(), home.keys.api_secret()):
            raise UnknownItemError("unknown_item.no_such_key", found=key_id[:64])
        keys = {key.key_id: key for key in api_key.every_key(connection)}
        owner = keys[key_id].owner
        if not any(key.owner == owner and key.opens_at(home.clock()) for key in keys.values()):
            _end_orders(home, connection, owner)


def _end_orders(home: Home, connection: sa.Connection, owner: str) -> None:
    told = {"problem": problem_of(AuthorityError("authority.key_revoked"))}
    for task in work.list_tasks(connection, owner=owner, states=[TaskState.QUEUED]):
        work.fail_queued(connection, task.task_id, home.clock(), seal_of(home).seal(task, "outcome", told))


def find_key(home: Home, secret: str) -> ApiKey | None:
    """The key that a call of the API brings, if it opens anything now; None says nothing about why it does not."""
    if not _KEY.fullmatch(secret):
        return None
    with glancing(home.engine) as connection:
        key = api_key.key_of(connection, key_digest(secret), home.keys.api_secret())
    return key if key is not None and key.opens_at(home.clock()) else None


def key_opens(home: Home, key_id: str) -> bool:
    """Whether a key of the API, as its row has it, opens anything now."""
    with reading(home.engine) as connection:
        keys = {key.key_id: key for key in api_key.every_key(connection)}
    return key_id in keys and keys[key_id].opens_at(home.clock())


def key_digest(secret: str) -> str:
    """Under what digest an office keeps a key of the API."""
    return hashlib.sha256(secret.encode()).hexdigest()
