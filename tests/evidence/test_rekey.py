"""New key files count all at once: at every moment one passphrase opens both keys, and only one."""

import hashlib
import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import SecretFileError
from evidence import rekey
from evidence.errors import PassphraseError
from evidence.keys import KeyFolder, Unlocked, create_keys, keys_beside
from evidence.objects.durable import move_file, sync_directory, write_file
from evidence.seal.recipients import generate_identity

OLD, NEW = "correct horse battery", "an eel sang at noon"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    home = tmp_path_factory.mktemp("once") / "home"
    home.mkdir()
    office = generate_identity().recipient
    create_keys(keys_beside(home), home, office=office, log_seed=bytes(32), passphrase=OLD, log_n=10)
    return keys_beside(home)


@pytest.fixture
def keys(once: KeyFolder, tmp_path: Path) -> KeyFolder:
    shutil.copytree(once.path, tmp_path / "home.keys")
    return KeyFolder(tmp_path / "home.keys")


@pytest.fixture(scope="module")
def files(once: KeyFolder) -> dict[str, bytes]:
    return dict(rekey.fresh_files(once.unlock(OLD), passphrase=NEW, log_n=10))


def opens(keys: KeyFolder) -> list[str]:
    """The passphrases that open both keys."""
    found = []
    for passphrase in (OLD, NEW):
        try:
            keys.unlock(passphrase)
        except PassphraseError:
            continue
        found.append(passphrase)
    return found


def secrets_of(identities: Unlocked) -> list[str]:
    return [identities.casework.secret_string(), identities.matching.secret_string()]


def test_the_same_keys_lie_under_the_new_passphrase(once: KeyFolder, keys: KeyFolder, files: dict[str, bytes]) -> None:
    rekey.lay(keys, files)
    assert opens(keys) == [OLD]
    rekey.switch(keys)
    assert opens(keys) == [NEW]
    assert secrets_of(keys.unlock(NEW)) == secrets_of(once.unlock(OLD))
    assert [file.name for file in keys.files()] == [file.name for file in once.files()]


class Stopped(BaseException):
    """The process is gone."""


def stopping(after: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Wraps functions; the call after so many of all of them does not come about."""
    left = itertools.count()

    def wrap(do: Callable[..., object]) -> Callable[..., object]:
        def step(*told: object, **more: object) -> object:
            if next(left) == after:
                raise Stopped
            return do(*told, **more)

        return step

    return wrap


@pytest.mark.parametrize("after", range(12))
def test_stopped_anywhere_one_passphrase_opens_both_and_what_is_left_is_finished(
    after: int, keys: KeyFolder, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrap = stopping(after)
    for name, do in (("move_file", move_file), ("write_file", write_file), ("sync_directory", sync_directory)):
        monkeypatch.setattr(f"evidence.rekey.{name}", wrap(do))
    monkeypatch.setattr(Path, "rmdir", wrap(Path.rmdir))
    switched = False
    try:
        rekey.lay(keys, files)
        assert rekey.laid(keys) == rekey.digest_of(files)
        rekey.switch(keys)
        switched = True
    except Stopped:
        pass
    monkeypatch.undo()
    before = opens(keys)
    assert len(before) == 1
    rekey.finish(keys)
    assert opens(keys) == before
    assert not (keys.path / "next").exists()
    assert before == [NEW] or not switched
    rekey.lay(keys, files)  # whatever was left
    rekey.switch(keys)
    assert opens(keys) == [NEW]


def test_files_written_in_their_places_leave_a_moment_without_a_way_in(
    keys: KeyFolder, files: dict[str, bytes]
) -> None:
    """CONTROL: one after the other is not at once."""
    (keys.path / "casework.age").write_bytes(files["casework.age"])
    assert opens(keys) == []


def test_what_was_laid_and_not_switched_to_counts_for_nothing(keys: KeyFolder, files: dict[str, bytes]) -> None:
    assert rekey.laid(keys) is None
    rekey.forget(keys)
    rekey.lay(keys, files)
    rekey.lay(keys, files)
    rekey.forget(keys)
    assert rekey.laid(keys) is None
    assert opens(keys) == [OLD]


def test_the_files_that_count_have_a_digest_that_sha256sum_gives(keys: KeyFolder, files: dict[str, bytes]) -> None:
    printed = subprocess.check_output(["sha256sum", "casework.age", "matching.age"], cwd=keys.path)
    assert rekey.current(keys, files) == hashlib.sha256(printed).hexdigest()
    rekey.lay(keys, files)
    move_file(keys.path / "next.part", keys.path / "next")
    assert rekey.current(keys, files) == rekey.digest_of(files)
    (keys.path / "next" / "matching.age").unlink()
    (keys.path / "matching.age").unlink()
    assert rekey.current(keys, files) is None


def test_a_new_file_that_others_may_read_is_not_passed_over(keys: KeyFolder, files: dict[str, bytes]) -> None:
    rekey.lay(keys, files)
    move_file(keys.path / "next.part", keys.path / "next")
    (keys.path / "next" / "casework.age").chmod(0o644)
    with pytest.raises(SecretFileError, match="others may read"):
        keys.unlock(OLD)


def test_a_new_passphrase_that_does_not_fit_seals_nothing(once: KeyFolder) -> None:
    with pytest.raises(PassphraseError, match="too short"):
        rekey.fresh_files(once.unlock(OLD), passphrase="short", log_n=10)
