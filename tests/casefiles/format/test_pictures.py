import base64
import contextlib
import hashlib
import io
import json
import textwrap
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from casefiles.errors import GateError
from casefiles.format import layout
from casefiles.format import pictures as searching
from casefiles.format.entries import EarlierStamp, ShownEntry, encode_entries, encode_stamps
from casefiles.format.pictures import require_no_picture_in_entries
from evidence.canonical import b64u, jcs
from evidence.pictures import FORMATS
from tests.casefiles.forge import good_members
from tests.disclosing import disclose
from tests.nonempty import nonempty
from tests.searching import search_member

TEXT = "README.txt"
TOKEN = layout.CHECKPOINT_TOKEN


def pictures() -> Iterator[tuple[str, bytes]]:
    """A generated picture in each format that a writer is here for, and the openings of some video formats."""
    picture = Image.linear_gradient("L").convert("RGB").resize((40, 30))
    for kind, options in (
        ("JPEG", {}),
        ("JPEG", {"exif": Image.Exif()}),
        ("JPEG", {"quality": 20, "progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("BMP", {}),
    ):
        if kind == "WEBP" and not features.check("webp"):
            continue
        out = io.BytesIO()
        picture.save(out, kind, **options)
        yield kind, out.getvalue()
    yield "bare JPEG", bytes.fromhex("ffd8ffdb0043") + b"\0" + bytes(range(1, 65)) + b"\xff\xc0" + bytes(100)
    yield "MP4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(100)
    yield "HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    yield "WebM", bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d") + bytes(100)


PICTURES = list(pictures())


def shown(*lines: str, leaf: bytes = b"{}") -> bytes:
    """A line of the log's entries."""
    return encode_entries([ShownEntry(0, leaf, lines, ())])


@pytest.mark.parametrize(("kind", "picture"), PICTURES)
def test_a_picture_in_a_text_member_is_refused(kind: str, picture: bytes) -> None:
    with pytest.raises(GateError):
        search_member(TEXT, picture)


@pytest.mark.parametrize(("kind", "picture"), [(kind, data) for kind, data in PICTURES if kind != "BMP"])
def test_a_picture_anywhere_in_a_binary_member_is_refused(kind: str, picture: bytes) -> None:
    search_member(TOKEN, b"\x30" * 100)
    with pytest.raises(GateError, match="picture"):
        search_member(TOKEN, b"\x30" * 101 + picture + b"\x30" * 50)


@pytest.mark.parametrize(("kind", "picture"), [(kind, data) for kind, data in PICTURES if kind != "BMP"])
@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("alignment", range(3))
def test_a_picture_in_base64_is_refused(kind: str, picture: bytes, alphabet: object, alignment: int) -> None:
    encode = base64.b64encode if alphabet is base64.b64encode else base64.urlsafe_b64encode
    encoded = encode(b"\x17" * alignment + picture)
    for text in (
        encoded,
        b"see: " + encoded,
        b"\n".join(textwrap.wrap(encoded.decode(), 76)[n].encode() for n in (0, 1)),
    ):
        with pytest.raises(GateError, match="base64"):
            search_member(TEXT, text)


def test_a_picture_in_a_disclosed_value_is_refused() -> None:
    for value in ("data:image/png;base64," + base64.b64encode(PICTURES[3][1]).decode(), {"b64": "/9j/4AAQSkZJRgABAQ"}):
        with pytest.raises(GateError, match="base64"):
            search_member(layout.ENTRIES, shown(disclose(bytes(32), "text", value)))


@pytest.mark.parametrize(
    "name", ["pdq", "phash", "dHash", "pdq_hash", "perceptual_hash", "thumb", "thumbnail", "stripped_thumb", "photodna"]
)
def test_a_field_that_could_hold_a_print_or_a_thumbnail_is_refused(name: str) -> None:
    inner = json.dumps({"values": {"media": [{name: "0" * 64}]}}).encode()
    for member, content in (
        (layout.CASE, inner),
        (layout.ITEMS_JSONL, b"{}\n" + inner + b"\n"),
        (layout.ENTRIES, shown(leaf=inner)),
        (layout.ENTRIES, shown(disclose(bytes(32), "media", {name: "x"}))),
        (layout.ENTRIES, inner),
        (layout.STAMPS, inner),
        (layout.ITEMS_CSV, f'"index";"{name}"\r\n"1";"2"\r\n'.encode()),
    ):
        with pytest.raises(GateError, match="print"):
            search_member(member, content)


def test_the_names_of_columns_stand_at_the_beginning_of_a_long_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_AT_ONCE", 1)
    rows = b'"1";"pdq"\r\n' * 20_000  # what people write below may be the name of a print
    pieces = [b'"index";"text"\r\n', *(rows[at : at + 50_000] for at in range(0, len(rows), 50_000))]
    searching.require_no_picture(layout.ITEMS_CSV, pieces)
    with pytest.raises(GateError, match="print"):
        searching.require_no_picture(layout.ITEMS_CSV, [b'"index";"pdq"\r\n', *pieces])


def test_a_word_in_a_text_is_no_field() -> None:
    search_member(TEXT, b"No pdq, no phash and no thumbnail is in this file.")
    search_member(layout.CASE, b'{"prints":"sealed","reason":"the thumbnail was shown"}')


@pytest.mark.parametrize(
    "member", [TEXT, layout.ITEMS_CSV, layout.ITEMS_JSONL, layout.EVENTS_JSONL, "data/report.en.txt"]
)
@pytest.mark.parametrize("words", ["look GIF89a here", "RIFF1234WEBPVP8X", "ftypisom", "P6 40 40 255 x", "BM"])
def test_words_that_a_picture_could_begin_with_are_words(member: str, words: str) -> None:
    search_member(member, json.dumps({"text": words}).encode())
    search_member(layout.ENTRIES, shown(disclose(bytes(32), "text", words)))


def test_words_that_look_like_a_field_are_no_field() -> None:
    words = 'say "thumbnail": 5'
    search_member("data/report.en.txt", words.encode())
    for member in (layout.ITEMS_JSONL, layout.CASE):
        search_member(member, json.dumps({"text": words}).encode())
    search_member(layout.ENTRIES, shown(leaf=json.dumps({"text": words}).encode()))
    search_member(layout.ENTRIES, shown(disclose(bytes(32), "text", words)))


def test_the_length_that_stands_for_a_picture_may_leave_and_nothing_else_under_its_name() -> None:
    search_member(layout.ITEMS_JSONL, b'{"text":[{"stripped":"812"}]}\n')
    for other in (b'"x"', b"812", b'"812","x":"y"', b'""', b'["812"]'):
        with pytest.raises(GateError, match="print"):
            search_member(layout.ITEMS_JSONL, b'{"text":[{"stripped":' + other + b"}]}\n")


def test_a_line_that_is_no_disclosure_is_searched_as_it_is() -> None:
    jpeg = base64.b64encode(PICTURES[0][1])
    for line in (b"!" + jpeg, b"x " + jpeg, jpeg, jpeg.rstrip(b"=")):
        with pytest.raises(GateError):
            search_member(layout.ENTRIES, shown(line.decode()))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_words_may_leave_as_a_disclosure(text: str) -> None:
    search_member(layout.ENTRIES, shown(disclose(bytes(32), "text", text)))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
encoded = st.sampled_from(PICTURES).map(lambda each: base64.b64encode(each[1][:200]).decode())
values = texts | encoded | st.dictionaries(st.sampled_from(["words", "thumb"]), texts, max_size=1)
disclosed = values.map(lambda value: disclose(bytes(32), "text", value))
given_lines = st.lists(disclosed | values.map(str) | st.just("text " + "A" * 43), max_size=4).map(tuple)


def refusal(lines: bytes, entries: list[ShownEntry] | None = None) -> GateError | None:
    try:
        if entries is None:
            search_member(layout.ENTRIES, lines)
        else:
            require_no_picture_in_entries(entries)
    except GateError as error:
        return error
    return None


@given(st.lists(st.builds(ShownEntry, st.integers(0, 9), texts.map(str.encode), given_lines, st.just(())), max_size=3))
@settings(max_examples=60)
def test_entries_that_were_read_are_searched_as_their_lines_are(entries: list[ShownEntry]) -> None:
    lines = encode_entries(entries)
    one, other = refusal(lines, entries), refusal(lines)
    assert (one and one.code) == (other and other.code)


def test_entries_are_searched_in_parts_and_what_is_found_stands_where_it_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg = base64.b64encode(PICTURES[0][1][:200]).decode()
    shown = [disclose(bytes(32), "text", text) for text in ("one", "two", jpeg, "four")]
    entries = [ShownEntry(number, b'{"a":"b"}', (line,), ()) for number, line in enumerate(shown)]
    whole = refusal(b"", entries)
    monkeypatch.setattr(searching, "_AT_ONCE", 1)
    assert str(refusal(b"", entries)) == str(whole) != "None"
    assert refusal(b"", [*entries[:2], *entries[3:]]) is None  # the control


def test_text_that_is_not_text_is_refused() -> None:
    for content in (b"\xff\xfe", b"a\0b", b"\x1b[2J"):
        with pytest.raises(GateError, match="text"):
            search_member(TEXT, content)


@given(st.binary(max_size=400).filter(lambda data: not any(form.opening in data for form in FORMATS)))
def test_random_bytes_in_base64_are_no_picture(data: bytes) -> None:
    # digests, signatures and salts look like this
    search_member(TEXT, base64.b64encode(data))
    search_member(TEXT, base64.urlsafe_b64encode(data))


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0", b"\xff\xd8\xff\x00JFIFJFIF", b"RIFF", b"ftyp", b"BM"]
)
def test_the_first_bytes_of_a_format_alone_are_no_picture(data: bytes) -> None:
    search_member(TOKEN, b"\x30" * 40 + data + b"\x30" * 40)
    search_member(TOKEN, b"\x30" * 40 + data)
    search_member(TEXT, base64.b64encode(data))


