"""New public files take their places if the log pins them, and are removed if it does not."""

from pathlib import Path

import pytest

from evidence.canonical import sha256_hex
from evidence.custody.pins import Pin
from evidence.renewal import RENEWABLE, finish_public, is_laid, lay_public, recovery_of
from evidence.seal.envelopes import open_whole
from evidence.seal.recipients import generate_identity, parse_identity


@pytest.mark.parametrize("role", RENEWABLE)
@pytest.mark.parametrize("pinned", [True, False])
def test_what_the_log_pins_takes_its_place(tmp_path: Path, role: str, *, pinned: bool) -> None:
    office, new = generate_identity(), generate_identity()
    recovery = recovery_of(new, office.recipient)
    files = tmp_path / "recipients" / f"{role}.txt", tmp_path / "recovery" / f"{role}.age"
    for file in files:
        file.parent.mkdir()
        file.write_bytes(b"old")
    lay_public(tmp_path, role, new.recipient, recovery)
    assert is_laid(tmp_path)
    pins = {f"{role}_recipient": Pin(str(new.recipient), 9), f"{role}_recovery_sha256": Pin(sha256_hex(recovery), 10)}
    finish_public(tmp_path, pins if pinned else {})
    assert not is_laid(tmp_path)
    if not pinned:
        assert [file.read_bytes() for file in files] == [b"old", b"old"]
        return
    assert files[0].read_text() == f"{new.recipient}\n"
    assert parse_identity(open_whole(files[1].read_bytes(), identities=(office,)).decode().strip()) == new
