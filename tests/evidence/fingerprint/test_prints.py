"""Fingerprints leave memory through one door; whoever tries another gets nothing."""

import ast
import copy
import dataclasses
import io
import json
import logging
import marshal
import pickle  # noqa: TID251 - proves that prints refuse it
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from evidence.canonical import jcs
from evidence.errors import CanonicalError, PrintsError
from evidence.fingerprint.decoded import Decoded, DecodedVideo
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.prints import Prints

ROOT = Path(__file__).parents[3]
SHA256, MD5, PHASH = "5a" * 32, "3d" * 16, "c3" * 8
HASHES = [f"{n}e" * 32 for n in range(8)]
SECRETS = (SHA256, MD5, PHASH, *HASHES)
REPLY: dict[str, Any] = {
    "width": 1280,
    "height": 960,
    "media_type": "image/jpeg",
    "first_frame_only": False,
    "pdq": HASHES,
    "quality": 100,
    "phash": PHASH,
    "trimmed": [],
    "versions": {"pillow": "13.0.0"},
}


def decoded(**changes: object) -> Decoded:
    return Decoded(REPLY | changes, sandbox="rlimits")


def prints(**changes: object) -> Prints:
    return Prints.of_file(sha256=SHA256, md5=MD5, picture=decoded(**changes))


SPEAKERS: dict[str, Callable[[], object]] = {"Prints": prints, "Decoded": decoded}


