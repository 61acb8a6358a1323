"""A session is sealed on the disk, opens again whole, and belongs to one process."""

import os
from pathlib import Path

import pytest
from telethon.tl import types

from config.errors import SecretFileError
from monitor.errors import AccountError, ChannelError
from monitor.telegram.session import AccountSession, Sessions

KEY = os.urandom(256)


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    (tmp_path / "keys").mkdir(mode=0o700)
    return Sessions(tmp_path / "keys")


def saved(sessions: Sessions) -> AccountSession:
    session = AccountSession("watch", home_dc=4, keys={4: KEY, 2: KEY[::-1]}, user_id=7, channels={2**40: -(2**63)})
    sessions.save(session)
    return session


def test_a_session_comes_back_whole(sessions: Sessions) -> None:
    assert sessions.names() == []
    session = saved(sessions)
    assert sessions.read("watch") == session
    assert sessions.names() == ["watch"]


def channel(access_hash: int | None, *, part: bool = False) -> types.Channel:
    return types.Channel(17, "Titulli", types.ChatPhotoEmpty(), None, access_hash=access_hash, min=part)


def test_a_channel_without_an_access_hash_never_reaches_the_file(sessions: Sessions) -> None:
    session = saved(sessions)
    for shown in (channel(None), channel(99, part=True)):
        with pytest.raises(ChannelError):
            session.meet(shown)
    session.meet(channel(99))
    for shown in (channel(None), channel(98, part=True)):
        session.meet(shown)  # what is known from before still holds
    sessions.save(session)
    assert sessions.read("watch").channels == {2**40: -(2**63), 17: 99}


def test_no_file_shows_the_key_and_none_is_readable_by_others(sessions: Sessions, tmp_path: Path) -> None:
    saved(sessions)
    files = [file for file in (tmp_path / "keys").rglob("*") if file.is_file()]
    assert len(files) == 2
    for file in files:
        assert file.stat().st_mode & 0o077 == 0
        assert KEY[:32] not in file.read_bytes()


@pytest.mark.parametrize("at", [0, 11, 12, 40, -1])
def test_a_changed_session_is_refused(sessions: Sessions, tmp_path: Path, at: int) -> None:
    saved(sessions)
    file = tmp_path / "keys" / "telegram" / "watch.session"
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(AccountError, match="cannot be opened"):
        sessions.read("watch")


def test_a_session_of_another_name_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    saved(sessions)
    file = tmp_path / "keys" / "telegram" / "watch.session"
    file.rename(file.with_name("other.session"))
    with pytest.raises(AccountError):
        sessions.read("other")


def test_a_session_that_others_can_read_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    saved(sessions)
    (tmp_path / "keys" / "telegram" / "watch.session").chmod(0o644)
    with pytest.raises(SecretFileError):
        sessions.read("watch")


def test_one_process_has_a_session_and_a_second_one_is_refused(sessions: Sessions) -> None:
    with sessions.locked("watch"), pytest.raises(AccountError, match="another process"), sessions.locked("watch"):
        pass
    with sessions.locked("watch"), sessions.locked("second"):
        pass


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "x" * 33])
def test_a_name_is_plain(sessions: Sessions, name: str) -> None:
    with pytest.raises(AccountError):
        sessions.read(name)


def test_what_is_sealed_for_another_process_opens_for_its_place_alone(sessions: Sessions, tmp_path: Path) -> None:
    sealed = sessions.seal(b"t.me/+abc", "watch/1")
    assert b"abc" not in sealed
    assert Sessions(tmp_path / "keys").unseal(sealed, "watch/1") == b"t.me/+abc"
    (tmp_path / "other").mkdir(mode=0o700)
    with pytest.raises(ValueError, match="expected"):
        Sessions(tmp_path / "other").unseal(sealed, "watch/1")
    for other, place in ((sealed, "watch/2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "watch/1"), (b"", "watch/1")):
        with pytest.raises(ValueError, match=r"expected|Nonce"):
            sessions.unseal(other, place)
