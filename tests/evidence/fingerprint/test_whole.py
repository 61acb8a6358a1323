"""A picture that was cut off anywhere is refused: the decoder alone would sometimes not notice."""

from io import BytesIO

import pytest
from PIL import Image

from evidence.errors import NotDecodedError
from evidence.fingerprint.picture import read_picture
from evidence.fingerprint.whole import require_end, sniff_media_type
from tests.evidence.fingerprint.heics import Layout, heic
from tests.evidence.fingerprint.pictures import encoded, image

SMALL = image(width=40, height=30)
FILES = {
    "jpeg": encoded(SMALL, "JPEG"),
    "jpeg progressive": encoded(SMALL, "JPEG", progressive=True),
    "png": encoded(SMALL, "PNG"),
    "gif": encoded(SMALL, "GIF"),
    "gif animated": encoded(SMALL, "GIF", save_all=True, append_images=[image(width=40, height=30, seed=2)]),
    "webp": encoded(SMALL, "WEBP"),
    "webp lossless": encoded(SMALL, "WEBP", lossless=True),
    "avif": encoded(SMALL, "AVIF"),
    "heic": heic(SMALL),
    "heic grid": heic(SMALL, Layout(tile=64)),
    "bmp": encoded(SMALL, "BMP"),
    "tiff": encoded(SMALL, "TIFF"),
    "tiff lzw": encoded(SMALL, "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_decoded(name: str) -> None:
    assert read_picture(FILES[name]).width == 40


@pytest.mark.parametrize("name", FILES)
def test_a_cut_at_any_byte_is_refused(name: str) -> None:
    data = FILES[name]
    words = set()
    for length in range(len(data)):
        with pytest.raises(NotDecodedError) as caught:
            read_picture(data[:length])
        words.add(caught.value.reason)
    assert words <= {"truncated", "not_a_picture", "damaged"}
    assert "truncated" in words or name == "tiff lzw"


@pytest.mark.parametrize("name", [name for name in FILES if name not in {"avif", "heic", "heic grid"}])
def test_what_follows_the_end_changes_nothing(name: str) -> None:
    alone, followed = read_picture(FILES[name]), read_picture(FILES[name] + b"PK\3\4 and more")
    assert followed.pdq == alone.pdq
    assert followed.phash == alone.phash


@pytest.mark.parametrize("name", ["gif animated", "png", "gif"])
def test_the_control_the_decoder_alone_takes_some_cut_files(name: str) -> None:
    data = FILES[name]
    accepted = [length for length in range(len(data)) if _decodes(data[:length])]
    assert accepted
    for length in accepted:
        with pytest.raises(NotDecodedError):
            require_end(f"image/{name[:3]}", data[:length])


def _decodes(data: bytes) -> bool:
    try:
        with Image.open(BytesIO(data)) as opened:
            opened.load()
    except (OSError, SyntaxError):
        return False
    return True


def test_a_cut_jpeg_that_was_given_a_new_end_is_the_picture_that_viewers_show() -> None:
    data = encoded(image(width=320, height=240), "JPEG")
    cut = data[: len(data) // 2] + b"\xff\xd9"
    with Image.open(BytesIO(cut)) as opened:
        shown = read_picture(encoded(opened.convert("RGB"), "PNG"))
    assert read_picture(cut).pdq == shown.pdq


def test_an_end_marker_inside_of_a_thumbnail_is_not_the_end() -> None:
    thumbnail = b"Exif\0\0" + FILES["jpeg"]
    data = encoded(SMALL, "JPEG", exif=thumbnail)
    with pytest.raises(NotDecodedError, match="ends before"):
        require_end("image/jpeg", data[: data.rindex(b"\xff\xd9")])
    require_end("image/jpeg", data)


def test_a_jpeg_marker_may_be_padded_and_scans_may_be_interrupted_by_restarts() -> None:
    data = FILES["jpeg"]
    require_end("image/jpeg", data[:-2] + b"\xff\xd0\xff\xff\xff\xd9")
    with pytest.raises(NotDecodedError):
        require_end("image/jpeg", data[:-2] + b"\xff\xd0\xff\xff")


BRAND = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"


@pytest.mark.parametrize("size", [b"\0\0\0\0", b"\0\0\0\3", b"\0\0\0\x30"])
def test_a_box_of_any_size_that_fits_is_walked_to_the_end(size: bytes) -> None:
    data = BRAND + size + b"mdat" + b"\0\0\0\x08" * 10
    assert sniff_media_type(data) == "image/avif"
    require_end("image/avif", data)


@pytest.mark.parametrize("size", [b"\0\0\0\x31", b"\0\0\0\1", b"\xff\xff\xff\xff"])
def test_a_box_that_reaches_beyond_the_file_is_cut_off(size: bytes) -> None:
    data = BRAND + size + b"mdat" + b"\xff\xff\xff\xff" * 10
    with pytest.raises(NotDecodedError) as caught:
        require_end("image/avif", data)
    assert caught.value.reason == "truncated"