def test_many_random_digests_are_no_picture() -> None:
    stream = b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(60_000))
    search_member(TEXT, base64.b64encode(stream))
    search_member(TOKEN, stream)


@pytest.mark.parametrize(("kind", "picture"), PICTURES)
def test_no_member_of_a_bundle_can_carry_a_picture_out(kind: str, picture: bytes) -> None:
    for name in nonempty(good_members()):
        if name == layout.MIMETYPE:
            continue
        with pytest.raises(GateError):
            search_member(name, picture)


def test_a_commitment_is_what_chance_made_and_the_name_before_it_is_read() -> None:
    chance = base64.urlsafe_b64encode(b"GIF89a\x01\x00\x01\x00" + bytes(22)).decode().rstrip("=")
    search_member(layout.ENTRIES, shown(f"text {chance}"))
    with pytest.raises(GateError):
        search_member(layout.ENTRIES, shown(f"text  {chance}"))


def test_a_salt_is_what_chance_made_and_the_name_and_value_behind_it_are_read() -> None:
    chance = base64.urlsafe_b64encode(b"GIF89a\x01\x00\x01\x00" + bytes(22)).decode().rstrip("=")
    search_member(layout.ENTRIES, shown(b64u(jcs([chance, "text", "x"]))))
    for other in (
        [chance, chance, "x"],
        [chance, "text", chance],
        [f"{chance}A", "text", "x"],
        [[chance], "text", "x"],
    ):
        with pytest.raises(GateError):
            search_member(layout.ENTRIES, shown(b64u(jcs(other))))


