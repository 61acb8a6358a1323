"""What a home keeps of a new casework or matching key: its recipient, and its identity sealed to the office key.

While the change is logged, both lie beside the files that they replace; then they take their places. Whoever next
opens the home finishes what was cut short, or removes what was never logged.
"""

from collections.abc import Iterator
from pathlib import Path

from evidence.canonical import sha256_hex
from evidence.custody.pins import Pins
from evidence.keys import RECOVERY
from evidence.objects.durable import move_file, replace_file
from evidence.seal.age import Recipient
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import KeyIdentity

RENEWABLE = ("casework", "matching")
"""The roles whose key can be made anew."""
_NEXT, _RECIPIENT = ".next", "_recipient"


def recovery_of(identity: KeyIdentity, office: Recipient) -> bytes:
    """The file from which the cards bring back an identity."""
    return seal_whole(f"{identity.secret_string()}\n".encode(), recipients=(office,))


def lay_public(home: Path, role: str, recipient: Recipient, recovery: bytes) -> None:
    """Put the new files of a role beside those that they replace; on return they have reached the disk."""
    for file, data in ((_recovery(home, role), recovery), (_recipient(home, role), f"{recipient}\n".encode("ascii"))):
        replace_file(_beside(file), data)


def is_laid(home: Path) -> bool:
    """Whether new files lie beside those that they replace."""
    return any(_beside(file).exists() for file, _name in _files(home))


def is_logged(home: Path, pins: Pins) -> bool:
    """Whether the new recipient of a role that lies beside the old one is what the log pins.

    Args:
        pins: As the log has them now.
    """
    return any(
        _beside(file).exists() and _is_pinned(file, name, pins)
        for file, name in _files(home)
        if name.endswith(_RECIPIENT)
    )


def finish_public(home: Path, pins: Pins) -> None:
    """In the turn, move the new files that the log pins to their places, and remove those that it does not pin.

    The recipient of a role comes last.

    Args:
        pins: As the log has them now.
    """
    for file, name in _files(home):
        if not _beside(file).exists():
            continue
        if _is_pinned(file, name, pins):
            move_file(_beside(file), file)
        else:
            _beside(file).unlink()


def _is_pinned(file: Path, name: str, pins: Pins) -> bool:
    data, pin = _beside(file).read_bytes(), pins.get(name)
    value = data.decode("ascii", "replace").strip() if name.endswith(_RECIPIENT) else sha256_hex(data)
    return pin is not None and pin.value == value


def _files(home: Path) -> Iterator[tuple[Path, str]]:
    """Each file, and the NAME of entry 0 that pins it."""
    for role in RENEWABLE:
        yield _recovery(home, role), f"{role}_recovery_sha256"
        yield _recipient(home, role), f"{role}{_RECIPIENT}"


def _recovery(home: Path, role: str) -> Path:
    return home / "recovery" / RECOVERY[role]


def _recipient(home: Path, role: str) -> Path:
    return home / "recipients" / f"{role}.txt"


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}{_NEXT}")
