"""What a file says of itself is read behind the walls: times and devices, and never a place, a number or a name."""

from io import BytesIO

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evidence.content import PARTS
from evidence.errors import PrintsError
from evidence.fingerprint.claims import MAX_CLAIM, read_claims
from evidence.fingerprint.decoded import CLAIMS, read_decoded_claims
from evidence.fingerprint.decoder import Decoder
from tests.evidence.fingerprint.heics import Layout, heic
from tests.evidence.fingerprint.pictures import encoded, image
from tests.evidence.fingerprint.videos import film
from tests.nonempty import nonempty

PICTURE = image(width=64, height=48)
TAKEN = "2026:05:01 12:34:56"
SAID = {
    "taken": "2026-05-01 12:34:56 +02:00",
    "changed": "2026-05-02 08:00:00",
    "maker": "Example",
    "model": "Phone 7",
    "software": "17.4",
}
KINDS = ("JPEG", "PNG", "WEBP", "AVIF")


def exif(*, taken: object = TAKEN, offset: object = "+02:00", model: object = "Phone 7") -> bytes:
    """EXIF as a phone writes it, with all that is nobody's business."""
    made = Image.Exif()
    made.update({0x010F: "Example", 0x0110: model, 0x0131: "17.4", 0x0132: "2026:05:02 08:00:00"})
    made[0x8769] = {
        0x9003: taken,
        0x9004: taken,
        0x9011: offset,
        0xA431: "SERIAL-NUMBER",
        0xA430: "OWNER NAME",
        0x9286: b"COMMENT",
    }
    made[0x8825] = {1: "N", 2: (41.0, 59.0, 47.0), 3: "E", 4: (21.0, 25.0, 53.0)}
    made.update({0x013B: "ARTIST", 0x8298: "COPYRIGHT", 0x010E: "DESCRIPTION"})
    return made.tobytes()


