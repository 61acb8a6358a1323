"""Damaged and hostile exports, each built here and named by its defect, with what must become of it.

What a ZIP archive can be is in ``test_archive.py``; every place of a message in every shape in ``test_any_shape.py``.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.observation import HoleReason

LONG = 10_000_000
JPEG = b"\xff\xd8\xff\xe0" + bytes(300)


@dataclass(frozen=True, slots=True)
class Defect:
    """An export with one defect.

    Attributes:
        write: Writes it into a folder that is there.
        error: The code of the error that refuses it; None where it is read.
        hole: The hole that says what is wrong; None where nothing is lost.
        says: A text that what is read must have.
        messages: How many of its messages are read.
    """

    write: Callable[[Path], object]
    error: str | None = None
    hole: HoleReason | None = None
    says: str = ""
    messages: int = 2


def message(number: object = 2, **members: object) -> dict[str, Any]:
    """A good message."""
    dated = {"date": "2024-01-01T01:00:00", "date_unixtime": "1704067200"}
    return {"id": number, "type": "message", **dated, "from": "K", "from_id": "user1", "text": "x"} | members


def export(*messages: object, **members: object) -> bytes:
    """An export of these messages behind a good one."""
    told = {"name": "Hedge", "type": "public_channel", "id": 42, "messages": [message(1), *messages]}
    return json.dumps(told | members).encode()


def of(*messages: object, **members: object) -> Callable[[Path], object]:
    """Write an export of these messages."""
    return lambda folder: (folder / "result.json").write_bytes(export(*messages, **members))


def raw(data: bytes) -> Callable[[Path], object]:
    """Write these bytes as the export."""
    return lambda folder: (folder / "result.json").write_bytes(data)


def naming(name: str, content: bytes | None = None, **members: object) -> Callable[[Path], object]:
    """Write an export whose message names a file, and the file."""

    def write(folder: Path) -> None:
        of(message(file=name, **members))(folder)
        if content is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)

    return write


def linking(target: str) -> Callable[[Path], object]:
    """Write an export whose file is a link."""

    def write(folder: Path) -> None:
        naming("files/a.bin", b"")(folder)
        (folder / "files/a.bin").unlink()
        (folder / "files/a.bin").symlink_to(target)

    return write


def pipe(folder: Path) -> None:
    naming("files/a.bin", b"")(folder)
    (folder / "files/a.bin").unlink()
    os.mkfifo(folder / "files/a.bin")


def page(inner: str, *, end: str = "\n </body>\n\n</html>\n", number: int = 1) -> Callable[[Path], object]:
    """Write a page with this in a message."""
    start = (
        '<!DOCTYPE html>\n<html>\n <body>\n  <div class="page_header"><div class="text bold">\nHedge\n</div></div>\n'
    )
    date = '<div class="pull_right date details" title="01.01.2024 01:00:00 UTC+01:00">\n01:00\n</div>'
    head = f'<div class="message default clearfix" id="message{number}"><div class="body">'
    whole = f'{start}{head}{date}<div class="from_name">\nK \n</div>{inner}</div></div>{end}'
    return lambda folder: (folder / "messages.html").write_bytes(whole.encode("utf-8", "surrogatepass"))


def text(inner: str) -> str:
    """A block of words of a page."""
    return f'<div class="text">\n{inner}\n</div>'


_ANOTHER = '<div class="message default clearfix" id="message2"></div>'
_NESTED = b'{"name":"H","type":"public_channel","id":42,"messages":[{"id":1,"type":"message","x":'
_BROKEN = "broken_export.not_a_message"
_OUT = HoleReason.OUTSIDE

CORPUS: Mapping[str, Defect] = {
    # the file
    "nothing": Defect(raw(b""), "not_an_export.empty"),
    "zeros, as of a stick that was pulled out": Defect(raw(bytes(5000)), "not_an_export.refused"),
    "another program's": Defect(raw(b'{"id": 1, "messages": []}'), "not_an_export.of_program"),
    "not UTF-8": Defect(raw(export(message()).replace(b'"x"', b'"\xff"', 1)), "broken_export.unreadable"),
    "two exports one behind the other": Defect(raw(export() * 2), "broken_export.not_json"),
    "nesting without end": Defect(raw(_NESTED + b"[" * 100_000), "export_too_large.nested_too_deep"),
    "nesting in brackets that close": Defect(
        raw(_NESTED + b"[" * 3000 + b"]" * 3000 + b"}]}"), "export_too_large.nested_too_deep"
    ),
    "cut off in a message": Defect(raw(export(message(), message(3))[:-40]), hole=HoleReason.CUT_OFF),
    "cut off in the first message": Defect(raw(export()[:-40]), "cut_off_export.here"),
    "messages twice": Defect(raw(export(message())[:-1] + b', "messages": []}'), "broken_export.chat_member_doubled"),
    "a key twice in a message": Defect(
        raw(export(message()).replace(b'"text": "x"', b'"text": "x", "text": "other"')),
        hole=HoleReason.UNREAD,
    ),
    # numbers
    "one number twice": Defect(of(message(1, text="other")), says="other"),
    "a number beyond 64 bits": Defect(of(message(2**63)), "broken_export.not_a_message"),
    "a number as words": Defect(of(message("two")), _BROKEN),
    "a number with a fraction": Defect(of(message(1.5)), _BROKEN),
    "no number": Defect(of(message(None)), _BROKEN),
    "a message that is a list": Defect(of([1, 2]), _BROKEN),
    "a negative number, of the group before": Defect(of(message(-999_999_999))),
    "a chat's number as words": Defect(of(message(), id="42"), "broken_export.not_a_chat"),
    "the highest number there is, a gap": Defect(of(message(2**63 - 1)), hole=HoleReason.GAP),
    # dates
    "a date before 1970": Defect(of(message(date_unixtime="-86400")), hole=HoleReason.BAD_DATE),
    "a date after the year 9999": Defect(of(message(date_unixtime="999999999999")), hole=HoleReason.BAD_DATE),
    "a date that is no number": Defect(of(message(date_unixtime="NaN")), hole=HoleReason.BAD_DATE),
    "a date of 2150": Defect(of(message(date_unixtime="5680281600", date="2150-01-01T01:00:00")), says="2150-01-01"),
    "a day that no calendar has": Defect(
        of(message(date="2024-02-30T01:00:00", date_unixtime=None)), hole=HoleReason.BAD_DATE
    ),
    "two dates of one message that differ": Defect(
        of(message(date="2019-01-01T01:00:00")), hole=HoleReason.DATES_DIFFER
    ),
    # words
    "a message of 17 MB": Defect(of(message(x=["y" * LONG, "z" * 7_000_000])), "export_too_large.message"),
    "a text of 10 MB": Defect(of(message(text="y" * LONG))),
    "letters that turn the line": Defect(of(message(text="\u202egpj.exe\u2066")), says="\u202egpj.exe\u2066"),
    "controls": Defect(of(message(text="a\0\x1b[31m\x07")), says="a\0\x1b[31m\x07"),
    "half a character": Defect(of(message(text="a\ud800b")), says="b64"),
    "a formula": Defect(of(message(text="=HYPERLINK(1)")), says="=HYPERLINK(1)"),
    "a script": Defect(of(message(text="<script>alert(1)</script>")), says="<script>alert(1)</script>"),
    "a title of 10 MB": Defect(of(name="y" * LONG), "broken_export.chat_without_name_or_type"),
    # files
    "a name that leads up": Defect(naming("../../etc/passwd"), hole=_OUT),
    "a name from the root": Defect(naming("/etc/passwd"), hole=_OUT),
    "a name of a drive": Defect(naming("C:\\Users\\x.jpg"), hole=_OUT),
    "a name of a share": Defect(naming("\\\\server\\x.jpg"), hole=_OUT),
    "a name of a device": Defect(naming("files/CON"), hole=HoleReason.MISSING_FILE),
    "a name with NUL": Defect(naming("files/a\0.jpg"), hole=_OUT),
    "a name of 300 bytes": Defect(
        lambda folder: (naming("files/" + "é" * 150)(folder), (folder / "files").mkdir()), hole=HoleReason.REFUSED
    ),
    "a name of a folder": Defect(naming("files"), hole=HoleReason.MISSING_FILE),
    "the export as a file of its own": Defect(naming("result.json"), hole=_OUT),
    "a list of contacts as a file": Defect(naming("lists/contacts.HTML", b"PRIVATE"), hole=_OUT),
    "a link to the export": Defect(linking("../result.json"), hole=_OUT),
    "a page that somebody sent": Defect(naming("files/page.html", b"x")),
    "a link out": Defect(linking("/etc/passwd"), hole=_OUT),
    "a link to itself": Defect(linking("a.bin"), hole=_OUT),
    "a pipe": Defect(pipe, hole=_OUT),
    "a file shorter than declared": Defect(
        naming("files/a.bin", b"abc", file_size=999), hole=HoleReason.OTHER_SIZE, says="3 bytes of 999"
    ),
    "a photo shorter than declared": Defect(
        lambda folder: (
            of(message(photo="photos/a.jpg", photo_file_size=999))(folder),
            (folder / "photos").mkdir(),
            (folder / "photos/a.jpg").write_bytes(JPEG),
        ),
        hole=HoleReason.OTHER_SIZE,
        says="304 bytes of 999",
    ),
    "a file that nobody names": Defect(
        lambda folder: (
            of(message())(folder),
            (folder / "photos").mkdir(),
            (folder / "photos/a.jpg").write_bytes(JPEG),
        ),
        hole=HoleReason.UNNAMED,
    ),
    # pages
    "a script in a text of a page": Defect(page(text("a<script>alert(1)</script>")), says="alert(1)", messages=1),
    "an entity that is none": Defect(page(text("&bogus; &#xFFFFFFFF;")), says="bogus", messages=1),
    "a picture in a page": Defect(page('<img src="data:image/png;base64,AAAA">'), hole=HoleReason.UNKNOWN, messages=1),
    "a text of 10 MB in a page": Defect(page(text("y" * LONG)), "export_too_large.message_of_page"),
    "bold in bold in a page, 400 deep": Defect(
        page(text("<strong>" * 400 + "a" + "</strong>" * 400)), "export_too_large.message_of_page"
    ),
    "half a character in a page": Defect(page(text("a\ud800b")), hole=HoleReason.UNKNOWN, messages=1),
    "a number beyond 64 bits in a page": Defect(page(text("a"), number=2**63), "broken_export.message_damaged"),
    "the highest number there is in a page": Defect(page(text("a"), number=2**63 - 1), says="'text': 'a'", messages=1),
    "a page that was cut off": Defect(page(text("a"), end=_ANOTHER[:40]), hole=HoleReason.CUT_OFF, messages=1),
    "a message in a message": Defect(page(_ANOTHER), "broken_export.message_in_message"),
    "a tag in a tag, so that nobody can tell where the message ends": Defect(
        page(text('<span title="<div>"></span>'), end='<div class="other"></div></div>\n</body>\n\n</html>\n'),
        "broken_export.message_damaged",
    ),
    "a page that nests without end": Defect(page("<div>" * 9000), "broken_export.message_in_message"),
    "a page that names itself as the next": Defect(
        page('<a class="pagination block_link" href="messages.html">Next messages</a>'),
        hole=HoleReason.UNKNOWN,
        messages=1,
    ),
    "a page that names a file outside": Defect(
        page('<div class="media_wrap clearfix"><a class="photo_wrap" href="../../etc/passwd"></a></div>'),
        hole=_OUT,
        messages=1,
    ),
}
"""By the name of the defect."""
