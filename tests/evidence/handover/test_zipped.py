"""7-Zip opens an archive with its passphrase, and with no other."""

from pathlib import Path

from evidence.handover.zipped import ZippedFile, seal_zip
from tests.recipients import NOW, opened_by_7z

FILES = {"1.jpg": bytes(range(256)) * 300, "2.mp4": b"short"}


def test_7zip_opens_an_archive_with_its_passphrase_and_with_no_other(tmp_path: Path) -> None:
    archive = tmp_path / "files.zip"
    files = [ZippedFile(name, len(content), [content[:5], content[5:]]) for name, content in FILES.items()]
    archive.write_bytes(b"".join(seal_zip(files, passphrase="lusab-babad", made_at=NOW)))
    assert opened_by_7z(archive, "lusab-babad", tmp_path / "right") == FILES
    assert opened_by_7z(archive, "lusab-babab", tmp_path / "wrong") == {}
    assert FILES["2.mp4"] not in archive.read_bytes()
