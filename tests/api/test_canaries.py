"""What was planted is found nowhere in clear, and nothing of a picture is in a bundle.

The canaries: texts, a phone number, a handle, pieces of every picture and file, their SHA-256
in three spellings, and their PDQ and pHash. Each search has its control: the same search over the
export, or over the sealed prints when they are opened, does find them.
"""

import base64
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.check import check_picture
from evidence.fingerprint.prints import Prints
from evidence.match import library
from evidence.match.stored import sealed_prints
from evidence.store import database
from evidence.store.database import reading
from monitor.rehearsal.export import ExportFacts
from tests.homes import PASSPHRASE, doer, export_of, new_case, new_office

PIECE = 24


@dataclass(frozen=True, slots=True)
class Lived:
    """A home in which everything was done once, with what was planted in it."""

    home: Home
    export: ExportFacts
    bundle: Path
    scratch: Path


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder, scratch = tmp_path_factory.mktemp("lived"), tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        office = new_office(folder)
        home = office.home
        case_id = new_case(home)
        out = folder / "case.asice"
        export_of(home, case_id, out)
        patch.setattr(library, "SAVE_FILES", 1)  # so that a snapshot of the index is searched too
        with home_picture(office.export).open("rb") as stream:
            check_picture(home, stream, case_id, doer(home), home.keys.unlock(PASSPHRASE))
        check(home, office.export, case_id)
        home.engine.dispose()
    return Lived(home, office.export, out, scratch)


def segments(lived: Lived) -> list[bytes]:
    with reading(lived.home.engine) as connection:
        return [bytes(body) for body in connection.execute(sa.select(database.print_segment.c.body)).scalars()]


def check(home: Home, export: ExportFacts, case_id: str) -> None:
    """Through the real command line, so that its output and its files are searched too."""
    picture = home_picture(export)
    command = "import sys; from api.cli.main import main; sys.exit(main())"
    environment = os.environ | {"NISISAMA_PASSPHRASE": PASSPHRASE, "NISISAMA_ACTOR": "ann"}
    done = subprocess.run(
        [sys.executable, "-c", command, "--home", str(home.path), "check", str(picture), "--case", case_id, "--json"],
        env=environment,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    (home.path.parent / "check.log").write_bytes(done.stdout + done.stderr)
    assert b'"found": true' in done.stdout


def home_picture(export: ExportFacts) -> Path:
    return next(export.folder / name for name in sorted(export.media) if name.endswith(".jpg"))


def pieces(content: bytes) -> list[bytes]:
    """Pieces of a file that no other file is likely to hold: from its middle on, every 997 bytes."""
    return [content[at : at + PIECE] for at in range(len(content) // 2, len(content) - PIECE, 997)]


def digests(content: bytes) -> list[bytes]:
    raw = hashlib.sha256(content).digest()
    return [raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"=")]


def pictures(export: ExportFacts) -> list[bytes]:
    return [(export.folder / name).read_bytes() for name in export.media]


def texts(export: ExportFacts) -> list[bytes]:
    long = [text for text in export.texts.values() if len(text) > 12]
    spelled = [text.encode() for text in long] + [text.encode("unicode_escape") for text in long]
    return [*spelled, export.phone.encode(), export.handle.encode()]


def prints(lived: Lived) -> list[bytes]:
    """Every PDQ and pHash, as hex, raw and Base64; opened with the matching key."""
    found: list[bytes] = []
    for each in opened_prints(lived):
        for raw in (raw for eight in each.pdq_for_matching(min_quality=0) for raw in eight):
            found += [raw.hex().encode(), raw, base64.b64encode(raw)]
    return found


def opened_prints(lived: Lived) -> list[Prints]:
    with reading(lived.home.engine) as connection:
        matching = lived.home.keys.unlock(PASSPHRASE).matching
        return [each for _entry, each in sealed_prints(connection, matching)]


def files_of(*folders: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}


def leaks(canaries: list[bytes], where: dict[Path, bytes]) -> list[tuple[str, bytes]]:
    return [(file.name, canary) for file, body in where.items() for canary in canaries if canary in body]


def test_the_searches_find_what_is_there(lived: Lived) -> None:
    export = files_of(lived.export.folder)
    for content in pictures(lived.export):
        assert leaks(pieces(content)[:1] or [content[-PIECE:]], export)
    assert leaks([lived.export.phone.encode()], export)
    assert len(prints(lived)) > 0
    assert len(segments(lived)) > 0
    opened = {Path("prints"): b"".join(each.sealing_bytes() for each in opened_prints(lived))}
    assert leaks(prints(lived), opened)
    assert leaks(digests(pictures(lived.export)[0]), opened)


def test_nothing_planted_is_in_clear_in_home_keys_logs_or_temporary_files(lived: Lived) -> None:
    where = files_of(lived.home.path, lived.home.keys.path, lived.scratch) | {
        file: file.read_bytes() for file in [lived.home.path.parent / "check.log"]
    }
    assert sum(map(len, where.values())) > 100_000
    canaries = texts(lived.export) + prints(lived)
    for content in pictures(lived.export):
        canaries += pieces(content) + digests(content)
    assert leaks(canaries, where) == []


def test_no_picture_and_no_perceptual_hash_is_in_the_bundle(lived: Lived) -> None:
    bundle = {lived.bundle: lived.bundle.read_bytes()}
    canaries = prints(lived)
    for name, content in zip(lived.export.media, pictures(lived.export), strict=True):
        if name.endswith((".jpg", ".png")):
            canaries += pieces(content)
            canaries += [base64.b64encode(piece) for piece in pieces(content)]
    assert leaks(canaries, bundle) == []
    known = [digest.encode() for digest in lived.export.media.values()]
    assert len(leaks(known, bundle)) == len(known)  # the SHA-256 of originals stays


def test_temporary_folders_are_left_empty(lived: Lived) -> None:
    assert files_of(lived.scratch) == {}