def recorded(**said: str) -> bytes:
    """A video whose container says this of itself."""
    made = BytesIO()
    with av.open(made, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as target:
        target.metadata.update(said)
        stream = target.add_stream("mpeg4", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_image(PICTURE.resize((16, 16)))
        for packet in (*stream.encode(frame), *stream.encode(None)):
            target.mux(packet)
    return made.getvalue()


def test_a_picture_says_when_and_with_what_it_was_taken_and_nothing_else_is_read() -> None:
    with Decoder(workers=1) as decoder:
        for kind in nonempty(KINDS):
            data = encoded(PICTURE, kind, exif=exif())
            assert dict(decoder.claims(data)) == SAID, kind
            assert b"SERIAL-NUMBER" in data  # so that it could have been read
        assert dict(decoder.claims(heic(PICTURE, Layout(tile=32, exif=bytes(4) + exif()[6:])))) == SAID


def test_what_phones_write_in_a_video_is_read() -> None:
    data = recorded(
        creation_time="2026-05-01T10:34:56.000000Z",
        **{
            "com.apple.quicktime.creationdate": "2026-05-01T12:34:56+0200",
            "com.apple.quicktime.make": "Example",
            "com.apple.quicktime.model": "Phone 7",
            "com.apple.quicktime.software": "17.4",
            "com.apple.quicktime.location.ISO6709": "+41.9965+021.4314/",
        },
    )
    assert b"+41.9965" in data
    with Decoder(workers=1) as decoder:
        said = dict(decoder.claims(data))
    names = {name: SAID[name] for name in ("taken", "maker", "model", "software")}
    assert said == names | {"created_at": "2026-05-01T10:34:56.000Z"}


def test_what_says_nothing_has_no_claims() -> None:
    said_by = [encoded(PICTURE, "PNG"), encoded(PICTURE, "JPEG"), heic(PICTURE), b"%PDF-1.7", b"", b"\xff\xd8\xff"]
    assert [dict(read_claims(data)) for data in said_by] == [{}] * 6
    assert read_claims(film(1, seconds=1)).keys() == {"software"}  # FFmpeg names itself


@pytest.mark.parametrize(
    "taken",
    ["0000:00:00 00:00:00", "2026:13:01 00:00:00", "2026-05-01 12:34:56", "yesterday", 7],
)
def test_what_is_no_time_is_left_out_and_the_rest_is_told(taken: object) -> None:
    said = dict(read_claims(encoded(PICTURE, "JPEG", exif=exif(taken=taken))))
    assert said == {name: value for name, value in SAID.items() if name != "taken"}


@pytest.mark.parametrize("offset", ["", "2", "+2:00", "Europe/Skopje", "\0"])
def test_a_time_without_an_offset_is_told_as_the_device_wrote_it(offset: str) -> None:
    assert read_claims(encoded(PICTURE, "JPEG", exif=exif(offset=offset)))["taken"] == "2026-05-01 12:34:56"


@pytest.mark.parametrize("model", ["line\nbreak", "tab\there", "  ", "\0\0"])
def test_a_name_that_would_disturb_a_page_is_left_out(model: str) -> None:
    assert "model" not in read_claims(encoded(PICTURE, "JPEG", exif=exif(model=model)))


def test_a_name_that_runs_from_right_to_left_is_left_out() -> None:
    assert "maker" not in read_claims(recorded(**{"com.apple.quicktime.make": "\u202egpj.exe"}))
    assert "maker" in read_claims(recorded(**{"com.apple.quicktime.make": "gpj.exe"}))


def test_a_long_name_is_cut() -> None:
    assert read_claims(encoded(PICTURE, "JPEG", exif=exif(model="x" * 500)))["model"] == "x" * MAX_CLAIM


def test_a_time_without_its_zone_in_a_container_is_left_out() -> None:
    said = read_claims(recorded(**{"com.apple.quicktime.creationdate": "2026-05-01T12:34:56"}))
    assert said.keys() <= {"software"}


def test_a_picture_that_cannot_be_decoded_still_says_when_it_was_taken() -> None:
    cut = encoded(PICTURE, "JPEG", exif=exif())[:-200]
    with Decoder(workers=1) as decoder:
        seen = decoder.begin(cut, claims=True).result()
        assert (seen.reason, seen.claims.get("taken")) == ("truncated", SAID["taken"])
        assert decoder.begin(cut).result().claims == {}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "heic", "mp4"]), st.integers(0, 3000), st.binary(max_size=12))
def test_no_damage_breaks_the_reader(kind: str, at: int, other: bytes) -> None:
    whole = DAMAGED[kind]
    said = read_claims(whole[: at % len(whole)] + other + whole[at % len(whole) + len(other) :])
    assert read_decoded_claims({"claims": dict(said)}, sandbox="") == said


DAMAGED = {
    "JPEG": encoded(PICTURE, "JPEG", exif=exif()),
    "PNG": encoded(PICTURE, "PNG", exif=exif()),
    "heic": heic(PICTURE, Layout(exif=bytes(4) + exif()[6:])),
    "mp4": recorded(creation_time="2026-05-01T10:34:56.000000Z"),
}


@pytest.mark.parametrize(
    "reply",
    [
        [],
        {},
        {"claims": []},
        {"claims": {"place": "41.9965"}},
        {"claims": {"taken": "tomorrow"}},
        {"claims": {"taken": 1}},
        {"claims": {"model": ""}},
        {"claims": {"model": "x" * 65}},
        {"claims": {"model": "\u202e"}},
        {"claims": {"created_at": "2026-05-01 10:34:56"}},
        {"claims": {}, "more": 1},
    ],
)
def test_a_reply_that_no_honest_worker_gives_is_refused(reply: object) -> None:
    with pytest.raises(PrintsError):
        read_decoded_claims(reply, sandbox="")


def test_the_claims_are_the_fields_of_the_content_part() -> None:
    assert set(nonempty(CLAIMS)) == PARTS["file_says"].keys()
