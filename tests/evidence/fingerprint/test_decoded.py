"""What a worker replies is read with suspicion: honest values as they are said, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evidence.errors import PrintsError
from evidence.fingerprint.decoded import MAX_FRAMES, Decoded, DecodedCrops, DecodedVideo, read_decoded
from evidence.fingerprint.decoder import MAX_REPLY
from evidence.fingerprint.grid import GRID

HONEST: dict[str, Any] = {
    "width": 10,
    "height": 9,
    "media_type": "image/png",
    "first_frame_only": False,
    "pdq": ["0" * 64] * 8,
    "quality": 100,
    "phash": "0" * 16,
    "trimmed": [],
    "versions": {"pillow": "13.0.0"},
}


PLACE = ("left", "top", "width", "height")
PDQ = st.lists(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), min_size=8, max_size=8)
VERSIONS = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9._+-]{1,60}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9._+-]{1,60}", fullmatch=True),
    max_size=16,
)
TRIM: dict[str, Any] = {"left": 0, "top": 1, "width": 9, "height": 8, "pdq": ["1" * 64] * 8, "quality": 50}
TRIMS = st.lists(
    st.fixed_dictionaries(
        {**{name: st.integers(1, 65_535) for name in PLACE}, "pdq": PDQ, "quality": st.integers(0, 100)}
    ),
    max_size=2,
)
REPLIES = st.fixed_dictionaries(
    {
        "width": st.integers(1, 65_535),
        "height": st.integers(1, 65_535),
        "media_type": st.from_regex(r"image/[a-z0-9]{1,20}", fullmatch=True),
        "first_frame_only": st.booleans(),
        "pdq": PDQ | st.just([]),
        "quality": st.integers(0, 100),
        "phash": st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
        "trimmed": TRIMS,
        "versions": VERSIONS,
    }
)


@pytest.mark.repeats
@given(REPLIES)
def test_an_honest_reply_is_read_as_it_was_said(reply: dict[str, Any]) -> None:
    read = Decoded.of_reply(json.loads(json.dumps(reply)), sandbox="walls")
    said = {name: getattr(read, name) for name in reply if name != "trimmed"}
    said["trimmed"] = [{name: getattr(each, name) for name in TRIM} for each in read.trimmed]
    trims = [each | {"pdq": tuple(each["pdq"])} for each in reply["trimmed"]]
    assert said == reply | {"pdq": tuple(reply["pdq"]), "trimmed": trims}
    assert read.sandbox == "walls"


def test_the_longest_honest_reply_fits_its_frame() -> None:
    versions = {f"{n:060}": "1" * 60 for n in range(16)}
    longest = HONEST | {"width": 65_535, "height": 65_535, "media_type": f"image/{'x' * 20}", "versions": versions}
    longest["trimmed"] = [TRIM | dict.fromkeys(PLACE, 65_535) | {"quality": 100}] * 2
    assert Decoded.of_reply(longest, sandbox="s").versions == versions
    assert len(json.dumps(longest)) < MAX_REPLY


def test_what_was_read_cannot_be_changed_afterwards() -> None:
    versions = dict(HONEST["versions"])
    read = Decoded.of_reply(HONEST | {"versions": versions}, sandbox="s")
    versions["pillow"] = "0"
    assert read.versions["pillow"] == HONEST["versions"]["pillow"]
    with pytest.raises(TypeError):
        read.versions["pillow"] = "0"  # type: ignore[index]
    with pytest.raises(PrintsError):
        read.quality = 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 0),
        ("width", 65_536),
        ("width", True),
        ("width", 9.5),
        ("height", "9"),
        ("media_type", "text/html"),
        ("media_type", "image/png\n"),
        ("media_type", None),
        ("first_frame_only", 0),
        ("pdq", ["0" * 64] * 7),
        ("pdq", ["0" * 64] * 9),
        ("pdq", ["0" * 63] * 8),
        ("pdq", ["G" * 64] * 8),
        ("pdq", [["0" * 64]] * 8),
        ("pdq", "0" * 64),
        ("quality", 101),
        ("quality", -1),
        ("phash", "0" * 17),
        ("phash", "0" * 16 + "\n"),
        ("trimmed", None),
        ("trimmed", [None]),
        ("trimmed", [TRIM] * 3),
        ("trimmed", [TRIM | {"more": 1}]),
        ("trimmed", [TRIM | {"pdq": []}]),
        ("trimmed", [TRIM | {"left": -1}]),
        ("trimmed", [TRIM | {"width": 0}]),
        ("versions", []),
        ("versions", {"pillow": 13}),
        ("versions", {"pillow": "<script>"}),
        ("versions", {"pillow": "1" * 61}),
        ("versions", {f"v{n}": "1" for n in range(17)}),
    ],
)
def test_a_reply_with_one_odd_field_is_refused(name: str, value: object) -> None:
    assert Decoded.of_reply(HONEST, sandbox="s")
    with pytest.raises(PrintsError):
        Decoded.of_reply(HONEST | {name: value}, sandbox="s")


def test_the_crops_of_a_reply_are_exactly_as_many_as_the_grid_has() -> None:
    honest = "0f" * 32 * 2 * len(GRID)
    assert DecodedCrops.of_reply({"crops": honest}, sandbox="s").hashes == (b"\x0f" * 32,) * 2 * len(GRID)
    for odd in ({"crops": honest[:-2]}, {"crops": honest + "00"}, {"crops": 1}, {"crops": honest, "more": 1}, {}, None):
        with pytest.raises(PrintsError):
            DecodedCrops.of_reply(odd, sandbox="s")


@pytest.mark.parametrize("reply", [None, [], "x", {}, HONEST | {"more": 1}, dict(list(HONEST.items())[1:])])
def test_a_reply_of_another_shape_is_refused(reply: object) -> None:
    with pytest.raises(PrintsError):
        Decoded.of_reply(reply, sandbox="s")


@given(st.sampled_from(sorted(HONEST)), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_a_value_of_another_json_type_is_refused_by_our_own_error(name: str, value: object) -> None:
    assume(type(value) is not type(HONEST[name]) or value == "" or value != value)  # noqa: PLR0124 - not a number
    with pytest.raises(PrintsError):
        Decoded.of_reply(HONEST | {name: value}, sandbox="s")


FRAME = {"at_ms": 40, "pdq": ["0f" * 32] * 8, "quality": 90}
FILM: dict[str, Any] = {"width": 320, "height": 240, "media_type": "video/mp4", "key_frames": [FRAME], "versions": {}}


def test_an_honest_reply_about_a_video_is_read_and_fits() -> None:
    longest = FILM | {"key_frames": [FRAME] * MAX_FRAMES, "versions": {"a" * 60: "b" * 60}}
    read = read_decoded(json.loads(json.dumps(longest)), sandbox="walls")
    assert isinstance(read, DecodedVideo)
    assert [(frame.at_ms, frame.quality, len(frame.pdq)) for frame in read.key_frames] == [(40, 90, 8)] * MAX_FRAMES
    assert len(json.dumps(longest)) < MAX_REPLY
    assert read.sandbox == "walls"


@pytest.mark.parametrize(
    "reply",
    [
        FILM | {"more": 1},
        FILM | {"key_frames": [FRAME] * (MAX_FRAMES + 1)},
        FILM | {"key_frames": "x"},
        FILM | {"key_frames": ["x"]},
        FILM | {"key_frames": [FRAME | {"at_ms": -1}]},
        FILM | {"key_frames": [FRAME | {"at_ms": True}]},
        FILM | {"key_frames": [FRAME | {"pdq": []}]},
        FILM | {"key_frames": [FRAME | {"more": 1}]},
        FILM | {"media_type": "image/png"},
        FILM | {"width": 0},
        {"key_frames": []},
    ],
)
def test_a_dishonest_reply_about_a_video_is_refused(reply: dict[str, Any]) -> None:
    with pytest.raises(PrintsError):
        read_decoded(reply, sandbox="s")
