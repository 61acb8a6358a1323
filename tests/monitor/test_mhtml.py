"""A page that a browser saved as one file is read like its HTML; what is damaged is named, and nothing is repaired."""

import base64
import quopri

import pytest

from monitor.errors import BrokenExportError
from monitor.mhtml import MOST_DEPTH, MOST_PARTS, is_mhtml, page_in
from tests.saved_pages import mhtml, post, saved_page

PAGE = saved_page(post(12, "зборови = words"))


def part(body: bytes, kind: str = "text/html", encoding: str = "binary") -> bytes:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body + b"\r\n"


def mail(*parts: bytes, end: bytes = b"--b--\r\n", kind: str = 'multipart/related; boundary="b"') -> bytes:
    return f"Content-Type: {kind}\r\n\r\n".encode() + b"".join(b"--b\r\n" + each for each in parts) + end


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", ""])
def test_the_page_of_one_file_is_the_page(encoding: str, charset: str) -> None:
    data = mhtml(PAGE, encoding=encoding, charset=charset)
    assert is_mhtml(data)
    assert (page_in(data) or b"").decode().strip() == PAGE


def test_other_files_are_none() -> None:
    assert not is_mhtml(PAGE.encode())
    assert not is_mhtml(b"Content-Type: text/plain\r\n\r\nmultipart/related")
    assert not is_mhtml(b"x" * 100_000)
    assert page_in(mail(part(b"x", "image/png"))) is None


def test_the_page_is_the_part_that_the_file_names_or_the_first() -> None:
    other = b"Content-Type: text/html\r\nContent-ID: <two>\r\n\r\ntwo\r\n"
    assert page_in(mail(part(b"one"), other)) == b"one\r\n"
    named = mail(part(b"one"), other, kind='multipart/related; boundary="b"; start="<two>"')
    assert page_in(named) == b"two\r\n"


def nested(depth: int) -> bytes:
    data = part(b"deep")
    for level in range(depth):
        kind = f'multipart/related; boundary="b{level}"'
        data = f"Content-Type: {kind}\r\n\r\n--b{level}\r\n".encode() + data + f"--b{level}--\r\n".encode()
    return data


WRONG = {
    "deeper than browsers write": nested(MOST_DEPTH + 1),
    "a thousand deep": nested(1000),
    "no boundary": b"Content-Type: multipart/related\r\n\r\nx",
    "cut off in the page": mail(part(b"one"), end=b""),
    "cut off before the page that it names": mail(
        part(b"one"), part(b"two"), end=b"", kind='multipart/related; boundary="b"; start="<two>"'
    ),
    "more parts than browsers write": mail(*[b"\r\n"] * (MOST_PARTS + 2)),
    "header without an end": mail(b"Content-Type: text/html"),
    "base64 that is none": mail(part(b"@@@@", encoding="base64")),
    "base64 cut off": mail(part(base64.b64encode(b"twelve bytes")[:-3], encoding="base64")),
    "quoted-printable that is none": mail(part(b"a =XZ b", encoding="quoted-printable")),
    "an unknown encoding": mail(part(b"one", encoding="x-uuencode")),
    "an unknown charset": mail(part(b"one", "text/html; charset=klingon")),
    "another charset than it says": mail(part(b"\xff\xfe", "text/html; charset=utf-8")),
    "a codec that is no charset": mail(part(b"one", "text/html; charset=hex")),
    "a charset that makes HTML of text": mail(part(b"\\u003cp>", "text/html; charset=unicode_escape")),
    "a charset that takes the square of a length": mail(part(b"one-a", "text/html; charset=punycode")),
    "a NUL in the name of a charset's charset": mail(part(b"one", "text/html; charset*=a\0'en'x%41")),
    "a parameter whose number is too long": mail(part(b"one"), kind=f"multipart/related; boundary*{'9' * 5000}*=b"),
    "a content type that takes seconds to read": mail(part(b"one", 'text/html; x="' + ";" * 20_000)),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_damaged_is_named(name: str) -> None:
    with pytest.raises(BrokenExportError):
        page_in(WRONG[name])


def test_what_is_cut_off_behind_the_page_takes_nothing_of_it() -> None:
    whole = mhtml(PAGE)
    assert page_in(whole[:-40]) == page_in(whole)


def test_as_deep_as_mail_programs_write_is_read() -> None:
    assert page_in(nested(MOST_DEPTH)) == b"deep\r\n"  # the control of what is too deep
    assert page_in(mail(part(quopri.encodestring(b"a = b"), encoding="quoted-printable"))) == b"a = b\r\n"