def require_silent(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text
        assert str(int(secret, 16)) not in text


# --- nothing leaks ---


@dataclasses.dataclass
class Around:
    inner: object


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    inner: Prints


@pytest.mark.parametrize("make", SPEAKERS.values(), ids=SPEAKERS)
def test_no_way_of_printing_shows_anything(make: Callable[[], object]) -> None:
    value = make()
    shown = [repr(value), str(value), f"{value}", f"{value!r:>90}", f"{value:x}", "%s %r" % (value, value)]  # noqa: UP031 - logging formats like this
    shown += ["{}".format(value), f"{[value]} {(value,)} { ({'a': value}) }", ascii(value), f"{Around(value)}"]  # noqa: UP032 - the method is a door of its own
    require_silent(" ".join(shown))


@pytest.mark.parametrize("make", SPEAKERS.values(), ids=SPEAKERS)
def test_a_log_shows_nothing(make: Callable[[], object]) -> None:
    stream = io.StringIO()
    logger = logging.getLogger("leak")
    logger.addHandler(logging.StreamHandler(stream))
    value = make()
    logger.propagate = False
    logger.error("found %s %r", value, [value], extra={"value": value})
    logger.error(value)
    logger.error("with an error", exc_info=ValueError(value))
    assert "not shown" in stream.getvalue()
    require_silent(stream.getvalue())


@pytest.mark.parametrize("make", SPEAKERS.values(), ids=SPEAKERS)
def test_a_traceback_with_its_locals_shows_nothing(make: Callable[[], object]) -> None:
    def fail(value: object) -> None:
        raise RuntimeError(f"{value}")

    with pytest.raises(RuntimeError) as caught:
        fail(make())
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    require_silent("".join(report.format()))


WRITERS: dict[str, Callable[[Any], object]] = {
    "json": json.dumps,
    "json of a list": lambda value: json.dumps([value]),
    "jcs": jcs,
    "rfc8785": rfc8785.dumps,
    "pickle": pickle.dumps,
    "pickle 0": lambda value: pickle.dumps(value, protocol=0),
    "pickle inside": lambda value: pickle.dumps({"a": [value]}),
    "marshal": marshal.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy inside": lambda value: copy.deepcopy({"a": [value]}),
    "asdict": dataclasses.asdict,
    "asdict of a holder": lambda value: dataclasses.asdict(Around(value)),
    "astuple of a holder": lambda value: dataclasses.astuple(Around(value)),
    "replace": dataclasses.replace,
    "vars": vars,
    "bytes": bytes,
    "int": int,
    "iteration": list,
    "mapping": dict,
    "getstate": lambda value: value.__getstate__(),
    "reduce": lambda value: value.__reduce_ex__(2),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("make", SPEAKERS.values(), ids=SPEAKERS)
def test_every_way_of_writing_raises(make: Callable[[], object], write: Callable[[Any], object]) -> None:
    with pytest.raises((PrintsError, CanonicalError, TypeError, ValueError, rfc8785.CanonicalizationError)) as caught:
        write(make())
    require_silent(f"{caught.value} {caught.value!r}")


def test_the_control_another_value_would_be_written() -> None:
    assert SHA256 in json.dumps(dataclasses.asdict(Around(SHA256)))
    assert SHA256.encode() in pickle.dumps(Around(SHA256))


def test_a_pydantic_model_that_holds_prints_cannot_be_written_either() -> None:
    model = Model(inner=prints())
    require_silent(f"{model!r} {model}")
    with pytest.raises(ValueError, match="serialize"):
        model.model_dump_json()


@pytest.mark.parametrize("make", SPEAKERS.values(), ids=SPEAKERS)
def test_prints_cannot_be_changed(make: Callable[[], object]) -> None:
    value = make()
    for name in ("sha256", "pdq", "_fields", "new"):
        with pytest.raises(PrintsError):
            setattr(value, name, "x")
        with pytest.raises(PrintsError):
            delattr(value, name)


ALLOWED_CALLERS = {
    "sealing_bytes": {"evidence/intake/preserve.py"},
    "part_bytes": {"casefiles/hash_list.py"},
    "as_asked": {"evidence/match/question.py"},
    "pdq_for_matching": {"evidence/match/check.py", "evidence/match/pictures.py"},
}


@cache
def users_of() -> Mapping[str, set[str]]:
    """The modules that use each name as an attribute."""
    users = defaultdict[str, set[str]](set)
    for package in ("api", "casefiles", "config", "evidence", "monitor"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    users[node.attr].add(file.relative_to(ROOT).as_posix())
    return users


@pytest.mark.parametrize("name", ALLOWED_CALLERS)
def test_the_two_doors_have_the_known_users_only(name: str) -> None:
    users = users_of()[name]
    assert users <= ALLOWED_CALLERS[name]
    assert "evidence/match/check.py" in users or name != "pdq_for_matching"


# --- the sealed form ---


def test_the_sealed_form_of_a_picture_is_this() -> None:
    fields = json.loads(prints().sealing_bytes())
    assert fields == {
        "format": "nisisama/prints/1",
        "sha256": SHA256,
        "md5": MD5,
        "media_type": "image/jpeg",
        "width": "1280",
        "height": "960",
        "frame": "only",
        "pdq": {
            "quality": "100",
            "upright": HASHES[0],
            "rotate_90": HASHES[1],
            "rotate_180": HASHES[2],
            "rotate_270": HASHES[3],
            "upside_down": HASHES[4],
            "mirrored": HASHES[5],
            "transposed": HASHES[6],
            "transversed": HASHES[7],
        },
        "phash": PHASH,
        "decoder": {"route": "full-rgb", "pillow": "13.0.0"},
        "trimmed": [],
        "key_frames": [],
    }


RENDERING = {"pdq": {"quality": "100", **dict.fromkeys(Orientation, HASHES[0])}}
PLACE = {"left": "0", "top": "12", "width": "1280", "height": "700"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trimmed", [RENDERING | PLACE]),
        ("trimmed", [RENDERING | PLACE, RENDERING | PLACE | {"left": "7"}]),
        ("key_frames", [RENDERING | {"at_ms": "0"}, RENDERING | {"at_ms": "2040"}]),
    ],
)
def test_further_renderings_of_a_file_are_read(name: str, value: object) -> None:
    assert Prints.parse(changed(name, value)).sealing_bytes() == changed(name, value)


def test_a_file_that_is_no_picture_has_its_digests_only() -> None:
    sealed = Prints.of_file(sha256=SHA256, md5=MD5, picture=None).sealing_bytes()
    assert json.loads(sealed).keys() == {"format", "sha256", "md5", "key_frames"}


def test_an_animation_and_a_tiny_picture_say_so() -> None:
    assert json.loads(prints(first_frame_only=True).sealing_bytes())["frame"] == "first"
    assert json.loads(prints(pdq=[], quality=0).sealing_bytes())["pdq"] is None


@pytest.mark.parametrize(
    "original", [prints(), prints(pdq=[], quality=0), Prints.of_file(sha256=SHA256, md5=MD5, picture=None)]
)
def test_what_was_sealed_is_read_back(original: Prints) -> None:
    again = Prints.parse(original.sealing_bytes())
    assert again.sealing_bytes() == original.sealing_bytes()
    assert again.sha256 == SHA256
    assert again.pdq_for_matching(min_quality=50) == original.pdq_for_matching(min_quality=50)


def test_the_hashes_for_matching_are_upright_first_and_of_quality() -> None:
    eight = tuple(bytes.fromhex(value) for value in HASHES)
    assert prints().pdq_for_matching(min_quality=50) == (eight,)
    assert prints(quality=50).pdq_for_matching(min_quality=50) == (eight,)
    assert prints(quality=49).pdq_for_matching(min_quality=50) == ()
    trim = {"left": 1, "top": 2, "width": 3, "height": 4, "pdq": HASHES[::-1], "quality": 50}
    plain = trim | {"quality": 49}
    assert prints(trimmed=[trim, plain]).pdq_for_matching(min_quality=50) == (eight, eight[::-1])
    assert prints(quality=49, trimmed=[trim]).pdq_for_matching(min_quality=50) == (eight[::-1],)
    assert Prints.of_file(sha256=SHA256, md5=MD5, picture=None).pdq_for_matching(min_quality=0) == ()


@pytest.mark.parametrize(
    ("sha256", "md5"), [("5a" * 31, MD5), (SHA256.upper(), MD5), (SHA256, ""), (SHA256, "3D" * 16)]
)
def test_malformed_digests_are_refused(sha256: str, md5: str) -> None:
    with pytest.raises(PrintsError):
        Prints.of_file(sha256=sha256, md5=md5, picture=None)


def changed(name: str, value: object) -> bytes:
    return jcs(json.loads(prints().sealing_bytes()) | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "nisisama/prints/2"),
        ("sha256", "00"),
        ("width", "0"),
        ("width", "01"),
        ("width", None),
        ("frame", "second"),
        ("pdq", {}),
        ("pdq", "00"),
        ("pdq", {"quality": "101", **dict.fromkeys(Orientation, HASHES[0])}),
        ("pdq", {"quality": "100", **dict.fromkeys(Orientation, "00")}),
        ("pdq", {"quality": "100", "more": "x", **dict.fromkeys(Orientation, HASHES[0])}),
        ("phash", ""),
        ("decoder", {}),
        ("decoder", {"route": "draft"}),
        ("decoder", {"route": "full-rgb", "pillow": None}),
        ("variants", {}),
        ("trimmed", None),
        ("trimmed", {}),
        ("trimmed", [RENDERING]),
        ("trimmed", [RENDERING | PLACE] * 3),
        ("trimmed", [RENDERING | PLACE | {"left": "-1"}]),
        ("trimmed", [RENDERING | PLACE | {"more": "x"}]),
        ("trimmed", [PLACE | {"pdq": None}]),
        ("key_frames", {}),
        ("key_frames", ["x"]),
        ("key_frames", [RENDERING]),
        ("key_frames", [RENDERING | {"at_ms": "01"}]),
        ("more", "x"),
    ],
)
def test_a_sealed_form_with_one_odd_field_is_refused(name: str, value: object) -> None:
    with pytest.raises(PrintsError) as caught:
        Prints.parse(changed(name, value))
    require_silent(f"{caught.value}")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        prints().sealing_bytes() + b"\n",
        b" " + prints().sealing_bytes(),
        prints().sealing_bytes().replace(b'"1280"', b"1280"),
        prints().sealing_bytes() + b" " * (1 << 20),
    ],
)
def test_what_is_not_the_sealed_form_is_refused(data: bytes) -> None:
    with pytest.raises(PrintsError):
        Prints.parse(data)


