"""New key files in the place of old ones, all of them at once.

They lie complete in ``HOME.keys/next.part`` before their change is logged. ``switch`` renames that folder to
``next``, and from then on what is in it counts: ``KeyFolder`` looks there first. So at every moment one passphrase
opens all of them. ``finish`` brings each to its place; whoever writes next finishes what was cut short.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from evidence.canonical import sha256_hex
from evidence.errors import SealError
from evidence.keys import NEXT, KeyFolder, Unlocked, sealed_under
from evidence.objects.durable import make_folder, move_file, sync_directory, write_file
from evidence.seal.passphrase import open_with_passphrase

PART = f"{NEXT}.part"
AHEAD = f"{PART}.ahead"
"""Folder with the work ahead of a new key (``evidence.custody.reseal``) and that key, under the new passphrase."""


def fresh_files(identities: Unlocked, *, passphrase: str, log_n: int) -> Mapping[str, bytes]:
    """New files of a home's keys under a new passphrase, by name; each was opened with it again.

    Raises:
        PassphraseError: The passphrase is too short or too even, or cannot be typed.
    """
    files = sealed_under(identities, passphrase=passphrase, log_n=log_n)
    for sealed in files.values():
        if not open_with_passphrase(sealed, passphrase=passphrase):
            raise SealError("seal.opens_to_nothing")
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """By what the log names a home's key files: lower hex SHA-256 of what ``sha256sum`` prints of them, sorted."""
    return sha256_hex("".join(f"{sha256_hex(data)}  {name}\n" for name, data in sorted(files.items())).encode())


def lay(keys: KeyFolder, files: Mapping[str, bytes]) -> None:
    """Lay new key files beside those that they replace; on return they have reached the disk. Nothing counts yet."""
    forget(keys)
    make_folder(keys.path / PART)
    for name, data in files.items():
        write_file(keys.path / PART / name, data)


def laid(keys: KeyFolder) -> str | None:
    """The digest of the new key files that were laid and not switched to; None where nothing was."""
    part = keys.path / PART
    return digest_of(_read(part)) if part.is_dir() else None


def current(keys: KeyFolder, names: Mapping[str, bytes]) -> str | None:
    """The digest of the key files of these names that count now; None where one is not there."""
    files = _read(keys.path) | _read(keys.path / NEXT)
    return digest_of({name: files[name] for name in names}) if names.keys() <= files.keys() else None


def forget(keys: KeyFolder) -> None:
    """Remove the new key files that were laid and will not be switched to."""
    if (keys.path / PART).exists():
        shutil.rmtree(keys.path / PART)
        sync_directory(keys.path)


def forget_ahead(keys: KeyFolder) -> None:
    """Remove the work ahead of a new key."""
    if (keys.path / AHEAD).exists():
        shutil.rmtree(keys.path / AHEAD)
        sync_directory(keys.path)


def switch(keys: KeyFolder) -> None:
    """Let the new key files that were laid count, at once, and bring them to their places."""
    finish(keys)  # an older change that was cut short
    move_file(keys.path / PART, keys.path / NEXT)
    finish(keys)


def finish(keys: KeyFolder) -> None:
    """Bring new key files that count already to their places; nothing where there are none. Old ones are gone then."""
    fresh = keys.path / NEXT
    if not fresh.exists():
        return
    for file in sorted(fresh.iterdir()):
        move_file(file, keys.path / file.name)
    fresh.rmdir()
    sync_directory(keys.path)


def _read(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.age")}