def test_a_hash_of_a_path_is_what_chance_made_and_anything_else_in_its_place_is_read() -> None:
    chance = base64.b64encode(b"GIF89a\x01\x00\x01\x00" + bytes(22)).decode()
    for path, refused in (([chance], False), ([f"{chance[:-1]}A"], True), ([[chance[:-1]]], True), (chance[:-1], True)):
        line = jcs({"disclosures": [], "index": "0", "leaf": "{}", "path": path})
        with pytest.raises(GateError) if refused else contextlib.nullcontext():
            search_member(layout.ENTRIES, line + b"\n")


@pytest.mark.parametrize(("kind", "picture"), [(kind, data) for kind, data in PICTURES if kind != "BMP"])
def test_a_picture_in_a_token_is_refused_as_in_a_token_of_its_own(kind: str, picture: bytes) -> None:
    def lines(token: bytes) -> bytes:
        return encode_stamps([EarlierStamp(token, b"ngo.example/5f3a9c01\n5\n", (bytes(32),))])

    search_member(layout.STAMPS, lines(b"\x30" * 100))
    with pytest.raises(GateError, match="picture"):
        search_member(layout.STAMPS, lines(b"\x30" * 101 + picture + b"\x30" * 50))


def test_a_line_of_the_log_that_is_of_another_form_is_searched_as_it_is() -> None:
    jpeg = base64.b64encode(PICTURES[0][1])
    for member in (layout.ENTRIES, layout.STAMPS):
        for line in (jpeg, b'{"disclosures":"' + jpeg + b'"}', b'{"token":"' + jpeg + b'"}'):
            with pytest.raises(GateError):
                search_member(member, line + b"\n")