def test_a_refusal_does_not_carry_the_content_along() -> None:
    data = prints().sealing_bytes()[:-1]
    with pytest.raises(PrintsError) as caught:
        Prints.parse(data)
    # chained errors end in logs: a JSON error would carry the whole document
    report = traceback.TracebackException.from_exception(caught.value)
    require_silent("".join(report.format()))
    assert caught.value.__suppress_context__


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(PrintsError):
        Prints.parse(data)


VIDEO = {
    "width": 320,
    "height": 240,
    "media_type": "video/mp4",
    "key_frames": [
        {"at_ms": at, "pdq": [f"{at + number:064x}" for number in range(8)], "quality": 90} for at in (0, 40)
    ],
    "versions": {"av": "18.1.0"},
}


def test_the_prints_of_a_video_are_those_of_its_key_frames() -> None:
    made = Prints.of_file(sha256="ab" * 32, md5="cd" * 16, picture=DecodedVideo(VIDEO, sandbox=""))
    again = Prints.parse(made.sealing_bytes())
    for prints in (made, again):
        found = prints.pdq_for_matching(min_quality=50)
        assert [int.from_bytes(eight[0]) for eight in found] == [0, 40]
        assert prints.pdq_for_matching(min_quality=91) == ()
    said = json.loads(made.sealing_bytes())
    assert [frame["at_ms"] for frame in said["key_frames"]] == ["0", "40"]
    assert (said["media_type"], said["decoder"]["av"]) == ("video/mp4", "18.1.0")


@pytest.mark.parametrize("name", ["media_type", "width", "key_frames", "decoder"])
def test_a_changed_field_of_a_videos_prints_is_refused(name: str) -> None:
    said = json.loads(
        Prints.of_file(sha256="ab" * 32, md5="cd" * 16, picture=DecodedVideo(VIDEO, sandbox="")).sealing_bytes()
    )
    with pytest.raises(PrintsError):
        Prints(said | {name: "image/png"})
    with pytest.raises(PrintsError):
        Prints({key: value for key, value in said.items() if key != name})
