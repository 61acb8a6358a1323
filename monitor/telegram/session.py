"""One account's session: its authorisation keys and what it knows of channels, sealed on the disk.

    HOME.keys/telegram/session.key     256 random bits, mode 0600
    HOME.keys/telegram/NAME.session    nonce (12) | AES-256-GCM of the JSON below, mode 0600
    HOME.keys/telegram/NAME.lock       locked by the one process that uses the session

    {"api_id": ..., "home_dc": 2, "keys": {"2": B64U, ...}, "user_id": ..., "channels": {"ID": "ACCESS_HASH"}}

Whoever has the keys folder has the account: the key beside the file keeps the session out of a copy of the
file alone, out of a careless backup and out of a search for its bytes, and out of nothing else (docs/threats.md).
Telegram ends a session that two programs use (AUTH_KEY_DUPLICATED), so a second process is refused here.
"""

import fcntl
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.settings import read_secret_file
from evidence.canonical import b64u, from_b64u
from evidence.objects.durable import make_folder, replace_file, write_file
from evidence.seal.beside import open_beside, seal_beside
from monitor.errors import AccountError, ChannelError, ChannelState

FOLDER = "telegram"
_KEY = "session.key"
_KEY_BYTES = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(slots=True)
class AccountSession:
    """What it takes to ask with an account again; saved by ``Sessions.save``.

    Attributes:
        name: What the office calls the account; never a phone number.
        home_dc: The data centre that has the account.
        keys: The authorisation key of each data centre, 256 bytes.
        user_id: Of the account; None before it is logged in.
        channels: The access hash of each channel that the account has met, by the channel's number.
    """

    name: str
    home_dc: int = 2
    keys: dict[int, bytes] = field(default_factory=dict, repr=False)
    user_id: int | None = None
    channels: dict[int, int] = field(default_factory=dict, repr=False)

    def meet(self, channel: Any) -> None:  # noqa: ANN401 - a channel of the schema
        """Keep what it takes to ask for a channel that Telegram showed.

        Raises:
            ChannelError: Telegram gave no access hash that holds, and none is known from before.
        """
        if not channel.min and channel.access_hash is not None:
            self.channels[channel.id] = channel.access_hash
        elif channel.id not in self.channels:
            raise ChannelError.unseen(ChannelState.PRIVATE, "NO_ACCESS_HASH")


class Sessions:
    """The sessions of one home.

    Args:
        keys: The home's folder of keys.
    """

    def __init__(self, keys: Path) -> None:
        self._folder = keys / FOLDER
        self._saving = threading.Lock()

    def names(self) -> list[str]:
        """The accounts that were logged in here, by name."""
        return sorted(file.stem for file in self._folder.glob("*.session"))

    def read(self, name: str) -> AccountSession:
        """The session of an account.

        Raises:
            AccountError: There is none, or it cannot be opened with the key beside it.
            SecretFileError: Others may read it.
        """
        file = self._file(name)
        if not file.exists():
            raise AccountError("account.not_logged_in", found=name)
        sealed = read_secret_file(file)
        secret = read_secret_file(self._folder / _KEY)
        try:
            said = json.loads(open_beside(secret, sealed, place=name))
            return AccountSession(
                name=name,
                home_dc=int(said["home_dc"]),
                keys={int(dc): from_b64u(key) for dc, key in said["keys"].items()},
                user_id=said["user_id"],
                channels={int(number): int(access) for number, access in said["channels"].items()},
            )
        except (ValueError, KeyError) as error:
            raise AccountError("account.session_damaged", where=str(file)) from error

    def save(self, session: AccountSession) -> None:
        """Write a session; on return it is on the disk."""
        said = {
            "home_dc": session.home_dc,
            # copies: the connections' own thread adds keys while another meets channels
            "keys": {str(dc): b64u(key) for dc, key in dict(session.keys).items()},
            "user_id": session.user_id,
            "channels": {str(number): str(access) for number, access in dict(session.channels).items()},
        }
        sealed = seal_beside(self._key(), json.dumps(said).encode(), place=session.name)
        with self._saving:
            replace_file(self._file(session.name), sealed)

    def seal(self, said: bytes, place: str) -> bytes:
        """Bytes for another process of this home, sealed with the key beside the sessions, for one place.

        Args:
            place: No name of an account, so that nothing passes for a session.
        """
        return seal_beside(self._key(), said, place=place)

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """What ``seal`` sealed for this place.

        Raises:
            ValueError: It was sealed for another place or with another key, or was changed.
        """
        return open_beside(self._key(), sealed, place=place)

    def forget(self, name: str) -> None:
        """Remove the session of an account; Telegram keeps its own half until it is ended there."""
        self._file(name).unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Keep an account's session for this process alone.

        Raises:
            AccountError: Another process has it.
        """
        file = self._file(name).with_suffix(".lock")
        self._make_folder()
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AccountError("account.in_use", found=name) from error
            yield
        finally:
            os.close(handle)

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise AccountError("account.not_a_name", found=name[:40])
        return self._folder / f"{name}.session"

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            make_folder(self._folder, exist_ok=True)

    def _key(self) -> bytes:
        self._make_folder()
        file = self._folder / _KEY
        if not file.exists():
            write_file(file, secrets.token_bytes(_KEY_BYTES), mode=0o600)
        return read_secret_file(file)
