import hashlib
import re
from contextlib import nullcontext
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import ManifestError
from casefiles.format import layout
from casefiles.format.manifest import (
    Manifest,
    make_manifest,
    parse_manifest,
    render_manifest,
    require_complete,
    require_digests,
)
from tests.nonempty import nonempty

FORMAT = Path(__file__).parents[3] / "docs" / "format.md"
NAMES = ("README.txt", "data/case.json", "data/log/entries.jsonl", "data/log/stamps.jsonl")
some = st.dictionaries(st.sampled_from(NAMES), st.binary(min_size=32, max_size=32), min_size=1)


def parse(data: bytes) -> Manifest:
    return parse_manifest(data, signature=layout.SEAL_SIGNATURE)


@given(some)
def test_a_manifest_is_read_as_it_was_written(digests: dict[str, bytes]) -> None:
    manifest = Manifest(layout.SEAL_SIGNATURE, digests)
    assert parse(render_manifest(manifest)) == manifest


def test_the_page_on_formats_shows_a_manifest_as_it_is_written() -> None:
    page = FORMAT.read_text(encoding="utf-8")
    shown = page.partition("```xml\n")[2].partition("```")[0]
    filled = shown.replace('"NAME"', '"README.txt"').replace('"TYPE"', '"text/plain"').replace("BASE64", "A" * 43 + "=")
    assert filled.encode() == render_manifest(Manifest(layout.SEAL_SIGNATURE, {"README.txt": bytes(32)}))


def test_the_page_on_formats_gives_every_media_type() -> None:
    rows = re.findall(r"^\| `([a-z]+/[a-z.+0-9-]+)` \| (.+) \|$", FORMAT.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: media_type for media_type, names in rows for name in re.findall("`(.+?)`", names)}
    for member in layout.MEMBERS:
        if member.writer is not layout.MadeBy.CONTAINER:
            name = member.name.replace("\\.", ".")
            assert {each for shown, each in told.items() if fnmatchcase(name, shown)} == {member.media_type}, name


def test_every_single_byte_flip_of_a_manifest_is_refused_or_says_another_thing() -> None:
    manifest = Manifest(layout.SEAL_SIGNATURE, {name: hashlib.sha256(name.encode()).digest() for name in NAMES})
    data = render_manifest(manifest)
    for at in nonempty(range(len(data))):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            assert parse(flipped) != manifest
        except (ManifestError, layout.ContainerError):
            continue


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<?xml", b"\xef\xbb\xbf<?xml"),
        (b"?>\n", b"?>\n<!DOCTYPE x [<!ENTITY a 'b'>]>\n"),
        (b"</asic:ASiCManifest>", b"<!-- x --></asic:ASiCManifest>"),
        (b'URI="README.txt"', b'URI="&#82;EADME.txt"'),
        (b"xmlenc#sha256", b"xmlenc#sha512"),
        (b"\n", b"\r\n"),
        (b"</asic:ASiCManifest>\n", b"</asic:ASiCManifest>"),
        (b"META-INF/signature001.p7s", b"META-INF/timestamp002.tst"),
        (b"text/plain", b"image/jpeg"),
    ],
)
def test_another_spelling_of_a_manifest_is_refused(old: bytes, new: bytes) -> None:
    data = render_manifest(Manifest(layout.SEAL_SIGNATURE, {name: bytes(32) for name in NAMES}))
    assert old in data
    with pytest.raises(ManifestError):
        parse(data.replace(old, new))


@given(st.permutations(NAMES))
def test_members_in_any_order_but_that_of_their_names_are_refused(names: list[str]) -> None:
    lines = render_manifest(Manifest(layout.SEAL_SIGNATURE, dict.fromkeys(NAMES, bytes(32)))).splitlines(keepends=True)
    references = {name: next(line for line in lines if f'"{name}"'.encode() in line) for name in NAMES}
    data = b"".join((*lines[:3], *(references[name] for name in names), lines[-1]))
    with nullcontext() if names == sorted(names) else pytest.raises(ManifestError):
        parse(data)


def test_a_member_named_twice_is_refused() -> None:
    data = render_manifest(Manifest(layout.SEAL_SIGNATURE, {"README.txt": bytes(32)}))
    head, line, tail = data.rpartition(b"<asic:DataObjectReference")
    line += tail.split(b"\n")[0]
    with pytest.raises(ManifestError):
        parse(head + line + b"\n" + line + b"\n</asic:ASiCManifest>\n")


def test_a_digest_with_stray_bits_before_its_padding_is_refused() -> None:
    data = render_manifest(Manifest(layout.SEAL_SIGNATURE, {"README.txt": bytes(32)}))
    with pytest.raises(ManifestError):
        parse(data.replace(b"A=<", b"B=<"))


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n", b"<x/>", b"a\nb\nc\n", b"\xff"])
def test_something_that_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError):
        parse(data)


def test_completeness_and_digests_are_two_findings() -> None:
    members = {"README.txt": b"one", "data/case.json": b"two"}
    manifest = make_manifest(signature=layout.SEAL_SIGNATURE, members=members.items())
    require_complete(manifest, members)
    digests = {name: hashlib.sha256(content).digest() for name, content in members.items()}
    require_digests(manifest, digests)
    require_digests(manifest, {"README.txt": digests["README.txt"]})
    for names in (["README.txt"], [*members, "VERIFY.txt"]):
        with pytest.raises(ManifestError):
            require_complete(manifest, names)
    with pytest.raises(ManifestError, match="changed"):
        require_digests(manifest, {**digests, "README.txt": hashlib.sha256(b"other").digest()})
