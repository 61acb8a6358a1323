"""One message, or the title of a channel, can never keep a case from being imported and exported."""

import base64
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from evidence.observation import Mode
from monitor.errors import BrokenExportError
from monitor.rehearsal.export import rehearsal_jpeg
from tests.homes import export_of, new_case, new_home, records_of, take_in
from tests.searching import search_member

pytestmark = pytest.mark.repeats

JPEG = (
    bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(range(1, 65)) + b"\xff\xc0" + bytes(99)
)
GIF = b"GIF89a\x20\0\x20\0\xf0\0\0" + bytes(6) + b"!\xf9\x04" + bytes(40)


def wrapped(raw: bytes, width: int) -> str:
    text = base64.b64encode(raw).decode()
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


TEXTS = (
    "look GIF89a here",
    "RIFF1234WEBP, RIFF1234AVI LIST, ftypisom, BM and P6 40 40 255",
    'say "thumbnail": 5',
    '{"pdq_hash": "0", "stripped": "x"}',
    "a\u000bb",
    "a\0b",
    "\u001b]0;x\u0007\u202e\u2028\u0085\u007f",
    "GIF89a \ud800 here",
    GIF.decode("latin-1") + "\ud800",
    base64.b64encode(GIF).decode(),
    wrapped(JPEG, 28),
    wrapped(b"x" + JPEG, 28),
    wrapped(b"xy" + JPEG, 76),
    "\nA" + base64.b64encode(b"x" + JPEG).decode()[2:],
    "=1+1\r\n,index,pdq",
    "",
)


def written(folder: Path, messages: list[dict[str, Any]], **members: object) -> Path:
    folder.mkdir()
    export = {"name": "Chan", "type": "public_supergroup", "id": 42, "messages": messages} | members
    (folder / "result.json").write_text(json.dumps(export))
    return folder


def message(number: int, text: str = "x", **members: object) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date": "2024-01-01T00:00:00",
        "date_unixtime": "1704067200",
        "from": text,
        "from_id": "user1",
        "text": text,
        "text_entities": [],
    } | members


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    new_home(folder / "home")[0].engine.dispose()
    return folder


@pytest.fixture
def home(empty: Path, tmp_path: Path) -> Iterator[Home]:
    for name in ("home", "home.keys"):
        shutil.copytree(empty / name, tmp_path / name, copy_function=shutil.copy2)
    home = Home.open(tmp_path / "home")
    yield home
    home.engine.dispose()


def exported(home: Home) -> Path:
    """The bundle of a case with every item."""
    out = home.path.parent / "case.asice"
    export_of(home, new_case(home), out)
    with zipfile.ZipFile(out) as container:
        for name in container.namelist():
            if name != "mimetype":
                search_member(name, container.read(name))
    return out


@pytest.mark.every(4)
@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_case_with_a_hostile_message_is_exported(home: Home, tmp_path: Path, number: int) -> None:
    messages = [message(1), message(2, TEXTS[number], forwarded_from=TEXTS[number], action=TEXTS[number])]
    counts = take_in(home, written(tmp_path / "export", messages)).counts
    assert counts.messages == len(messages)
    assert exported(home).stat().st_size > 0


@pytest.mark.every(4)
@pytest.mark.parametrize("title", ["a\u001b[31m\n", *TEXTS[:8]])
def test_a_case_of_a_channel_with_a_hostile_title_is_exported(home: Home, tmp_path: Path, title: str) -> None:
    take_in(home, written(tmp_path / "export", [message(1)], name=title))
    assert exported(home).stat().st_size > 0


@pytest.mark.every(4)
@pytest.mark.parametrize("declared", ["image/\ud800", "x" * 70_000, "GIF89a/\0", base64.b64encode(GIF).decode()])
@pytest.mark.parametrize("mode", [Mode.SEALED, Mode.HASH_ONLY])
def test_a_case_with_a_file_of_a_hostile_type_is_exported(
    home: Home, tmp_path: Path, declared: str, mode: Mode
) -> None:
    folder = written(tmp_path / "export", [message(1, file="files/a.bin", mime_type=declared)])
    (folder / "files").mkdir()
    (folder / "files/a.bin").write_bytes(b"content")
    assert take_in(home, folder, mode).counts.media == 1
    assert exported(home).stat().st_size > 0


def test_an_identifier_beyond_64_bits_is_refused_by_its_place(home: Home, tmp_path: Path) -> None:
    folder = written(tmp_path / "export", [message(1), message(9_999_999_999_999_999_999)])
    with pytest.raises(BrokenExportError, match="line 1 column"):
        take_in(home, folder)


@pytest.mark.parametrize(
    ("name", "content", "decoded"),
    [
        ("photos/a.jpg", b"words, and no picture", False),
        ("photos/a.jpg", GIF, False),
        ("photos/a.jpg", rehearsal_jpeg(1), True),
        ("files/a.txt", rehearsal_jpeg(1), True),
    ],
)
def test_a_file_is_kept_as_it_is_whatever_its_ending_says(
    home: Home, tmp_path: Path, name: str, content: bytes, *, decoded: bool
) -> None:
    folder = written(tmp_path / "export", [message(1, photo=name)])
    (folder / name).parent.mkdir()
    (folder / name).write_bytes(content)
    take_in(home, folder)
    values = [record.values for record in records_of(home)]
    (kept,) = [each for each in values if each.get("kind") == "file"]
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    assert [each["hole"] for each in values if "hole" in each] == ([] if decoded else ["not_decoded"])
    assert exported(home).stat().st_size > 0


def test_a_file_that_was_replaced_by_another_is_kept_beside_the_first(home: Home, tmp_path: Path) -> None:
    folder = written(tmp_path / "export", [message(1, photo="photos/a.jpg", photo_file_size=len(GIF))])
    (folder / "photos").mkdir()
    for content in (GIF, rehearsal_jpeg(2)):
        (folder / "photos/a.jpg").write_bytes(content)
        take_in(home, folder)
    values = [record.values for record in records_of(home)]
    kept = [each["sha256"] for each in values if each.get("kind") == "file"]
    assert kept == [hashlib.sha256(content).hexdigest() for content in (GIF, rehearsal_jpeg(2))]
    assert "other_size" in [each["hole"] for each in values if "hole" in each]
